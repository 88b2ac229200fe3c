"""How a conversation is opened."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict, InvalidInput
from core.identity import Principal
from server.wiring import Runtime
from store.queries import threads
from store.tables.runtime import Thread
from store.unit import Tx

_LARGEST_METADATA = 16 * 1024


async def open_thread(
    runtime: Runtime, principal: Principal, thread_id: UUID | None, metadata: dict[str, Any], *, reuse: bool = False
) -> Thread:
    """Open a conversation, under the client's own id when it gives one.

    Raises:
        Conflict: the id is taken.
    """
    async with runtime.units.write(principal) as tx:
        return await open_in(tx, thread_id, metadata, reuse=reuse)


async def open_in(tx: Tx, thread_id: UUID | None, metadata: dict[str, Any], *, reuse: bool = False) -> Thread:
    """Open a conversation in a transaction.

    Raises:
        Conflict: the id is taken.
    """
    taken = Conflict(f"Thread with ID {thread_id} already exists", code="thread_exists")
    meta = checked_metadata(metadata)
    known = await threads.taken(tx, thread_id) if thread_id is not None else None
    if known is not None and reuse:
        return known
    if known is not None:
        raise taken
    try:
        return await threads.create(tx, thread_id, meta)
    except IntegrityError as error:
        raise taken from error


def checked_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata that can be stored.

    Raises:
        InvalidInput: too large, or not storable as JSON.
    """
    try:
        size = len(orjson.dumps(metadata))
    except TypeError as error:
        raise InvalidInput("holds a character or number that cannot be stored", field="metadata") from error
    if size > _LARGEST_METADATA:
        raise InvalidInput(f"at most {_LARGEST_METADATA} bytes of JSON are kept, these are {size}", field="metadata")
    return metadata
