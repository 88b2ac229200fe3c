"""One answer for one `Idempotency-Key`: stored with what it answers, in the same transaction, and given again for a day."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import orjson
from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Conflict
from core.identity import Principal
from server.wiring import Runtime
from store.queries import answers
from store.unit import Tx

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=150,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key with the same body has its effect once and gets the same answer",
    ),
]


async def fingerprint(request: Request) -> str:
    """Return the hash of what a request asks: its method, path and body."""
    asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return hashlib.sha256(asked).hexdigest()


async def answer_once(
    request: Request, runtime: Runtime, principal: Principal, key: str | None, make: Callable[[Tx], Awaitable[Any]]
) -> Response:
    """Answer with what `make` returns, or with what it returned to the same request before.

    Raises:
        Conflict: the key was used for another request.
    """
    async with runtime.units.write(principal) as tx:
        if key is None:
            body = orjson.dumps(await make(tx))
        else:
            asked = await fingerprint(request)
            kept = await answers.claim(tx, key, asked)
            if kept is None:
                body = orjson.dumps(await make(tx))
                await answers.settle(tx, key, body)
            elif kept[0] == asked:
                body = kept[1]
            else:
                raise Conflict("this Idempotency-Key was used for another request", code="idempotency_key_reused")
    return Response(body, media_type="application/json")
