"""`storehand tools`: what the shop's tools are, and calling one by hand."""

import json
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from core.errors import InvalidInput
from core.identity import RunContext
from core.ids import new_id
from server.cli.output import out
from server.cli.session import As, DataDir, read_settings, who_is, with_runtime

app = typer.Typer(help="List the tools, or call one through the executor.", no_args_is_help=True)


@app.command("list")
def list_tools(
    as_: As = "merchant",
    as_json: Annotated[bool, typer.Option("--json", help="Print names, effects and argument schemas as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the tools that a user may call.

    Example: storehand tools list --as customer
    """

    async def work(runtime: Any) -> None:
        tools = runtime.toolbox.open_to(await who_is(runtime, as_))
        if as_json:
            specs = [
                {"name": tool.name, "module": tool.module, "purpose": tool.purpose, "effect": tool.effect, "args": tool.schema}
                for tool in tools
            ]
            print(json.dumps(specs, indent=2))  # noqa: T201
            return
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for column in ("tool", "module", "effect", "what it does"):
            table.add_column(column, overflow="fold")
        for tool in sorted(tools, key=lambda tool: (tool.module, tool.name)):
            table.add_row(f"[cyan]{tool.name}[/cyan]", tool.module, tool.effect, escape(tool.purpose))
        out().print(table)

    with_runtime(read_settings(data_dir), work)


@app.command("call")
def call(
    name: Annotated[str, typer.Argument(help="Name of the tool.")],
    args: Annotated[str, typer.Argument(help="Arguments as a JSON object.")] = "{}",
    as_: As = "merchant",
    key: Annotated[str | None, typer.Option(help="Idempotency key: the same key has one effect.")] = None,
    approval: Annotated[str | None, typer.Option(help="Id of an approved request that covers this call.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Call a tool. Exit code 1: denied or failed, 2: waits for a decision.

    Example: storehand tools call get_order '{"order": "1042"}' --as merchant
    """

    async def work(runtime: Any) -> int:
        principal = await who_is(runtime, as_)
        ctx = RunContext(principal, idempotency_key=key or str(new_id()), approval_id=_uuid(approval))
        result = await runtime.executor.execute(ctx, name, args)
        print(result.model_dump_json(indent=2) if as_json else result.text)  # noqa: T201
        if result.allowed and not as_json:
            out().print(f"[dim]Instead: {escape('; '.join(result.allowed))}[/dim]")
        if result.approval_id and not as_json:
            out().print(f"[dim]Request {result.approval_id}: decide it in the console, then call again with --approval.[/dim]")
        return {"ok": 0, "pending": 2}.get(result.status.value, 1)

    raise typer.Exit(with_runtime(read_settings(data_dir), work))


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not an id", field="--approval") from error
