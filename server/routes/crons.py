"""Runs that start by the clock, in the form of LangGraph's API."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Forbidden, InvalidInput
from core.identity import Permission, Principal
from core.ids import new_id
from server.assistants import name_of, resolve
from server.auth import Caller, Wired
from server.dialects.langgraph_objects import ListedCron, ShownCron, as_cron, chosen, paged
from server.dialects.langgraph_request import RunCreate, human_messages, refuse_steering
from server.errors import json_response
from server.once import IdempotencyKey, answer_once
from server.opening import checked_metadata
from server.schedules import next_time
from server.wiring import Runtime
from store.queries import crons, threads
from store.tables.service import Cron
from store.unit import Tx

router = APIRouter(tags=["crons"])


class CronCreate(RunCreate):
    """A run to start by the clock."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "assistant_id": "ops",
                    "schedule": "0 8 * * mon-fri",
                    "timezone": "Europe/Amsterdam",
                    "input": {"messages": [{"type": "human", "content": "Which orders are stuck?"}]},
                }
            ]
        },
    )

    schedule: str = Field(max_length=100, description="Five fields: minute hour day month weekday")
    timezone: str | None = Field(default=None, max_length=60)
    end_time: datetime | None = None
    enabled: bool = True
    on_run_completed: Literal["delete", "keep"] = "delete"


class CronPatch(RunCreate):
    """What to change of a schedule."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"enabled": False}]})

    schedule: str | None = Field(default=None, max_length=100)
    timezone: str | None = Field(default=None, max_length=60)
    end_time: datetime | None = None
    enabled: bool | None = None
    on_run_completed: Literal["delete", "keep"] | None = None


class CronCount(BaseModel):
    """Which schedules are meant."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"enabled": True}, {}]})

    assistant_id: str | None = None
    thread_id: UUID | None = None
    enabled: bool | None = None
    metadata: dict[str, Any] | None = None


class CronSearch(CronCount):
    """Which schedules to list, and how."""

    limit: int = Field(default=10, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    sort_by: Literal["cron_id", "assistant_id", "thread_id", "next_run_date", "end_time", "created_at", "updated_at"] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: list[str] | None = None


@router.post("/runs/crons", responses={200: {"model": ShownCron}})
async def create(request: Request, runtime: Wired, principal: Caller, body: CronCreate, key: IdempotencyKey = None) -> Response:
    """Schedule a run; each has a conversation of its own."""
    return await _create(request, runtime, principal, None, body, key)


@router.post("/threads/{thread_id}/runs/crons", responses={200: {"model": ShownCron}})
async def create_for_thread(
    request: Request, runtime: Wired, principal: Caller, thread_id: UUID, body: CronCreate, key: IdempotencyKey = None
) -> Response:
    """Schedule a run that goes on with a conversation."""
    return await _create(request, runtime, principal, thread_id, body, key)


@router.post("/runs/crons/search", responses={200: {"model": list[ListedCron]}})
async def search(runtime: Wired, principal: Caller, body: CronSearch) -> Response:
    """List the caller's schedules, newest first."""
    _check(principal)
    async with runtime.units.read(principal) as tx:
        rows, total = await crons.find(
            tx,
            **_filters(body),
            sort_by=body.sort_by or "created_at",
            descending=body.sort_order != "asc",
            limit=body.limit,
            offset=body.offset,
        )
    return json_response([chosen(as_cron(row), body.select) for row in rows], headers=paged(body.offset, len(rows), total))


@router.post("/runs/crons/count")
async def count(runtime: Wired, principal: Caller, body: CronCount) -> int:
    """Count the caller's schedules."""
    _check(principal)
    async with runtime.units.read(principal) as tx:
        _, total = await crons.find(tx, **_filters(body), limit=1)
    return total


@router.get("/runs/crons/{cron_id}", responses={200: {"model": ShownCron}})
async def get(runtime: Wired, principal: Caller, cron_id: UUID) -> Response:
    """Return a schedule."""
    async with runtime.units.read(principal) as tx:
        return json_response(as_cron(await crons.get(tx, cron_id)))


@router.patch("/runs/crons/{cron_id}", responses={200: {"model": ShownCron}})
async def patch(runtime: Wired, principal: Caller, cron_id: UUID, body: CronPatch) -> Response:
    """Change a schedule; what is not named stays."""
    async with runtime.units.write(principal) as tx:
        row = await crons.get(tx, cron_id, lock=True)
        _check(principal)
        if body.input is not None:
            row.payload = _payload(body)
        if body.metadata is not None:
            row.meta = checked_metadata(body.metadata)
        if "end_time" in body.model_fields_set:
            row.end_at = _instant(body.end_time)
        row.schedule, row.timezone = body.schedule or row.schedule, body.timezone or row.timezone
        row.on_completion = body.on_run_completed or row.on_completion
        row.enabled = row.enabled if body.enabled is None else body.enabled
        crons.next_is(row, next_time(row.schedule, row.timezone, tx.now, row.end_at))
        row.updated_at = tx.now
        tx.session.add(row)
    return json_response(as_cron(row))


@router.delete("/runs/crons/{cron_id}", status_code=204)
async def delete(runtime: Wired, principal: Caller, cron_id: UUID) -> None:
    """Delete a schedule; runs that it started go on."""
    async with runtime.units.write(principal) as tx:
        await crons.remove(tx, cron_id)


async def _create(
    request: Request, runtime: Runtime, principal: Principal, thread_id: UUID | None, body: CronCreate, key: str | None
) -> Response:
    async def make(tx: Tx) -> dict[str, Any]:
        if thread_id is not None:
            await threads.get(tx, thread_id)
        _check(principal)
        cron = Cron(
            tenant_id=tx.tenant_id,
            id=new_id(),
            user_id=principal.user_id,
            thread_id=thread_id,
            assistant=resolve(runtime, principal, body.assistant_id),
            schedule=body.schedule,
            timezone=body.timezone,
            payload=_payload(body),
            meta=checked_metadata(body.metadata or {}),
            on_completion=body.on_run_completed,
            enabled=body.enabled,
            end_at=_instant(body.end_time),
            created_at=tx.now,
            updated_at=tx.now,
        )
        crons.next_is(cron, next_time(cron.schedule, cron.timezone, tx.now, cron.end_at))
        return as_cron(await crons.add(tx, cron))

    return await answer_once(request, runtime, principal, key, make)


def _check(principal: Principal) -> None:
    if not principal.may(Permission.RUN_SCHEDULE):
        raise Forbidden("schedules are for the shop's staff")


def _payload(body: RunCreate) -> dict[str, Any]:
    refuse_steering(body)
    if body.webhook:
        raise Forbidden("webhooks of schedules are not offered: name one with a run")
    if body.command is not None:
        raise InvalidInput("a decision cannot be scheduled", field="command")
    return {"messages": human_messages(body)}


def _instant(given: datetime | None) -> datetime | None:
    return given.replace(tzinfo=UTC) if given is not None and given.tzinfo is None else given


def _filters(body: CronCount) -> dict[str, Any]:
    assistant = None if body.assistant_id is None else name_of(body.assistant_id) or ""
    return {"assistant": assistant, "thread_id": body.thread_id, "enabled": body.enabled, "meta": body.metadata}
