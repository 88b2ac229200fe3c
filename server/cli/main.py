"""The table of contents of the command line."""

import gc
import sys
from typing import Annotated

import typer

from core.errors import StorehandError
from server.cli import admin, chat, demo, evals, importing, knowledge, route, secrets, tools
from server.cli.output import fail

_NEW_OBJECTS = 50_000
"""What a command imports stays: looking through it at every 700 new objects, Python's default, took a fifth of its start."""

app = typer.Typer(
    name="storehand",
    help="LLM agents that run a shop: typed tools over Postgres, approvals, and a run log that survives everything.",
    epilog="Start here: storehand demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(demo.demo)
app.command()(chat.chat)
app.command("run")(chat.run_once)
app.command()(admin.migrate)
app.command()(admin.seed)
app.command()(admin.serve)
app.command()(admin.worker)
app.command()(admin.simulator)
app.command()(admin.doctor)
app.add_typer(importing.app, name="import")
app.add_typer(tools.app, name="tools")
app.add_typer(route.app, name="route")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(evals.app, name="eval")
app.add_typer(secrets.app, name="secrets")


@app.callback()
def version_option(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False) -> None:
    """Handle what comes before a command."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"storehand {installed('storehand')}")
        raise typer.Exit


def main() -> None:
    """Run a command; a designed error becomes one readable line and exit code 1."""
    gc.set_threshold(_NEW_OBJECTS)
    try:
        app()
    except StorehandError as error:
        fail(error.message, error.code)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
