"""`storehand route`: who takes a message, what that was learned from, and how often it is right."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from core.errors import InvalidInput
from server.cli.output import out, progress
from server.cli.session import As, DataDir, read_settings, who_is, with_runtime

app = typer.Typer(
    help="Teach routing with a store's own messages, ask why a message goes where it goes, and measure.", no_args_is_help=True
)
Routes = Annotated[Path, typer.Option(help="CSV with columns intent, route, and shop in a file for several shops.")]
Shop = Annotated[str | None, typer.Option(help="Which shop of the routes; else seen from the intents.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command()
def train(
    messages: Annotated[Path | None, typer.Option(help="CSV with columns sentence, label; else what is stored already.")] = None,
    routes: Annotated[Path | None, typer.Option(help="CSV with columns intent, route (and shop); else the stored table.")] = None,
    shop: Shop = None,
    as_: As = "merchant",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Store a shop's labelled messages and train its router on all of them; workers use it within 20 seconds.

    Example: storehand route train --messages our_messages.csv --routes our_routes.csv
    """

    async def work(runtime: Any) -> list[dict[str, Any]]:
        from agents.routing.labelled import read_messages, read_routes
        from agents.routing.stored import train_store
        from store.queries import routing

        who = await who_is(runtime, as_)
        labelled = read_messages(messages) if messages else []
        table = read_routes(routes, [intent for _, intent in labelled], shop) if routes else {}
        async with runtime.units.write(who) as tx:
            await routing.set_routes(tx, table)
            known = {row.intent for row in await routing.intents(tx)}
            if missing := sorted({intent for _, intent in labelled} - known):
                raise InvalidInput(f"say where these belong, with --routes: {', '.join(missing[:5])}", field="routes")
            stored = await routing.add_messages(tx, labelled)
        if stored:
            progress(f"{stored:,} messages stored")
        return [
            {"audience": done.audience, "version": done.version, "messages": done.messages, "seconds": round(done.seconds, 2)}
            for done in await train_store(runtime.units, runtime.mind.router, who)
        ]

    done = with_runtime(read_settings(data_dir), work)
    if as_json:
        print(json.dumps(done))  # noqa: T201
        return
    for each in done:
        out().print(f"router for {each['audience']}, version {each['version']}: {each['messages']:,} messages in {each['seconds']} s")


@app.command()
def intents(
    set_: Annotated[list[str] | None, typer.Option("--set", help="A line of the table, as INTENT=ROUTE; again for more.")] = None,
    as_: As = "merchant",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show or change the table that says who takes which kind of message. What is changed counts from the next training on.

    Example: storehand route intents --set WARRANTY=knowledge --set CALL_ME=human
    """
    from agents.routing.sayings import LABELS

    wanted = dict[str, str]()
    for line in set_ or []:
        intent, _, route = line.partition("=")
        if not intent.strip() or len(intent) > 100 or route.strip() not in LABELS:
            raise InvalidInput(f"{line!r} should be INTENT=ROUTE with one of these: {', '.join(sorted(LABELS))}", field="set")
        wanted[intent.strip()] = route.strip()

    async def work(runtime: Any) -> list[Any]:
        from store.queries import routing

        who = await who_is(runtime, as_)
        if wanted:
            async with runtime.units.write(who) as tx:
                await routing.set_routes(tx, wanted)
        async with runtime.units.read(who) as tx:
            return await routing.intents(tx)

    rows = with_runtime(read_settings(data_dir), work)
    if as_json:
        print(json.dumps([{"intent": row.intent, "route": row.route, "messages": row.messages} for row in rows]))  # noqa: T201
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("intent", "route", "messages"):
        table.add_column(column)
    for row in rows:
        table.add_row(escape(row.intent), row.route, f"{row.messages:,}")
    out().print(table)


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="A message.")],
    as_: As = "customer",
    active: Annotated[str | None, typer.Option(help="Where the turn before was, such as after_sales/orders.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show where a message would go and why: the rule or the votes, and the examples that are most like it.

    Example: storehand route explain "can I still change my order?" --as customer
    """

    async def work(runtime: Any) -> dict[str, Any]:
        from agents.llm.meter import Meter
        from agents.routing.words import clean

        who = await who_is(runtime, as_)
        meter = Meter(runtime.settings.budget)
        route = await runtime.mind.route(text, who, active=active, asked=False, meter=meter)
        votes = await runtime.mind.router.votes(clean(text), who, explain=True)
        learned = await runtime.mind.router.learned(who)
        return {
            "place": route.place,
            "second": route.second,
            "asks": route.asks,
            "by": route.by,
            "confidence": round(route.confidence, 3),
            "reason": route.reason,
            "learned_from": {"examples": learned.own, "own_messages": len(learned.texts) - learned.own, "sentences": learned.sentences},
            "votes": {side: round(share, 3) for side, share in sorted(votes.sides.items(), key=lambda each: -each[1])},
            "nothing_asked": {"probability": round(votes.nothing, 3), "kind": votes.kind},
            "nearest": [{"text": said, "label": label, "likeness": round(like, 3)} for said, label, like in votes.nearest],
        }

    told = with_runtime(read_settings(data_dir), work)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))  # noqa: T201
        return
    beside = f" with {told['second']}" if told["second"] else ""
    out().print(f"[bold]{told['place']}[/bold]{beside}, by {told['by']}, {told['confidence']:.0%} sure. {escape(told['reason'])}".rstrip())
    out().print("votes: " + ", ".join(f"{side} {share:.0%}" for side, share in told["votes"].items()))
    out().print(f"asks nothing of the shop: {told['nothing_asked']['probability']:.0%} ({told['nothing_asked']['kind']})")
    for near in told["nearest"]:
        out().print(f"  {near['likeness']:.2f}  {near['label']:<24} {escape(near['text'])}")


@app.command("eval")
def evaluate(
    test: Annotated[Path, typer.Option(help="CSV with columns sentence, label.")],
    routes: Routes,
    train_: Annotated[Path | None, typer.Option("--train", help="The shop's own labelled messages; without them, zero-shot.")] = None,
    shop: Shop = None,
    sentences: Annotated[str | None, typer.Option(help="auto, none, or a folder with the ONNX files of all-MiniLM-L6-v2.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure routing on labelled messages; no server is started and nothing is stored.

    Accuracy in scope, out-of-scope AUROC, how often a model would be asked, accuracy among the rest, time a message, confusion.

    Example: storehand route eval --test shop_test.csv --routes routes.csv --train shop_train.csv --json
    """
    from agents.routing.labelled import read_messages, read_routes, with_routes
    from agents.routing.measure import judge, measure
    from agents.routing.router import Router
    from agents.routing.sayings import Saying
    from memory.sentences import find_sentences
    from tools.toolbox import build_toolbox

    nothing: Any = None
    settings = read_settings()
    model = find_sentences(sentences or settings.routing.sentences)
    asked = read_messages(test)
    own = read_messages(train_) if train_ else []
    table = read_routes(routes, [intent for _, intent in (*asked, *own)], shop)
    router = Router(build_toolbox(nothing), sentences=model, folder=settings.data_path / "routing")
    labelled = [Saying(said, route) for said, route in with_routes(own, table)]
    learned = router.train(labelled, "customer") if labelled else router.general("customer")
    judge(learned, model, "to begin with", "knowledge")
    figures = measure([judge(learned, model, said, route) for said, route in with_routes(asked, table)]).as_dict()
    told = {"test": str(test), "trained_on": len(labelled), "sentences": learned.sentences or "none", **figures}
    if as_json:
        print(json.dumps(told))  # noqa: T201
        return
    for name, value in told.items():
        if name != "confusion":
            shown = f"{value:.1%}" if isinstance(value, float) and not name.startswith(("ms_", "out_of_scope_auroc")) else value
            out().print(f"{name.replace('_', ' '):<22} {shown}")
    for right, chosen in figures["confusion"].items():
        out().print(f"  {right:<14} -> " + ", ".join(f"{name} {count}" for name, count in chosen.items()))
