"""The objects of LangGraph's API: how ours are shown in its form, and what its documentation says of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, create_model

from server.dialects.langgraph import assistant_uuid
from store.tables.runtime import Run, RunStatus, ThreadStatus
from store.tables.service import Cron, StoreItem

_THREAD, _RUN = "01a203db-f4ce-76a7-bafd-6494f401ebe5", "01a203db-f4f6-77c0-849d-909796165c48"
_OPS = str(assistant_uuid("ops"))
_AT = "2026-11-22T15:24:36.430891+00:00"


class _Shown(BaseModel):
    """What answers are described by; they are not checked against it while they are made."""


class ShownInterrupt(_Shown):
    """A question to a person."""

    id: str
    value: dict[str, Any]


class ShownThread(_Shown):
    """A conversation."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "thread_id": _THREAD,
                    "created_at": _AT,
                    "updated_at": _AT,
                    "state_updated_at": _AT,
                    "metadata": {"graph_id": "ops", "assistant_id": _OPS},
                    "status": "idle",
                    "config": {},
                    "values": {"messages": [{"type": "human", "content": "Which orders are stuck?", "id": _RUN}]},
                    "error": None,
                    "interrupts": {},
                }
            ]
        }
    )
    thread_id: UUID
    created_at: str
    updated_at: str
    state_updated_at: str
    metadata: dict[str, Any]
    status: ThreadStatus
    config: dict[str, Any]
    values: dict[str, Any] | None
    error: dict[str, Any] | None
    interrupts: dict[str, list[ShownInterrupt]]


class ShownCheckpoint(_Shown):
    """Where a state of a conversation is stored."""

    thread_id: UUID
    checkpoint_ns: str
    checkpoint_id: str


class ShownState(_Shown):
    """A state of a conversation."""

    values: dict[str, Any]
    next: list[str]
    tasks: list[dict[str, Any]]
    metadata: dict[str, Any]
    created_at: str | None
    checkpoint: ShownCheckpoint | None
    parent_checkpoint: ShownCheckpoint | None
    interrupts: list[ShownInterrupt]
    checkpoint_id: str | None
    parent_checkpoint_id: str | None


class ShownUpdate(_Shown):
    """Where a changed state is stored."""

    checkpoint: ShownCheckpoint
    configurable: ShownCheckpoint
    checkpoint_id: str


class ShownRun(_Shown):
    """A run."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "run_id": _RUN,
                    "thread_id": _THREAD,
                    "assistant_id": _OPS,
                    "metadata": {"graph_id": "ops", "assistant_id": _OPS},
                    "status": "success",
                    "kwargs": {"input": {"messages": [{"id": _RUN, "content": "Which orders are stuck?"}]}, "stream_mode": ["values"]},
                    "multitask_strategy": "enqueue",
                    "created_at": _AT,
                    "updated_at": _AT,
                }
            ]
        }
    )
    run_id: UUID
    thread_id: UUID
    assistant_id: UUID
    metadata: dict[str, Any]
    status: RunStatus
    kwargs: dict[str, Any]
    multitask_strategy: str
    created_at: str
    updated_at: str


class ShownAssistant(_Shown):
    """An assistant."""

    assistant_id: UUID
    graph_id: str
    config: dict[str, Any]
    context: dict[str, Any]
    metadata: dict[str, Any]
    name: str
    description: str | None
    created_at: str
    updated_at: str
    version: int


class ShownSchemas(_Shown):
    """What an assistant takes and gives, as JSON Schemas."""

    graph_id: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    state_schema: dict[str, Any]
    config_schema: dict[str, Any]
    context_schema: dict[str, Any]


class ShownGraph(_Shown):
    """The nodes and edges of a graph."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]


class ShownCron(_Shown):
    """A run that starts by the clock."""

    cron_id: UUID
    assistant_id: UUID
    thread_id: UUID | None
    on_run_completed: str | None
    end_time: str | None
    schedule: str = Field(examples=["0 8 * * mon-fri"])
    timezone: str | None
    created_at: str
    updated_at: str
    payload: dict[str, Any]
    user_id: str
    next_run_date: str | None
    metadata: dict[str, Any]
    enabled: bool


class ShownItem(_Shown):
    """A value that a client keeps."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"namespace": ["settings"], "key": "theme", "value": {"dark": True}, "created_at": _AT, "updated_at": _AT}]
        }
    )
    namespace: list[str]
    key: str
    value: dict[str, Any]
    created_at: str
    updated_at: str
    score: float | None = None


class ShownItems(_Shown):
    """Values that a client keeps."""

    items: list[ShownItem]


class ShownNamespaces(_Shown):
    """Namespaces that hold values."""

    namespaces: list[list[str]]


def _listed(model: type[BaseModel]) -> type[BaseModel]:
    """Return a model of which a client may choose fields."""
    fields: Any = {name: (field.annotation, None) for name, field in model.model_fields.items()}
    return create_model(model.__name__.replace("Shown", "Listed"), __doc__=model.__doc__, **fields)


ListedThread = _listed(ShownThread)
ListedRun = _listed(ShownRun)
ListedAssistant = _listed(ShownAssistant)
ListedCron = _listed(ShownCron)
ListedState = _listed(ShownState)


def as_run(run: Run) -> dict[str, Any]:
    """Return a run in the API's form."""
    assistant = str(assistant_uuid(run.assistant))
    asked = {"input": {"messages": run.input["messages"]} if run.input.get("messages") else None}
    return {
        "run_id": str(run.id),
        "thread_id": str(run.thread_id),
        "assistant_id": assistant,
        "metadata": {**run.meta, "graph_id": run.assistant, "assistant_id": assistant},
        "status": run.status,
        "kwargs": {**asked, "stream_mode": run.options.get("stream_mode", ["values"])},
        "multitask_strategy": run.options.get("multitask", "enqueue"),
        "created_at": run.created_at.isoformat(),
        "updated_at": run.updated_at.isoformat(),
    }


def as_cron(cron: Cron) -> dict[str, Any]:
    """Return a schedule in the API's form."""
    return {
        "cron_id": str(cron.id),
        "assistant_id": str(assistant_uuid(cron.assistant)),
        "thread_id": str(cron.thread_id) if cron.thread_id else None,
        "on_run_completed": cron.on_completion,
        "end_time": cron.end_at.isoformat() if cron.end_at else None,
        "schedule": cron.schedule,
        "timezone": cron.timezone,
        "created_at": cron.created_at.isoformat(),
        "updated_at": cron.updated_at.isoformat(),
        "payload": {**cron.payload, "assistant_id": str(assistant_uuid(cron.assistant))},
        "user_id": str(cron.user_id),
        "next_run_date": cron.next_at.isoformat() if cron.next_at else None,
        "metadata": cron.meta,
        "enabled": cron.enabled,
    }


def as_item(item: StoreItem) -> dict[str, Any]:
    """Return an item in the API's form."""
    return {
        "namespace": item.namespace,
        "key": item.key,
        "value": item.value,
        "created_at": item.created_at.isoformat(),
        "updated_at": item.updated_at.isoformat(),
    }


def chosen(shown: dict[str, Any], select: Sequence[str] | None) -> dict[str, Any]:
    """Return the fields that a client asked for, all when it asked for none."""
    return shown if select is None else {name: shown[name] for name in select if name in shown}


def paged(offset: int, count: int, total: int) -> dict[str, str]:
    """Return the headers that tell a page's place."""
    headers = {"X-Pagination-Total": str(total)}
    if offset + count < total:
        headers["X-Pagination-Next"] = str(offset + count)
    return headers
