"""The smoke suite as one Inspect AI task: `storehand eval smoke`, then `inspect view --log-dir logs`.

Each scenario gets a fresh copy of the demo shop. The model under test is Storehand's own (offline, or the configured one); Inspect's model
is not asked.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from inspect_ai import Task, eval  # pyright: ignore[reportUnknownVariableType]
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ChatMessageUser
from inspect_ai.scorer import Score, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, TaskState, solver

from core.settings import Settings
from evals.play import play
from evals.scenarios import SCENARIOS
from server.cli.output import out, progress
from server.setup import index_knowledge, migrate, seed_demo
from server.wiring import Runtime, open_runtime
from store.embedded import Endpoints, servers
from store.seed import Size

_SIZE = Size(products=60, customers=60, orders=300)


def run_smoke(settings: Settings, log_dir: str, only: list[str]) -> int:
    """Run the suite and print a line a scenario; return 0 when all pass."""
    chosen = [scenario for scenario in SCENARIOS if not only or scenario.name in only]
    with servers(settings, progress=progress) as endpoints:
        template = _prepare(settings, endpoints)
        try:
            task = Task(
                dataset=[Sample(id=scenario.name, input=" / ".join(scenario.turns), target="all checks hold") for scenario in chosen],
                solver=_played(settings, endpoints, template),
                scorer=_end_state(),
                name="storehand_smoke",
            )
            logs = eval(task, model="mockllm/model", log_dir=log_dir, display="none", max_samples=1, log_level="warning")
        finally:
            _drop(endpoints, template)
    failures = 0
    for sample in logs[0].samples or []:
        score = next(iter((sample.scores or {}).values()), None)
        passed = score is not None and score.value == "C"
        failures += not passed
        out().print(
            f"{'[green]pass[/green]' if passed else '[red]FAIL[/red]'}  {sample.id:<22} {'' if passed or score is None else score.explanation}"
        )
    out().print(f"\n{len(chosen) - failures} of {len(chosen)} scenarios pass. Details: inspect view --log-dir {log_dir}")
    return 1 if failures or not logs[0].samples else 0


def _played(settings: Settings, endpoints: Endpoints, template: str):
    @solver
    def scenario_player():
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            scenario = next(scenario for scenario in SCENARIOS if scenario.name == state.sample_id)
            async with _fresh(settings, endpoints, template) as runtime:
                played = await play(runtime, scenario)
            state.messages = [_message(who, said) for who, said in played.transcript]
            state.output.completion = played.answer
            state.metadata |= {
                "problems": played.problems,
                "model_calls": played.model_calls,
                "tokens": played.tokens,
                "agents": played.agents,
            }
            return state

        return solve

    return scenario_player()


@scorer(metrics=[accuracy(), stderr()])
def _end_state():
    """Grade on what is true of the database afterwards."""

    async def score(state: TaskState, target: Target) -> Score:
        problems: list[str] = state.metadata["problems"]
        return Score(value="I" if problems else "C", explanation="; ".join(problems) or "all checks hold", answer=state.output.completion)

    return score


def _message(who: str, said: str) -> ChatMessageUser | ChatMessageAssistant | ChatMessageTool:
    if who == "tool":
        return ChatMessageTool(content=said)
    return ChatMessageAssistant(content=said) if who == "storehand" else ChatMessageUser(content=said)


def _prepare(settings: Settings, endpoints: Endpoints) -> str:
    name = f"eval_{uuid4().hex[:8]}"
    _admin(endpoints, f'CREATE DATABASE "{name}"')
    shop = _at(endpoints, name)
    migrate(shop.db_url, progress)
    asyncio.run(_fill(settings, shop))
    return name


async def _fill(settings: Settings, endpoints: Endpoints) -> None:
    await seed_demo(endpoints, _SIZE, progress)
    async with open_runtime(settings, endpoints) as runtime:
        await index_knowledge(runtime, progress)


@asynccontextmanager
async def _fresh(settings: Settings, endpoints: Endpoints, template: str) -> AsyncIterator[Runtime]:
    name = f"eval_{uuid4().hex[:8]}"
    await asyncio.to_thread(_admin, endpoints, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    try:
        async with open_runtime(settings, _at(endpoints, name)) as runtime:
            yield runtime
    finally:
        await asyncio.to_thread(_drop, endpoints, name)


def _at(endpoints: Endpoints, name: str) -> Endpoints:
    return replace(endpoints, db_url=urlunsplit(urlsplit(endpoints.db_url)._replace(path=f"/{name}")))


def _admin(endpoints: Endpoints, statement: str) -> None:
    with psycopg.connect(_at(endpoints, "postgres").db_url, autocommit=True) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


def _drop(endpoints: Endpoints, name: str) -> None:
    _admin(endpoints, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
