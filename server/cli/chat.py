"""`storehand chat` and `storehand run`: talk to the shop's agents in a terminal."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import BaseModel
from rich.markup import escape

from core.errors import InvalidInput, StorehandError
from core.events import (
    AnswerWithheld,
    ApprovalRequested,
    DraftDiscarded,
    MessageAdded,
    RouteChosen,
    RunFailed,
    RunFinished,
    TokenDelta,
    ToolFinished,
    ToolStarted,
)
from core.identity import Principal
from core.ids import new_id
from core.redact import visible
from server.cli.output import fail, out
from server.cli.session import As, DataDir, helping_hands, read_settings, who_is, with_runtime

_LONGEST = 8000


def chat(as_: As = "merchant", data_dir: DataDir = None) -> None:
    """Chat with the ops assistant (merchant) or the support chatbot (customer). Leave with Ctrl-D.

    Example: storehand chat --as customer
    """
    with_runtime(read_settings(data_dir), lambda runtime: _chat(runtime, as_))


def run_once(
    question: Annotated[str, typer.Argument(help="What to ask.")],
    as_: As = "merchant",
    as_json: Annotated[bool, typer.Option("--json", help="Print every event as a JSON line.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="Say yes to what asks for a confirmation or approval.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Ask once and print the answer. Exit code 2 means that something waits for a decision.

    Example: storehand run "which orders are stuck?" --as merchant --json
    """

    async def work(runtime: Any) -> int:
        who = await who_is(runtime, as_)
        thread_id = await _open_thread(runtime, who)
        async with helping_hands(runtime):
            request = await _turn(runtime, who, thread_id, question, None, as_json=as_json)
            while request is not None and approve:
                request = await _turn(runtime, who, thread_id, None, _answer("approve"), as_json=as_json)
        return 2 if request is not None else 0

    raise typer.Exit(with_runtime(read_settings(data_dir), work))


async def _chat(runtime: Any, name: str) -> None:
    who = await who_is(runtime, name)
    thread_id = await _open_thread(runtime, who)
    out().print(f"[bold]{escape(who.name)}[/bold] ({who.role}), answered by {escape(runtime.models.description)}. Ctrl-D leaves.\n")
    async with helping_hands(runtime):
        while True:
            try:
                text = await asyncio.to_thread(input, "> ")
            except EOFError:
                out().print()
                return
            if not text.strip():
                continue
            try:
                request = await _turn(runtime, who, thread_id, text, None)
                while request is not None:
                    answer = await _ask_person(request)
                    if answer is None:
                        break
                    request = await _turn(runtime, who, thread_id, None, answer)
            except StorehandError as error:
                fail(error.message, error.code)


async def _turn(
    runtime: Any, who: Principal, thread_id: UUID, text: str | None, answer: Any, *, as_json: bool = False
) -> ApprovalRequested | None:
    """Run one turn, print it as it happens, and return the request that it ended at, if any."""
    from server.runs import NewRun, create_run

    messages = [{"id": str(new_id()), "content": _readable(text)}] if text is not None else []
    body_hash = hashlib.sha256((text or "").encode()).hexdigest()
    assistant = "support" if who.is_customer else "ops"
    run = await create_run(runtime, who, thread_id, NewRun(assistant, messages, answer, str(new_id()), body_hash))
    printer = _JsonLines(thread_id, run.id) if as_json else _Terminal()
    async for event in _events(runtime, who, run.id):
        printer.show(event)
    return printer.request


async def _events(runtime: Any, who: Principal, run_id: UUID) -> AsyncIterator[BaseModel]:
    from server.sse import follow

    async for _, event in follow(runtime, who, run_id, None):
        yield event


async def _open_thread(runtime: Any, who: Principal) -> UUID:
    from store.queries import threads

    async with runtime.units.write(who) as tx:
        return (await threads.create(tx)).id


def _readable(text: str) -> str:
    clean = visible(text).strip()
    if not clean:
        raise InvalidInput("say something", field="question")
    if len(clean) > _LONGEST:
        raise InvalidInput(f"is {len(clean)} characters long; at most {_LONGEST} are read", field="question")
    return clean


async def _ask_person(request: ApprovalRequested) -> Any:
    yes, no = ("confirm", "no thanks") if request.kind == "confirmation" else ("approve", "reject")
    choice = (await asyncio.to_thread(input, f"[y] {yes}  [e] edit  [n] {no}  [enter] leave open: ")).strip().lower()
    if choice in {"y", "yes"}:
        return _answer("approve")
    if choice in {"n", "no"}:
        return _answer("reject")
    if choice in {"e", "edit"}:
        out().print(escape(json.dumps(request.args, indent=2)))
        changed = await asyncio.to_thread(input, "changed arguments as JSON: ")
        try:
            return _answer("edit", json.loads(changed))
        except ValueError:
            fail("that is not JSON; nothing was decided", "invalid_input")
            return await _ask_person(request)
    return None


def _answer(decision: str, args: dict[str, Any] | None = None) -> Any:
    from tools.approvals import Answer, Choice

    return Answer(decision=Choice(decision), args=args)


class _JsonLines:
    """One event a line."""

    def __init__(self, thread_id: UUID, run_id: UUID) -> None:
        self.request: ApprovalRequested | None = None
        self._ids = {"thread_id": str(thread_id), "run_id": str(run_id)}

    def show(self, event: BaseModel) -> None:
        """Print an event."""
        if isinstance(event, ApprovalRequested):
            self.request = event
        print(json.dumps({**self._ids, **event.model_dump(mode="json")}), flush=True)  # noqa: T201


class _Terminal:
    """A turn for a reader: the route, each tool, the answer as it is written, a card when a person must decide."""

    def __init__(self) -> None:
        self.request: ApprovalRequested | None = None
        self._drafted = False

    def show(self, event: BaseModel) -> None:
        """Print what an event means."""
        console = out()
        match event:
            case RouteChosen():
                desk = f", {event.desk}" if event.desk else ""
                console.print(f"[magenta]{event.agent.replace('_', ' ')}[/magenta] [dim]({event.by}, {event.confidence:.0%}{desk})[/dim]")
            case ToolStarted():
                shown = ", ".join(f"{key}={value}" for key, value in event.args.items())
                console.print(f"  [cyan]{event.tool}[/cyan]({escape(shown)})")
            case ToolFinished():
                mark = {"ok": "[green]ok[/green]", "denied": "[yellow]denied[/yellow]", "pending": "[yellow]waits[/yellow]"}
                first = event.text.strip().splitlines()[0] if event.text.strip() else ""
                console.print(f"    {mark.get(event.status, '[red]failed[/red]')} [dim]{escape(first[:160])}[/dim]")
            case TokenDelta():
                print(event.text, end="", flush=True)  # noqa: T201
                self._drafted = True
            case DraftDiscarded() if self._drafted:
                console.print("\n[dim](that draft was withdrawn)[/dim]")
                self._drafted = False
            case MessageAdded() if event.message.get("type") == "ai" and not event.message.get("tool_calls"):
                if not self._drafted:
                    console.print(escape(str(event.message.get("content", ""))))
                console.print("\n")
                self._drafted = False
            case ApprovalRequested():
                self.request = event
                console.print(f"\n[bold yellow]{escape(event.title)}[/bold yellow]  [dim]{event.kind}, rule {event.rule}[/dim]")
                for label, value in event.preview:
                    console.print(f"  {escape(label)}: {escape(value)}")
                console.print(f"  [dim]{escape(event.reason)}[/dim]")
            case AnswerWithheld():
                console.print(f"[dim](answer {event.action}: {escape(', '.join(event.unsupported))} was not in any result)[/dim]")
            case RunFailed():
                fail(event.message, event.code)
            case RunFinished() if event.status == "cancelled":
                console.print("[dim](cancelled)[/dim]")
            case _:
                pass
