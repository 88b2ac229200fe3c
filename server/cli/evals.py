"""`storehand eval`: measures agents against a demo shop."""

from pathlib import Path
from typing import Annotated

import typer

from server.cli.session import DataDir, read_settings

app = typer.Typer(help="Run evaluation suites and see what got better or worse.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Group the suites."""


@app.command("smoke")
def smoke(
    data_dir: DataDir = None,
    log_dir: Annotated[str, typer.Option(help="Where the log goes; open it with 'inspect view --log-dir'.")] = "logs",
    scenario: Annotated[list[str] | None, typer.Option(help="Only these scenarios.")] = None,
) -> None:
    """Run a dozen scenarios of the demo shop, graded on the end state of the database. Exit code 1 when one fails.

    Example: storehand eval smoke --log-dir logs
    """
    try:
        from evals.smoke import run_smoke
    except ModuleNotFoundError as error:
        raise typer.BadParameter(f"evaluations need the package {error.name}; install the development group: uv sync") from error
    raise typer.Exit(run_smoke(read_settings(data_dir), log_dir, scenario or []))


@app.command("storm")
def storm(
    data_dir: DataDir = None,
    calls: Annotated[int, typer.Option(min=1, help="How many tool calls.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Same seed, same storm, as far as concurrency lets it.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Call random tools as random people on a copy of the demo shop, then audit the whole database. Exit code 1 when anything broke.

    Example: storehand eval storm --calls 10000
    """
    from evals.storm_report import run_storm

    raise typer.Exit(run_storm(read_settings(data_dir), calls, seed, as_json=as_json))


@app.command("routing")
def routing(
    data_dir: DataDir = None,
    family: Annotated[list[str] | None, typer.Option(help="Only these: followups, pronouns, switches, corrections, ...")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Hold some 150 conversations in the demo shop and see who takes each turn. Exit code 1 below 95 % right.

    Every third conversation is held back from tuning and counted apart.

    Example: storehand eval routing --family corrections
    """
    from evals.conversations import run_routing

    raise typer.Exit(run_routing(read_settings(data_dir), family or [], as_json=as_json))


@app.command("conversations")
def conversations(
    data_dir: DataDir = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only these: cancel, return_two, exchange, refund, ...")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Hold 300 scripted conversations in the demo shop and check the end state of each. Exit code 1 below 95 % right.

    Example: storehand eval conversations --kind return_two
    """
    from evals.talk_report import run_conversations

    raise typer.Exit(run_conversations(read_settings(data_dir), kind or [], as_json=as_json))


@app.command("answers")
def answers(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check 200 answers, half of them with a planted error. Exit code 1 below 99 % caught or above 1 % false alarms.

    Every third pair is held back from tuning and counted apart.

    Example: storehand eval answers --json
    """
    from evals.answer_check import run_answers

    raise typer.Exit(run_answers(as_json=as_json))


@app.command("retrieval")
def retrieval(
    documents: Annotated[Path, typer.Option(help="JSON lines: id, title, content (Markdown).")],
    queries: Annotated[Path, typer.Option(help="JSON lines: id, query, required_documents.")],
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure how well passages are found: NDCG@10 and Recall@100 by words, by meaning, and by both.

    Example: storehand eval retrieval --documents documents.jsonl --queries queries.jsonl --json
    """
    from evals.retrieval import run

    raise typer.Exit(run(read_settings(data_dir), documents, queries, as_json=as_json))


@app.command("tau-replay")
def tau_replay(
    data: Annotated[Path, typer.Option(envvar="TAU_RETAIL_DATA", help="The folder of the domain's data, with db.json.")],
    gold: Annotated[list[Path], typer.Option(help="Recordings to replay; a bare name is looked for in the data folder.")],
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Where the servers keep their data; else a temporary folder.")] = None,
    tools_version: Annotated[int | None, typer.Option(min=1, max=2, help="Which published tools recorded it; seen from the rows.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many rows.")] = None,
    adversarial: Annotated[
        bool, typer.Option("--adversarial", help="Each write by the wrong customer, unconfirmed, twice at once, and cut off.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, or a list of them for several files.")] = False,
) -> None:
    """Replay the public retail domain on the shop's own tools. Exit code 1 when an end state or an observation differs.

    Example: storehand eval tau-replay --data ../shared/data/tau_retail --gold gold_v2_train.jsonl
    """
    from evals.tau_replay import Wanted, run

    files = [path if path.is_file() else data / path for path in gold]
    wanted = Wanted(data=data, gold=files, version=tools_version, limit=limit, adversarial=adversarial)
    raise typer.Exit(run(read_settings(data_dir), wanted, as_json=as_json, temporary=data_dir is None))


@app.command("tau-dialogue")
def tau_dialogue(
    data: Annotated[Path, typer.Option(envvar="TAU_RETAIL_DATA", help="The folder of the domain's data, with db.json.")],
    gold: Annotated[list[Path], typer.Option(help="Recordings to talk through; a bare name is looked for in the data folder.")],
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Where the servers keep their data; else a temporary folder.")] = None,
    model: Annotated[str, typer.Option(help="Who talks for the shop: offline, or openai:<name>.")] = "offline",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many rows.")] = None,
    row: Annotated[list[str] | None, typer.Option(help="Only these rows, by id, or by split and id such as dev/3.")] = None,
    held_back: Annotated[bool | None, typer.Option("--held-back/--seen", help="Only the rows nobody tunes on, or only the others.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, or a list of them for several files.")] = False,
) -> None:
    """Let a model serve scripted customers of the public retail domain. Exit code 1 when fewer than 70 % end as recorded.

    Doing nothing at all is right now and then: that share is printed as the floor.

    Example: storehand eval tau-dialogue --data ../shared/data/tau_retail --gold gold_v1_train_dev.jsonl --model offline
    """
    from evals.tau_dialogue import Wanted, run

    files = [path if path.is_file() else data / path for path in gold]
    wanted = Wanted(data=data, gold=files, model=model, limit=limit, only=row or (), held_back=held_back)
    raise typer.Exit(run(read_settings(data_dir), wanted, as_json=as_json, temporary=data_dir is None))
