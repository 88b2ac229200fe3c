"""What the simulated providers share: accounts, Idempotency-Keys, and answers that go wrong when they should."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from server.simulator.behaviour import Accident, Fault, Seen, World


class Refusal(Exception):
    """A provider says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of an account."""

    account: str
    key: str
    body: dict[str, Any]


class _Broken(Response):
    """An answer that ends before its time."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self._text = text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise more than is sent; the server then cuts the connection."""
        head = [(b"content-type", b"application/json"), (b"content-length", b"100000")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": self._text, "more_body": True})
        raise ConnectionAbortedError("cut on request")


async def serve(world: World, request: Request, port: str, work: Callable[[Asked], dict[str, Any]]) -> Response:
    """Answer a request: count it, look for a fault, replay what its key was answered, else do the work."""
    asked = Asked(_account(request), request.headers.get("idempotency-key", ""), await _body(request))
    world.seen.append(Seen(port=port, method=request.method, path=request.url.path, key=asked.key, account=asked.account))
    if world.too_many(asked.account, port, int(time.time())):
        return JSONResponse({"error": {"code": "rate_limit", "message": "too many requests"}}, 429, {"Retry-After": "1"})
    try:
        world.fault(port, after_effect=False)
        answer = _once(world, asked, f"{request.method} {request.url.path}", work)
        world.fault(port, after_effect=True)
    except Accident as accident:
        return await _go_wrong(accident.fault)
    except Refusal as refusal:
        return JSONResponse({"error": {"code": refusal.code, "message": refusal.message}}, refusal.status)
    return JSONResponse(answer)


def _once(world: World, asked: Asked, what: str, work: Callable[[Asked], dict[str, Any]]) -> dict[str, Any]:
    if not asked.account:
        raise Refusal(401, "no_account", "an API key is needed")
    if not asked.key:
        return work(asked)
    digest = hashlib.sha256(json.dumps(asked.body, sort_keys=True).encode()).hexdigest()
    graphql = digest if what.endswith("graphql.json") else ""
    place = (f"{asked.account} {what} {graphql}", asked.key)
    if place in world.answers and world.answers[place][0] == digest:
        return world.answers[place][1]
    if place in world.answers:
        raise Refusal(422, "key_reused", "this Idempotency-Key came with another request before")
    answer = work(asked)
    world.answers[place] = (digest, dict(answer))
    return answer


def _account(request: Request) -> str:
    token = request.headers.get("x-shopify-access-token", "")
    return token or request.headers.get("authorization", "").removeprefix("Bearer ").strip()


async def _body(request: Request) -> dict[str, Any]:
    try:
        found: Any = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


async def _go_wrong(fault: Fault) -> Response:
    if fault.kind == "status":
        headers = {"Retry-After": f"{fault.retry_after:g}"} if fault.retry_after is not None else {}
        return JSONResponse({"error": {"code": "simulated", "message": "simulated trouble"}}, fault.status, headers)
    if fault.kind == "hang":
        await asyncio.sleep(fault.seconds)
    return _Broken(b'{"id": "mv_' if fault.kind == "partial" else b"")
