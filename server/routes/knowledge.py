"""Files for the knowledge of a store: uploaded as they are, read here, and added by the tool `add_source` like any other text."""

import asyncio
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Forbidden, TooLarge
from core.identity import Permission, RunContext
from core.ids import new_id
from core.knowing import Visibility
from memory.parsing import LARGEST_FILE, parse
from server.auth import Caller, Wired
from server.errors import json_response
from server.once import IdempotencyKey
from tools.result import ToolResult

router = APIRouter(prefix="/v1/knowledge", tags=["knowledge"])
UPLOADS = "/v1/knowledge/files/"
"""Below this, bodies may be as large as a file."""
_FILE: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"format": "binary"}}}}}
_Language = Annotated[str, Query(pattern=r"^[a-z]{2}$", description="Two letters, such as de")]


@router.put("/files/{name}", response_model=ToolResult, openapi_extra=_FILE)
async def upload(
    request: Request,
    runtime: Wired,
    principal: Caller,
    name: str,
    title: Annotated[str, Query(max_length=200, description="Without it, what the file itself is called")] = "",
    visibility: Visibility = Visibility.STAFF,
    language: _Language = "en",
    valid_from: date | None = None,
    valid_until: date | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Add a file, or its next version: Markdown, HTML, PDF, DOCX, CSV or text of at most 20 MB, as the body.

    What the name's ending says is checked against the content. The answer is the tool's: `pending` when customers would read it, until
    that is confirmed.
    """
    if not principal.may(Permission.KNOWLEDGE_WRITE):
        raise Forbidden(f"your role ({principal.role}) may not add to the knowledge")
    await request.app.state.limits.request(principal)
    content = await _content(request)
    async with request.app.state.limits.reading:
        parsed = await asyncio.to_thread(parse, name[:120], content)
    args = {
        "source": name,
        "text": parsed.body,
        "title": title or parsed.title[:200],
        "visibility": visibility.value,
        "language": language,
        "valid_from": valid_from.isoformat() if valid_from else None,
        "valid_until": valid_until.isoformat() if valid_until else None,
    }
    context = RunContext(principal=principal, idempotency_key=idempotency_key or str(new_id()), request_id=request.state.request_id)
    result = await runtime.executor.execute(context, "add_source", args)
    request.app.state.metrics.tool_calls.labels("add_source", result.status.value).inc()
    return json_response(result.model_dump(mode="json"))


async def _content(request: Request) -> bytes:
    """Return the body, of which no more is taken than a file may have."""
    taken = bytearray()
    async for part in request.stream():
        taken += part
        if len(taken) > LARGEST_FILE:
            raise TooLarge(f"at most {LARGEST_FILE // 1024 // 1024} MB can be added, so split it")
    return bytes(taken)
