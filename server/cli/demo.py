"""`storehand demo`: everything, on a fresh machine, with one command."""

import asyncio
import threading
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop

from core.settings import Settings
from server.cli.output import out, progress
from server.cli.session import DataDir, given, read_settings

if TYPE_CHECKING:
    from server.demo_providers import Simulator


def demo(
    data_dir: DataDir = None,
    port: Annotated[int | None, typer.Option(help="Port of the page and the API.", show_default="8080")] = None,
    orders: Annotated[int, typer.Option(help="Orders of the demo shop, at the first start.", min=150)] = 1500,
    simulate: Annotated[bool, typer.Option("--simulate/--no-simulate", help="Simulate payment, carriers, channels and e-mail.")] = True,
) -> None:
    """Start the demo shop: servers, API, worker and page. Ctrl-C stops everything.

    Example: storehand demo --data-dir ./demo --port 8080
    """
    settings = read_settings(data_dir, http=given(port=port))
    from server.demo_providers import simulator
    from server.setup import migrate, seed_demo
    from store.embedded import servers
    from store.seed import Size

    warming = threading.Thread(target=_warm_up, daemon=True)
    warming.start()
    with servers(settings, progress=progress) as endpoints:
        warming.join()
        migrate(endpoints.db_url, progress)
        loaded = uvloop.run(seed_demo(endpoints, Size(orders=orders), progress))
        if not loaded:
            progress("Using the shop that is already here")
        with simulator() if simulate else nullcontext() as providers:
            uvloop.run(_serve(settings, endpoints, providers))
        progress("Stopping the servers")


async def _serve(settings: Settings, endpoints: object, providers: "Simulator | None") -> None:
    from server.demo_providers import join
    from server.serving import serve_api
    from server.setup import index_knowledge
    from server.wiring import open_runtime

    async with open_runtime(settings, endpoints, demo=True) as runtime:  # pyright: ignore[reportArgumentType]
        await index_knowledge(runtime, progress)
        joining: list[asyncio.Task[None]] = []

        def ready(url: str) -> None:
            _banner(settings, runtime.models.description, runtime.models.is_offline, url)
            if providers is not None:
                joining.append(asyncio.create_task(join(runtime, providers.url, url, report=progress)))

        await serve_api(runtime, with_worker=True, ready=ready)
        await asyncio.gather(*joining)


def _banner(settings: Settings, model: str, offline: bool, url: str) -> None:
    from rich.markup import escape

    from store.seed import SIGN_INS

    console = out()
    rows = [("Sign in as", "E-mail", "Password"), *((one.label, one.email, one.password) for one in SIGN_INS)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"  {label:<{widths[0]}}   {email:<{widths[1]}}   {password}" for label, email, password in rows]
    progress("Ready")
    console.print(f"\n  [bold]Storehand is running at[/bold] [cyan]{url}[/cyan]   (API docs: {url}/docs)\n")
    console.print(f"[dim]{lines[0]}[/dim]")
    for line in lines[1:]:
        console.print(escape(line))
    if offline:
        console.print("\n  The [bold]offline model[/bold] answers: a planner without a network. To use a real one, stop and set")
        console.print("  OPENAI_API_KEY, or STOREHAND_LLM__BASE_URL, STOREHAND_LLM__MODEL=openai:<name> and STOREHAND_LLM__API_KEY.")
    else:
        console.print(f"\n  Model: [bold]{escape(model)}[/bold]")
    console.print(f"  Data: {escape(str(settings.data_path))}   Stop: Ctrl-C\n")


def _warm_up() -> None:
    """Import what takes seconds while the servers start; nothing else is imported meanwhile."""
    import_module("server.app")
    import_module("server.wiring")
