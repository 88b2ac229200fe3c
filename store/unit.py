"""The unit of work: one transaction, one tenant, one commit. Nobody else opens a session or commits."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from pydantic import JsonValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from core.clock import Clock, system_clock
from core.errors import Unavailable
from core.events import RunFact
from core.identity import Principal

Row = TypeVar("Row", bound=SQLModel)

_BEGIN = "BEGIN {mode}; SELECT set_config('app.tenant_id', '{tenant}', true), set_config('app.customer_id', '{customer}', true){more}"
"""One round trip opens a transaction and binds it. Several statements in one text take no parameters: both ids are UUIDs in any case."""
_RELAXED = ", set_config('synchronous_commit', 'off', true)"


@dataclass(frozen=True, slots=True)
class Message:
    """A domain event or outbound call that leaves after the commit."""

    topic: str
    body: dict[str, JsonValue]


@dataclass
class ReadTx:
    """A transaction that reads: a connection bound to a principal's tenant (and customer), and the instant it began."""

    connection: AsyncConnection
    principal: Principal
    now: datetime
    _session: AsyncSession | None = None

    @property
    def tenant_id(self) -> UUID:
        """The tenant that every row of this transaction belongs to."""
        return self.principal.tenant_id

    @property
    def session(self) -> AsyncSession:
        """The object session of this transaction, made when first used: plain statements go without its cost."""
        if self._session is None:
            self._session = AsyncSession(bind=self.connection, expire_on_commit=False)
        return self._session

    async def run(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of `%s` or `%(name)s` places on the driver itself, and return its rows: for what every call pays."""
        try:
            cursor = await self.driver.execute(statement, values or None)  # pyright: ignore[reportArgumentType]
            return await cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise DBAPIError.instance(statement, None, error, psycopg.Error) from error  # pyright: ignore[reportArgumentType]

    @cached_property
    def driver(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """The driver's own connection, in this transaction."""
        return driver_of(self.connection)

    @property
    def dirty(self) -> bool:
        """Whether objects wait to be written."""
        session = self._session
        return session is not None and bool(session.new or session.dirty or session.deleted)

    async def call_last(self, function: str, **arguments: Any) -> list[dict[str, Any]]:
        """End what only reads, then call a database function that binds its own rows, over the same connection.

        The call is a transaction of its own: nobody waits for a second connection while holding one. Nothing is read afterwards.
        """
        await self.commit()
        return await call(self.driver, function, **arguments)

    async def commit(self) -> None:
        """End the transaction. Reads do so too: after a rollback the driver forgets its prepared statements."""
        await self.driver.commit()

    async def close(self) -> None:
        """Let go of loaded objects; they stay readable."""
        if self._session is not None:
            self._session.expunge_all()
            await self._session.close()


@dataclass
class Tx(ReadTx):
    """A transaction that writes. What it emits and appends is stored with its effect, or not at all."""

    outbox: list[Message] = field(default_factory=list[Message])
    facts: list[RunFact] = field(default_factory=list[RunFact])

    async def call_last(self, function: str, **arguments: Any) -> list[dict[str, Any]]:
        """Call a database function that binds its own rows, as a part of this transaction."""
        return await call(self.driver, function, **arguments)

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
        with translated():
            async with self.engine.connect() as connection:
                tx = ReadTx(connection, principal, self.clock())
                await tx.run(_begin(principal, "READ ONLY"))
                try:
                    yield tx
                    await tx.commit()
                finally:
                    await tx.close()

    @asynccontextmanager
    async def write(self, principal: Principal, *, relaxed: bool = False) -> AsyncIterator[Tx]:
        """Open a transaction that commits once, when the block ends without an error.

        Args:
            principal: whose rows it sees and writes.
            relaxed: the commit does not wait for the disk; the next commit that does makes this one durable too (PostgreSQL writes
                its log in order). For records that a later transaction of the same run confirms.
        """
        with translated():
            async with self.engine.connect() as connection:
                tx = Tx(connection, principal, self.clock())
                await tx.run(_begin(principal, "READ WRITE", _RELAXED if relaxed else ""))
                try:
                    yield tx
                    if tx.dirty:
                        await tx.session.flush()
                    await tx.commit()
                finally:
                    await tx.close()

    async def call(self, function: str, **arguments: Any) -> list[dict[str, Any]]:
        """Call a database function that binds its own rows: one of those that look across tenants (sign-in, queue), or the end of a run.

        The statement is a transaction of its own, in one round trip.
        """
        with translated():
            async with self.engine.connect() as connection:
                return await call(driver_of(connection), function, **arguments)


async def call(connection: psycopg.AsyncConnection[Any], function: str, **arguments: Any) -> list[dict[str, Any]]:
    """Call a database function on a connection of the driver, as `Units.call` does on one of the engine's."""
    named = ", ".join(f"{name} => %({name}){'b' if isinstance(value, list) else 's'}" for name, value in arguments.items())
    statement = f"SELECT * FROM {function}({named})"  # noqa: S608
    try:
        async with connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(statement, arguments or None)  # pyright: ignore[reportArgumentType]
            return await cursor.fetchall()
    except psycopg.Error as error:
        raise DBAPIError.instance(statement, None, error, psycopg.Error) from error  # pyright: ignore[reportArgumentType]


def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[tuple[Any, ...]]:
    """Return the driver's connection under SQLAlchemy's."""
    proxied = connection.sync_connection
    assert proxied is not None
    return proxied.connection.driver_connection  # pyright: ignore[reportReturnType]


def _begin(principal: Principal, mode: str, more: str = "") -> str:
    return _BEGIN.format(mode=mode, tenant=UUID(str(principal.tenant_id)), customer=principal.customer_id or "", more=more)


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
