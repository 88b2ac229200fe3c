"""The unit of work: one transaction, one tenant, one commit. Nobody else opens a session or commits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from pydantic import JsonValue
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from core.clock import Clock, system_clock
from core.errors import Unavailable
from core.events import RunFact
from core.identity import Principal

Row = TypeVar("Row", bound=SQLModel)

_BIND = text("SELECT set_config('app.tenant_id', :tenant, true), set_config('app.customer_id', :customer, true)")


@dataclass(frozen=True, slots=True)
class Message:
    """A domain event or outbound call that leaves after the commit."""

    topic: str
    body: dict[str, JsonValue]


@dataclass(slots=True)
class ReadTx:
    """A transaction that reads: a session bound to a principal's tenant (and customer), and the instant it began."""

    session: AsyncSession
    principal: Principal
    now: datetime

    @property
    def tenant_id(self) -> UUID:
        """The tenant that every row of this transaction belongs to."""
        return self.principal.tenant_id


@dataclass(slots=True)
class Tx(ReadTx):
    """A transaction that writes. What it emits and appends is stored with its effect, or not at all."""

    outbox: list[Message] = field(default_factory=list)
    facts: list[RunFact] = field(default_factory=list)

    def add(self, row: Row) -> Row:
        """Insert `row` for this transaction's tenant at the next flush."""
        row.tenant_id = self.principal.tenant_id  # type: ignore[attr-defined]
        self.session.add(row)
        return row

    def emit(self, topic: str, **body: JsonValue) -> None:
        """Queue a domain event, such as `order.cancelled`, for the outbox of this transaction."""
        self.outbox.append(Message(topic, body))


class Units:
    """Opens transactions on one engine."""

    def __init__(self, engine: AsyncEngine, clock: Clock = system_clock) -> None:
        self.engine = engine
        self.clock = clock

    @asynccontextmanager
    async def read(self, principal: Principal) -> AsyncIterator[ReadTx]:
        """Open a transaction that sees the principal's rows and keeps nothing."""
        async with self._session(principal) as session:
            yield ReadTx(session, principal, self.clock())

    @asynccontextmanager
    async def write(self, principal: Principal) -> AsyncIterator[Tx]:
        """Open a transaction that commits once, when the block ends without an error."""
        async with self._session(principal) as session:
            yield Tx(session, principal, self.clock())
            with translated():
                await session.commit()

    @asynccontextmanager
    async def _session(self, principal: Principal) -> AsyncIterator[AsyncSession]:
        with translated():
            async with AsyncSession(self.engine, expire_on_commit=False, autoflush=True) as session:
                await session.execute(_BIND, {"tenant": str(principal.tenant_id), "customer": str(principal.customer_id or "")})
                yield session

    async def call(self, function: str, **arguments: Any) -> list[Any]:
        """Call one of the SECURITY DEFINER functions that look across tenants (sign-in, queue), in its own transaction."""
        named = ", ".join(f"{name} => :{name}" for name in arguments)
        with translated():
            async with self.engine.begin() as connection:
                return list((await connection.execute(text(f"SELECT * FROM {function}({named})"), arguments)).mappings())  # noqa: S608


class translated:  # noqa: N801
    """Turn a lost or refused connection into `Unavailable`; every other error passes."""

    def __enter__(self) -> None:
        """Watch the block."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        """Translate what the block raised."""
        if isinstance(error, DBAPIError) and (error.connection_invalidated or _is_connection_error(error.orig)):
            raise Unavailable("the database cannot be reached right now; try again shortly", code="database_unavailable") from error
        if isinstance(error, psycopg.OperationalError) and _is_connection_error(error):
            raise Unavailable("the database cannot be reached right now; try again shortly", code="database_unavailable") from error


def _is_connection_error(error: BaseException | None) -> bool:
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate[:2] in {"08", "57"} or error.sqlstate == "53300"
