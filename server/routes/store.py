"""Items that a client keeps for its user, in the form of LangGraph's API. Each user has a store of their own."""

from datetime import timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from core.errors import InvalidInput
from server.auth import Caller, Wired
from server.dialects.langgraph_objects import ShownItem, ShownItems, ShownNamespaces, as_item
from server.errors import json_response
from store.queries import items

router = APIRouter(prefix="/store", tags=["store"])
_LARGEST_VALUE = 16 * 1024
_DEEPEST = 10
Label = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^.\x00]+$")]
Namespace = Annotated[list[Label], Field(min_length=1, max_length=_DEEPEST)]
Prefix = Annotated[list[Label], Field(max_length=_DEEPEST)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ItemPut(_Body):
    """A value to keep."""

    model_config = ConfigDict(
        extra="ignore", json_schema_extra={"examples": [{"namespace": ["settings"], "key": "theme", "value": {"dark": True}}]}
    )

    namespace: Namespace
    key: Key
    value: dict[str, Any]
    ttl: float | None = Field(default=None, gt=0, le=525_600, description="Minutes after which it is forgotten")


class ItemName(_Body):
    """Which value."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"namespace": ["settings"], "key": "theme"}]})

    namespace: Namespace
    key: Key


class ItemSearch(_Body):
    """Which values to list."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"namespace_prefix": ["settings"]}]})

    namespace_prefix: Prefix = []
    filter: dict[str, Any] | None = Field(default=None, description="Fields that the value has, with these contents")
    query: str | None = Field(default=None, max_length=500, description="Words that the value names")
    limit: int = Field(default=10, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class NamespaceSearch(_Body):
    """Which namespaces to list."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"examples": [{"prefix": ["settings"], "max_depth": 2}]})

    prefix: Prefix | None = None
    suffix: Prefix | None = None
    max_depth: int | None = Field(default=None, ge=1, le=_DEEPEST)
    limit: int = Field(default=100, ge=1, le=1000)
    offset: int = Field(default=0, ge=0, le=1_000_000)


@router.put("/items", status_code=204)
async def put(runtime: Wired, principal: Caller, body: ItemPut) -> None:
    """Keep a value, in place of the one that was there."""
    try:
        size = len(orjson.dumps(body.value))
    except TypeError as error:
        raise InvalidInput("holds a character or number that cannot be stored", field="value") from error
    if size > _LARGEST_VALUE:
        raise InvalidInput(f"at most {_LARGEST_VALUE} bytes of JSON are kept, these are {size}", field="value")
    async with runtime.units.write(principal) as tx:
        expires = None if body.ttl is None else tx.now + timedelta(minutes=body.ttl)
        await items.put(tx, body.namespace, body.key, body.value, expires)


@router.get("/items", responses={200: {"model": ShownItem}})
async def get(
    runtime: Wired,
    principal: Caller,
    key: Annotated[Key, Query()],
    namespace: Annotated[str, Query(min_length=1, max_length=1100, description="Its labels, with full stops between them")],
) -> Response:
    """Return a value."""
    async with runtime.units.read(principal) as tx:
        return json_response(as_item(await items.get(tx, namespace.split("."), key)))


@router.delete("/items", status_code=204)
async def delete(runtime: Wired, principal: Caller, body: ItemName) -> None:
    """Delete a value, if there is one."""
    async with runtime.units.write(principal) as tx:
        await items.remove(tx, body.namespace, body.key)


@router.post("/items/search", responses={200: {"model": ShownItems}})
async def search(runtime: Wired, principal: Caller, body: ItemSearch) -> Response:
    """List values beneath a namespace, the newest or the best fitting first."""
    async with runtime.units.read(principal) as tx:
        found = await items.search(tx, body.namespace_prefix, matching=body.filter, words=body.query, limit=body.limit, offset=body.offset)
    return json_response({"items": [{**as_item(one.item), "score": one.score} for one in found]})


@router.post("/namespaces", responses={200: {"model": ShownNamespaces}})
async def namespaces(runtime: Wired, principal: Caller, body: NamespaceSearch) -> Response:
    """List the namespaces that hold values."""
    async with runtime.units.read(principal) as tx:
        found = await items.namespaces(
            tx, prefix=body.prefix or [], suffix=body.suffix or [], depth=body.max_depth, limit=body.limit, offset=body.offset
        )
    return json_response({"namespaces": found})
