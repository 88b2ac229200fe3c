"""One confirmed call in a process of its own, so that it can be killed at a fault point: `python -m evals.tau_retail.one_call <json>`."""

import asyncio
import json
import sys
from typing import Any
from uuid import UUID

from core.identity import RunContext
from evals.tau_retail.world import World
from store.engine import app_url, build_engine
from store.unit import Units
from tools.executor import Executor
from tools.toolbox import build_toolbox


async def call(told: dict[str, Any]) -> None:
    """Make the call."""
    world = World({})
    engine = build_engine(app_url(told["url"]), pool_size=1)
    executor = Executor(Units(engine), build_toolbox(None), {})  # pyright: ignore[reportArgumentType] no article is searched
    ctx = RunContext(world.customer(told["user"]), idempotency_key="killed", approval_id=UUID(told["approval"]))
    await executor.execute(ctx, told["tool"], told["args"])


if __name__ == "__main__":
    asyncio.run(call(json.loads(sys.argv[1])))
