"""Commands for whoever runs Storehand: schema, demo data, API, workers, a health check."""

from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer
import uvloop
from rich.markup import escape

from core.errors import StorehandError
from server.cli.output import out, progress
from server.cli.session import DataDir, given, prepared, read_settings, with_runtime


def migrate(data_dir: DataDir = None) -> None:
    """Bring the database schema to the newest revision.

    Example: STOREHAND_DB__URL=postgresql://owner@db/storehand storehand migrate
    """
    from server.setup import migrate as upgrade
    from store.embedded import servers

    with servers(read_settings(data_dir), progress=progress) as endpoints:
        out().print(f"Schema is at revision {upgrade(endpoints.db_url, progress)}")


def seed(
    data_dir: DataDir = None,
    orders: Annotated[int, typer.Option(min=150, help="Orders over both shops.")] = 1500,
    products: Annotated[int, typer.Option(min=45, help="Products over both shops.")] = 60,
    customers: Annotated[
        int | None, typer.Option(min=40, help="Customers over both shops.", show_default="one for 20 orders, at least 200")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=45, help="Days over which the orders spread.", show_default="90; up to 3 years for many orders")
    ] = None,
    random_seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same shop.")] = 20,
) -> None:
    """Load the demo shop into an empty database and index its knowledge.

    100 000 orders take about five minutes; what is generated is bounded in memory by the number of customers.

    Example: storehand seed --orders 20000
    """
    from server.setup import index_knowledge, refuse_overwrite, seed_demo
    from server.wiring import open_runtime
    from store.seed import Size

    settings, size = read_settings(data_dir), Size.of(orders, products=products, customers=customers, days=days)

    async def work(endpoints: Any) -> None:
        refuse_overwrite(await seed_demo(endpoints, size, progress, seed=random_seed))
        async with open_runtime(settings, endpoints) as runtime:
            await index_knowledge(runtime, progress)

    with prepared(settings, quiet=False) as endpoints:
        uvloop.run(work(endpoints))


def serve(
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the page and the API.", show_default="8080")] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Execute runs in this process too.")] = True,
) -> None:
    """Serve the API and the page. Ctrl-C stops.

    Example: storehand serve --port 8080 --no-worker
    """
    settings = read_settings(data_dir, http=given(host=host, port=port))

    async def work(endpoints: Any) -> None:
        from server.serving import serve_api
        from server.setup import index_knowledge
        from server.wiring import open_runtime

        async with open_runtime(settings, endpoints) as runtime:
            await index_knowledge(runtime, progress)
            await serve_api(runtime, with_worker=worker, ready=lambda url: progress(f"Serving at {url} with {runtime.models.description}"))

    with prepared(settings, quiet=False) as endpoints:
        uvloop.run(work(endpoints))


def worker(data_dir: DataDir = None) -> None:
    """Execute queued runs until stopped; start as many as you like.

    Example: storehand worker
    """

    async def work(runtime: Any) -> None:
        from server.worker.loop import work_until_stopped

        progress(f"Working with {runtime.models.description}")
        await work_until_stopped(runtime)

    with_runtime(read_settings(data_dir), work)


Audit = Annotated[bool, typer.Option("--audit", help="Read the whole database and name every row that breaks an invariant.")]
AsJson = Annotated[bool, typer.Option("--json", help="With --audit: one JSON object.")]


def simulator(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8090,
    random_seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same tracking numbers.")] = 1,
) -> None:
    """Serve simulated providers: payment, carriers, channels and e-mail. Ctrl-C stops.

    Example: storehand simulator --port 8090
    """
    from server.simulator.__main__ import run

    run(port, random_seed, attached=False)


def doctor(audit: Audit = False, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Check every part and say what to do about what is wrong. Exit code 1 when something is.

    Example: storehand doctor --audit
    """
    settings = read_settings(data_dir)
    if audit:
        raise typer.Exit(0 if _show_books(with_runtime(settings, _examine_books), as_json=as_json) else 1)
    try:
        lines = with_runtime(settings, _examine)
    except StorehandError as error:
        lines = [(False, "servers", error.message)]
    for fine, name, finding in lines:
        out().print(f"{'[green]ok  [/green]' if fine else '[red]FAIL[/red]'} {name:<20} {escape(finding)}")
    raise typer.Exit(0 if all(fine for fine, _, _ in lines) else 1)


async def _examine_books(runtime: Any) -> list[Any]:
    from server.checks import examine_books

    return await examine_books(runtime)


def _show_books(books: list[Any], *, as_json: bool) -> bool:
    """Print what an audit found; return whether all of it holds."""
    whole = all(each.whole for each in books)
    if as_json:
        shown = [
            {
                "tenant": each.tenant,
                "audit_entries": each.chain.entries,
                "audit_broken_at": each.chain.broken_at,
                "invariants": [asdict(finding) for finding in each.findings],
            }
            for each in books
        ]
        print(orjson.dumps({"whole": whole, "tenants": shown}, option=orjson.OPT_INDENT_2).decode())  # noqa: T201
        return whole
    for each in books:
        out().print(f"[bold]{escape(each.tenant)}[/bold]")
        for finding in each.findings:
            mark = "[green]ok  [/green]" if not finding.count else "[red]FAIL[/red]"
            out().print(f"  {mark} {escape(finding.claim)}{f': {finding.count} violations' if finding.count else ''}")
            for violation in finding.violations:
                out().print(f"         {escape(violation.subject)}  [dim]{escape(violation.detail)}[/dim]")
        broken = each.chain.broken_at
        mark, where = ("[green]ok  [/green]", "is whole") if broken is None else ("[red]FAIL[/red]", f"is broken at entry {broken}")
        out().print(f"  {mark} the audit chain of {each.chain.entries} entries {where}")
    return whole


async def _examine(runtime: Any) -> list[tuple[bool, str, str]]:
    from server.checks import examine

    return await examine(runtime)
