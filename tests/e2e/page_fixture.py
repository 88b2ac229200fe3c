"""A small stand-in for the API behind the console page: scripted runs, the real wire format, the real content policy.

`python -m tests.e2e.page_fixture` serves it at http://127.0.0.1:8765 for looking at the page by hand.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

WEB = Path(__file__).parents[2] / "server" / "web"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PEOPLE = {
    "manager@demo.shop": {"name": "Mara Lindqvist", "role": "manager", "customer_id": None},
    "anna@example.com": {"name": "Anna Keller", "role": "customer", "customer_id": "cus_1"},
}
MERCHANTS = ["manager", "owner", "developer"]

Step = tuple[str, Any]
"""`fact` a run event, `tokens` (message id, text), `sleep` seconds, `gate` a name to wait for, `drop` cuts the connections that stand."""


@dataclass
class Run:
    """A run's log as the wire shows it: (id, event, data)."""

    id: str
    status: str = "running"
    log: list[tuple[str, str, Any]] = field(default_factory=list[tuple[str, str, Any]])
    seq: int = 0
    delta: int = 0
    task: asyncio.Task[None] | None = None


@dataclass
class Thread:
    """A conversation, its open question and its runs."""

    id: str
    updated_at: datetime
    status: str = "idle"
    title: str | None = None
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    approval: dict[str, Any] | None = None
    runs: list[Run] = field(default_factory=list[Run])


@dataclass
class FakeApi:
    """The API's state, and the switches that a test turns."""

    scripts: dict[str, list[Step]]
    resumes: dict[str, list[Step]]
    threads: dict[str, Thread] = field(default_factory=dict[str, Thread])
    gates: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    requests: list[tuple[str, str, Any]] = field(default_factory=list[tuple[str, str, Any]])
    accepted: dict[str, Run] = field(default_factory=dict[str, Run])
    joins: list[str | None] = field(default_factory=list[str | None])
    fail_next_run: bool = False
    pace: float = 0.01
    replay_extra: int = 0
    drops: int = 0
    readers: int = 0

    def gate(self, name: str) -> asyncio.Event:
        """Return the event that steps named `name` wait for."""
        return self.gates.setdefault(name, asyncio.Event())

    def bodies(self, path_end: str) -> list[Any]:
        """Return the bodies posted to paths with this end."""
        return [body for _, path, body in self.requests if path.endswith(path_end)]

    def add_thread(self, title: str, messages: Iterable[dict[str, Any]], *, age: timedelta = timedelta(), status: str = "idle") -> Thread:
        """Add a conversation of the past."""
        thread = Thread(str(uuid4()), datetime.now(UTC) - age, status, title, list(messages))
        self.threads[thread.id] = thread
        return thread

    async def work(self, thread: Thread, run: Run, steps: list[Step]) -> None:
        """Play a script into the run's log and the thread's state."""
        try:
            for kind, value in steps:
                if kind == "fact":
                    self._fact(thread, run, value)
                elif kind == "tokens":
                    for piece in value[1].replace(" ", " \0").split("\0"):
                        await asyncio.sleep(self.pace)
                        run.delta += 1
                        chunk: dict[str, Any] = {"id": f"{value[0]}-{run.id}", "type": "AIMessageChunk", "content": piece}
                        run.log.append((f"{run.seq}-{run.delta}", "messages", [chunk, {"langgraph_node": "agent", "tags": []}]))
                elif kind == "sleep":
                    await asyncio.sleep(value)
                elif kind == "gate":
                    await self.gate(value).wait()
                elif kind == "drop":
                    while not self.readers:  # noqa: ASYNC110
                        await asyncio.sleep(0.005)
                    self.drops += 1
        except asyncio.CancelledError:
            self._fact(thread, run, {"type": "run.finished", "status": "cancelled"})
        run.log.append((f"{run.seq}-{run.delta + 1}", "end", {"run_id": run.id, "status": run.status}))
        run.status = "success" if run.status == "running" else run.status

    def _fact(self, thread: Thread, run: Run, event: dict[str, Any]) -> None:
        run.seq, run.delta = run.seq + 1, 0
        if event["type"] == "approval.requested":
            event = {**event, "approval_id": str(uuid4())}
        if event["type"] == "draft.discarded":
            event = {**event, "message_id": f"{event['message_id']}-{run.id}"}
        if event["type"] == "message" and event["message"]["type"] != "human":
            event = {**event, "message": {**event["message"], "id": f"{event['message']['id']}-{run.id}"}}
        run.log.append((f"{run.seq}-0", "custom", event))
        if event["type"] == "message":
            thread.messages = [m for m in thread.messages if m.get("id") != event["message"].get("id")] + [event["message"]]
        elif event["type"] == "approval.requested":
            thread.approval = event
        elif event["type"] == "approval.decided":
            thread.approval = None
        elif event["type"] == "run.finished":
            thread.status = "interrupted" if event["status"] == "interrupted" else "idle"
        elif event["type"] == "run.failed":
            thread.status = "error"
        thread.updated_at = datetime.now(UTC)

    def start(self, thread: Thread, body: dict[str, Any], role: str) -> Run:
        """Accept a run: a new message, or a decision on the open question."""
        run = Run(str(uuid4()))
        command = body.get("command")
        human: list[Step] = []
        if command:
            (decision,) = command["resume"]["decisions"]
            steps = self.decided(thread, decision, "you" if role == "customer" else PEOPLE["manager@demo.shop"]["name"])
        else:
            (message,) = body["input"]["messages"]
            superseded = (
                [("fact", {"type": "approval.decided", "approval_id": thread.approval["approval_id"], "decision": "superseded"})]
                if thread.approval
                else []
            )
            human = [("fact", {"type": "run.started", "attempt": 1}), *superseded, ("fact", {"type": "message", "message": message})]
            key = next((key for key in self.scripts if key.lower() in message["content"].lower()), "")
            steps = self.scripts[key]
        thread.status = "busy"
        thread.runs.append(run)
        run.task = asyncio.create_task(self.work(thread, run, [*human, *steps]))
        return run

    def decided(self, thread: Thread, decision: dict[str, Any], by: str) -> list[Step]:
        """Return the steps that follow a decision."""
        if thread.approval is None:
            raise LookupError("nothing to decide")
        asked = thread.approval
        args = decision.get("edited_action", {}).get("args") or asked["args"]
        head: list[Step] = [
            ("fact", {"type": "approval.decided", "approval_id": asked["approval_id"], "decision": decision["type"], "by": by})
        ]
        if decision["type"] == "reject":
            return [*head, *answer("a-reject", "All right, nothing was changed."), finished()]
        done = {"type": "tool.finished", "call_id": "9.0", "tool": asked["tool"], "status": "ok", "result": {"args": args}, "text": "Done."}
        return [
            *head,
            ("fact", {"type": "tool.started", "call_id": "9.0", "tool": asked["tool"], "agent": "after_sales", "args": args}),
            ("sleep", self.pace * 10),
            ("fact", done),
            *self.resumes.get(asked["tool"], answer("a-done", "Done.")),
            finished(),
        ]

    async def sse(self, run: Run, after: str | None, *, joined: bool) -> AsyncIterator[str]:
        """Yield a run's events after an id; a `drop` step cuts the streams that are open then."""
        at, drops = 0, self.drops
        if after not in (None, "-1"):
            at = max(0, next(i for i, entry in enumerate(run.log) if entry[0] == after) + 1 - self.replay_extra)
        self.joins += [after] if joined else []
        yield f"event: metadata\ndata: {json.dumps({'run_id': run.id, 'attempt': 1})}\n\n: heartbeat\n\n"
        self.readers += 1
        try:
            async for piece in self._tail(run, at, drops):
                yield piece
        finally:
            self.readers -= 1

    async def _tail(self, run: Run, at: int, drops: int) -> AsyncIterator[str]:
        while True:
            while at < len(run.log):
                event_id, event, data = run.log[at]
                yield f"event: {event}\r\ndata: {json.dumps(data)}\r\nid: {event_id}\r\n\r\n"
                at += 1
                if event == "end":
                    return
            if self.drops > drops:
                raise ConnectionError("the script cuts the connection")
            await asyncio.sleep(0.004)


def finished(status: str = "success", *, calls: int = 2) -> Step:
    """Return the last fact of a run."""
    return (
        "fact",
        {"type": "run.finished", "status": status, "model_calls": calls, "tool_calls": calls, "input_tokens": 1843, "output_tokens": 212},
    )


def answer(message_id: str, text: str, agent: str = "after_sales") -> list[Step]:
    """Return an answer's tokens and the message that replaces them."""
    message = {"id": message_id, "type": "ai", "name": agent, "content": text}
    return [("tokens", (message_id, text)), ("fact", {"type": "message", "message": message})]


def tool(
    call_id: str,
    name: str,
    args: dict[str, Any],
    result: Any,
    text: str,
    *,
    agent: str = "after_sales",
    status: str = "ok",
    wait: float = 0.05,
) -> list[Step]:
    """Return a tool call's facts, with the messages that a reopened thread shows."""
    call = {"id": call_id, "name": name, "args": args, "type": "tool_call"}
    return [
        ("fact", {"type": "message", "message": {"id": f"m-{call_id}", "type": "ai", "name": agent, "content": "", "tool_calls": [call]}}),
        ("fact", {"type": "tool.started", "call_id": call_id, "tool": name, "agent": agent, "args": args}),
        ("sleep", wait),
        ("fact", {"type": "tool.finished", "call_id": call_id, "tool": name, "status": status, "result": result, "text": text}),
        *(
            [
                (
                    "fact",
                    {
                        "type": "message",
                        "message": {
                            "id": f"t-{call_id}",
                            "type": "tool",
                            "name": name,
                            "tool_call_id": call_id,
                            "content": text,
                            "artifact": {"status": status, "result": result, "text": text},
                        },
                    },
                )
            ]
            if status != "pending"
            else []
        ),
    ]


def build(api: FakeApi) -> Starlette:
    """Return the application that serves the page and answers it."""

    def person(request: Request) -> dict[str, Any] | None:
        email = request.headers.get("authorization", "").removeprefix("Bearer token-")
        found = PEOPLE.get(email)
        return found and {"user_id": "u1", "tenant": {"id": "t1", "name": "Nordlicht Audio"}, **found}

    async def page(request: Request) -> Response:
        path = WEB / request.path_params.get("file", "index.html")
        return (
            FileResponse(path, headers={"Content-Security-Policy": CSP, "Cache-Control": "no-store"})
            if path.is_file()
            else Response(status_code=404)
        )

    async def sign_in(request: Request) -> Response:
        body = await request.json()
        if body["email"] not in PEOPLE or body["password"] != "demo":
            return JSONResponse({"detail": "wrong email or password", "code": "unauthenticated"}, 401)
        return JSONResponse({"access_token": f"token-{body['email']}", "token_type": "bearer", "expires_in": 3600})

    async def demo(_: Request) -> Response:
        labels = {"manager@demo.shop": "Mara, runs the shop", "anna@example.com": "Anna, bought a headset"}
        return JSONResponse(
            [
                {"label": labels[email], "email": email, "password": "demo", "role": who["role"], "shop": "Nordlicht Audio"}
                for email, who in PEOPLE.items()
            ]
        )

    async def me(request: Request) -> Response:
        return JSONResponse(
            {
                "principal": person(request),
                "model": {"description": "A built-in planner answers; no language model is called.", "offline": True},
            }
        )

    def thread_json(thread: Thread) -> dict[str, Any]:
        metadata = {"title": thread.title} if thread.title else {}
        return {
            "thread_id": thread.id,
            "updated_at": thread.updated_at.isoformat(),
            "status": thread.status,
            "metadata": metadata,
            "values": {"messages": thread.messages},
        }

    async def search(_: Request) -> Response:
        return JSONResponse([thread_json(t) for t in sorted(api.threads.values(), key=lambda t: t.updated_at, reverse=True)])

    async def create(_: Request) -> Response:
        thread = Thread(str(uuid4()), datetime.now(UTC))
        api.threads[thread.id] = thread
        return JSONResponse(thread_json(thread))

    async def get_thread(request: Request) -> Response:
        thread = api.threads.get(request.path_params["thread"])
        return JSONResponse(thread_json(thread)) if thread else JSONResponse({"detail": "Thread not found"}, 404)

    async def state(request: Request) -> Response:
        thread = api.threads.get(request.path_params["thread"])
        if thread is None:
            return JSONResponse({"detail": "Thread not found"}, 404)
        asked = thread.approval
        value = (
            {
                "action_requests": [{"name": asked["tool"], "args": asked["args"], "description": asked["title"]}],
                "review_configs": [],
                "approval": asked,
            }
            if asked
            else None
        )
        interrupts = [{"id": "i1", "value": value}] if value else []
        return JSONResponse(
            {
                "values": {"messages": thread.messages, "active_agent": "after_sales"},
                "next": [],
                "tasks": [{"interrupts": interrupts}],
                "interrupts": interrupts,
            }
        )

    async def runs(request: Request) -> Response:
        status = request.query_params["status"]
        return JSONResponse(
            [{"run_id": run.id, "status": run.status} for run in api.threads[request.path_params["thread"]].runs if run.status == status][
                :1
            ]
        )

    async def stream(request: Request) -> Response:
        thread, body = api.threads[request.path_params["thread"]], await request.json()
        who = person(request)
        if who is None:
            return JSONResponse({"detail": "sign in", "code": "unauthenticated"}, 401)
        if api.fail_next_run:
            api.fail_next_run = False
            return JSONResponse({"detail": "The shop is busy. Try again.", "code": "overloaded"}, 503)
        key = request.headers["idempotency-key"]
        try:
            run = api.accepted.get(key) or api.start(thread, body, who["role"])
        except LookupError as error:
            return JSONResponse({"detail": str(error), "code": "superseded"}, 409)
        api.accepted[key] = run
        where = f"/threads/{thread.id}/runs/{run.id}"
        return StreamingResponse(
            api.sse(run, None, joined=False),
            media_type="text/event-stream",
            headers={"Location": f"{where}/stream", "Content-Location": where},
        )

    async def join(request: Request) -> Response:
        run = next(run for run in api.threads[request.path_params["thread"]].runs if run.id == request.path_params["run"])
        return StreamingResponse(api.sse(run, request.headers.get("last-event-id"), joined=True), media_type="text/event-stream")

    async def cancel(request: Request) -> Response:
        run = next(run for run in api.threads[request.path_params["thread"]].runs if run.id == request.path_params["run"])
        if run.status != "running" or run.task is None:
            return JSONResponse({"detail": "Run is over"}, 404)
        run.task.cancel()
        return JSONResponse({})

    async def approvals(_: Request) -> Response:
        now = datetime.now(UTC)
        items = [
            {
                **t.approval,
                "id": t.approval["approval_id"],
                "thread_id": t.id,
                "requester": "Anna Keller",
                "created_at": (now - timedelta(minutes=12)).isoformat(),
                "can_decide": True,
            }
            for t in api.threads.values()
            if t.approval and t.approval["kind"] == "approval"
        ]
        return JSONResponse({"items": items})

    async def decide(request: Request) -> Response:
        body = await request.json()
        thread = next(t for t in api.threads.values() if t.approval and t.approval["approval_id"] == request.path_params["approval"])
        decision = {"type": body["decision"], "edited_action": {"args": body.get("args")}}
        run = Run(str(uuid4()))
        steps = api.decided(thread, decision, PEOPLE["manager@demo.shop"]["name"])
        thread.status = "busy"
        thread.runs.append(run)
        run.task = asyncio.create_task(api.work(thread, run, steps))
        return JSONResponse({"approval": {}, "thread_id": thread.id, "run_id": run.id})

    class Recorder:
        """Keeps each JSON request for the tests' assertions."""

        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or scope["method"] != "POST":
                return await self.app(scope, receive, send)
            message = await receive()
            api.requests.append((scope["method"], scope["path"], json.loads(message.get("body") or b"null")))
            first = iter([message])

            async def again() -> Any:
                return next(first, None) or await receive()

            return await self.app(scope, again, send)

    run_path = "/threads/{thread}/runs/{run}"
    app = Starlette(
        routes=[
            Route("/", page),
            Route("/web/{file}", page),
            Route("/v1/auth/sign-in", sign_in, methods=["POST"]),
            Route("/v1/demo/sign-ins", demo),
            Route("/v1/me", me),
            Route("/v1/approvals", approvals),
            Route("/v1/approvals/{approval}", decide, methods=["POST"]),
            Route("/threads/search", search, methods=["POST"]),
            Route("/threads", create, methods=["POST"]),
            Route("/threads/{thread}", get_thread),
            Route("/threads/{thread}/state", state),
            Route("/threads/{thread}/runs", runs),
            Route("/threads/{thread}/runs/stream", stream, methods=["POST"]),
            Route(f"{run_path}/stream", join),
            Route(f"{run_path}/cancel", cancel, methods=["POST"]),
        ]
    )
    app.add_middleware(Recorder)
    return app


if __name__ == "__main__":
    import uvicorn

    from tests.e2e.page_scripts import demo_api

    uvicorn.run(build(demo_api(pace=0.04)), host="127.0.0.1", port=8765, log_level="warning")
