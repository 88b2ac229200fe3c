"""Every error of the API has one shape, `{"detail": str, "code": str}`, and says what to do; nothing internal leaves in it."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Audience, NotAuthenticated, RateLimited, StorehandError
from core.log import get_logger

_log = get_logger(__name__)
_CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
}
_MALFORMED = "the body is not valid JSON"
_SEND_JSON = "send a JSON object with the header Content-Type: application/json"
INTERNAL = "Something went wrong on our side; please try again."


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    detail: str
    code: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": description}
    for status, description in {
        400: "The body is not JSON",
        401: "Sign in first",
        403: "Your role may not do this",
        404: "There is no such thing for you",
        409: "The state forbids it now",
        413: "The body is too large",
        422: "A value is wrong",
        429: "Too many requests: see Retry-After",
        500: "Our fault",
        503: "A server behind this one cannot be reached",
    }.items()
}
"""How every route may answer when it does not do what it is asked."""

STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: metadata first, then what the stream modes ask for, end last",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": 'event: metadata\ndata: {"run_id": "..."}\n\n'}},
    }
}


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `content` as JSON, made by orjson."""
    return Response(orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS), status, headers, "application/json")


def problem(status: int, detail: str, code: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error in the API's one shape."""
    return json_response({"detail": detail, "code": code or _CODES.get(status, "error")}, status, headers)


def install(app: FastAPI) -> None:
    """Give every error of the application its answer. What nobody foresaw is answered by the outermost middleware."""
    app.add_exception_handler(StorehandError, _designed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(UnicodeEncodeError, _unstorable)


async def _designed(_: Request, error: Exception) -> Response:
    assert isinstance(error, StorehandError)
    if error.audience is Audience.OPERATOR:
        _log.error("operator error reached the API", code=error.code, error=error.message)
        return problem(500, INTERNAL, "internal")
    if error.status >= 500:
        _log.warning("request failed", code=error.code, error=error.message)
    headers: dict[str, str] = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(max(1, ceil(error.retry_after)))
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return problem(error.status, error.message, error.code, headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(400, _MALFORMED, "malformed_json")
    return problem(422, readable(found))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        return problem(400, _MALFORMED, "malformed_json")
    detail = {404: "there is nothing at this address", 405: "this address does not take that method"}.get(error.status_code, error.detail)
    return problem(error.status_code, detail, headers=error.headers)


async def _unstorable(_: Request, error: Exception) -> Response:
    _log.info("value refused by the store", error=type(error).__name__)
    return problem(422, "the request holds a character or number that cannot be stored; remove NUL characters and lone surrogates")


def readable(errors: Sequence[Any]) -> str:
    """Return validation errors as one sentence: each names its field and what is expected there."""
    parts: list[str] = []
    for item in errors[:3]:
        place = [str(part) for part in item["loc"]]
        field = ".".join(place[1:] if place[:1] in (["body"], ["query"], ["path"], ["header"]) else place)
        if not field:
            parts.append(_SEND_JSON)
        elif item["type"] == "missing":
            parts.append(f"{field}: is required")
        else:
            parts.append(f"{field}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(dict.fromkeys(parts))
