"""The HTTP application: middleware, errors, routes. Read this first."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware

from memory.parsing import LARGEST_FILE
from server import errors
from server.limits import Limits
from server.metrics import Metrics
from server.middleware import Around, BodyLimit
from server.readers import Readers
from server.routes import (
    approvals,
    assistants,
    crons,
    documents,
    exports,
    health,
    knowledge,
    metrics,
    page,
    runs,
    session,
    stateless,
    states,
    store,
    threads,
    tools,
    webhooks,
)
from server.wiring import Runtime

_EXPOSED = ["Location", "Content-Location", "X-Pagination-Total", "X-Pagination-Next", "X-Request-Id", "Retry-After"]
_ACCEPTED = ["content-type", "x-api-key", "x-auth-scheme", "authorization", "last-event-id", "idempotency-key", "x-request-id"]
_DESCRIPTION = (
    "LLM agents that run a shop. `/threads`, `/runs`, `/assistants` and `/store` follow the LangGraph API; "
    "`/v1` holds what is ours. Every error is `{detail, code}`."
)


def create_app(runtime: Runtime, *, with_worker: Callable[[], AbstractAsyncContextManager[Any]] | None = None) -> FastAPI:
    """Return the application over an open runtime; `with_worker` is entered while it serves."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with with_worker() if with_worker else nullcontext():
            yield
        await readers.aclose()

    readers = Readers(runtime.units, runtime.settings.runs.reader_grace)
    app = FastAPI(title="Storehand", version=health.VERSION, description=_DESCRIPTION, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.runtime = runtime
    app.state.limits = Limits(runtime.limiter, runtime.settings.http)
    app.state.metrics = Metrics()
    app.state.readers = readers
    errors.install(app)
    for module in (
        session,
        threads,
        states,
        crons,
        runs,
        stateless,
        assistants,
        store,
        approvals,
        exports,
        tools,
        webhooks,
        health,
        metrics,
        documents,
        knowledge,
    ):
        app.include_router(module.router, responses=errors.PROBLEMS)
    page.mount(app)
    app.openapi = lambda: _openapi(app, runtime)
    app.add_middleware(BodyLimit, limit=runtime.settings.http.max_body_bytes, larger={knowledge.UPLOADS: LARGEST_FILE})
    app.add_middleware(Around, metrics=app.state.metrics)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=runtime.settings.http.cors_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=_ACCEPTED,
        expose_headers=_EXPOSED,
    )
    return app


def _openapi(app: FastAPI, runtime: Runtime) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        tools.document(app.openapi_schema, runtime.toolbox)
    return app.openapi_schema
