"""`storehand eval`: measures agents against a demo shop."""

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
