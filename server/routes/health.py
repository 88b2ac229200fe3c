"""Whether the process can work, for load balancers and for LangGraph's clients."""

import asyncio
from collections.abc import Awaitable
from importlib.metadata import version
from typing import Any
from uuid import UUID

import httpx
from fastapi import APIRouter
from starlette.responses import Response

from core.errors import Unavailable
from server.auth import Wired
from server.errors import json_response
from server.wiring import Runtime

router = APIRouter(tags=["health"])
_PATIENCE = 2.0
_NOBODY = UUID(int=0)
VERSION = version("storehand")


@router.get("/health")
async def health(runtime: Wired) -> Response:
    """Tell which of the servers behind this one answer; 503 when one does not."""
    names = ("db", "redis", "chroma")
    found = await asyncio.gather(*(_answers(check) for check in (_database(runtime), _valkey(runtime), _chroma(runtime))))
    up = all(found)
    content = {
        "status": "ok" if up else "unavailable",
        "version": VERSION,
        "checks": {name: "ok" if ok else "down" for name, ok in zip(names, found, strict=True)},
        "model": runtime.models.description,
    }
    return json_response(content, 200 if up else 503)


@router.get("/ok")
async def ok() -> dict[str, bool]:
    """Tell that this process answers."""
    return {"ok": True}


@router.get("/info")
async def info() -> dict[str, Any]:
    """Describe the server to LangGraph's clients."""
    flags = {"assistants": True, "crons": True, "langsmith": False}
    return {"version": VERSION, "langgraph_py_version": version("langgraph"), "flags": flags, "host": {}}


async def _answers(check: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            await check
    except (Unavailable, TimeoutError, httpx.HTTPError, OSError):
        return False
    return True


async def _database(runtime: Runtime) -> None:
    await runtime.units.call("now")


async def _valkey(runtime: Runtime) -> None:
    await runtime.live.read(_NOBODY, "0-0")


async def _chroma(runtime: Runtime) -> None:
    async with httpx.AsyncClient(timeout=_PATIENCE) as client:
        response = await client.get(f"{runtime.endpoints.chroma_url.rstrip('/')}/api/v2/heartbeat")
    response.raise_for_status()
