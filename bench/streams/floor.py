"""The floor: LangChain's `create_agent` with ChatOpenAI and AsyncPostgresSaver behind a plain SSE handler, in one process."""

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import orjson
import uvicorn
from fastapi import FastAPI
from langchain_core.messages import AIMessageChunk
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from bench.streams.agent import build


class Ask(BaseModel):
    """What is asked."""

    question: str


def create_app(database: str, model_url: str) -> FastAPI:
    """Return the server; its pool is as large as ours."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        pool: Any = AsyncConnectionPool(
            database, max_size=10, open=False, kwargs={"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
        )
        async with pool:
            app.state.graph = build(model_url, AsyncPostgresSaver(pool))
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/ask")
    async def ask(body: Ask) -> StreamingResponse:  # pyright: ignore[reportUnusedFunction]
        async def events() -> AsyncGenerator[bytes]:
            config = {"configurable": {"thread_id": str(uuid4())}}
            given = {"messages": [("user", body.question)]}
            async for chunk, _ in app.state.graph.astream(given, config, stream_mode="messages", durability="sync"):
                if isinstance(chunk, AIMessageChunk) and chunk.content:
                    yield b"event: messages\ndata: " + orjson.dumps([{"content": chunk.content}]) + b"\n\n"
            yield b"event: end\ndata: null\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(sys.argv[1], sys.argv[2]), port=int(sys.argv[3]), log_level="warning", access_log=False)
