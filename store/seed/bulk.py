"""Write the demo shop into an empty database as its owner: by COPY, keys and indexes afterwards and all at once.

Row by row, triggers and foreign keys cost most of the time of a large shop. Here the tables of `MANY` lose them for the length of one
transaction, in which nobody else sees the tables; their figures are summed up once, and every key, foreign key and index is built, and
so checked, over all rows before the commit. What fails leaves the database as it was.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from core.errors import Conflict
from store.seed.build import ORDER_TABLES as MANY
from store.seed.model import Batch
from store.tables import metadata

_AHEAD = 48
"""Batches that are made while earlier ones are written."""
_SETTINGS = (
    "SET LOCAL maintenance_work_mem = '512MB'",
    "SET LOCAL work_mem = '128MB'",
    "SET LOCAL synchronous_commit = off",
    "SET LOCAL client_min_messages = warning",
)
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND (conrelid::regclass::text = ANY (%(many)s) OR confrelid::regclass::text = ANY (%(many)s)) ORDER BY 1, 2
"""
_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype IN ('p', 'u') AND conrelid::regclass::text = ANY (%(many)s) ORDER BY 1, 2
"""
_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid::regclass::text = ANY (%(many)s) AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY 1
"""
TRIGGERS = frozenset({
    "orders_figures_new", "order_lines_figures_new", "balance_movements_sum", "payment_transactions_sum", "shipment_lines_sum",
    "return_lines_cap", "tickets_known", "shipments_figures_new",
})  # fmt: skip
"""What happens at an insert into the tables of `MANY`: here it is in `_FIGURES`, in the rows themselves, or true of every seeded row."""
_FIGURES = (
    """
    INSERT INTO order_days (tenant_id, id, day, channel, status, currency, orders, total_minor, discount_minor)
    SELECT tenant_id, gen_random_uuid(), utc_day(placed_at), channel, status, currency, count(*), sum(total_minor), sum(discount_minor)
    FROM orders GROUP BY 1, 3, 4, 5, 6
    """,
    """
    INSERT INTO dispatch_days (tenant_id, id, day, within_days, orders)
    SELECT tenant_id, gen_random_uuid(), utc_day(placed_at), days_to_dispatch(placed_at, shipped_at), count(*)
    FROM orders WHERE shipped_at IS NOT NULL AND status <> 'cancelled' GROUP BY 1, 3, 4
    """,
    """
    INSERT INTO arrival_days (tenant_id, id, promised, arrived, carrier_id, parcels, on_time, late_seconds)
    SELECT tenant_id, gen_random_uuid(), utc_day(promised_at), utc_day(delivered_at), carrier_id, count(*),
      count(*) FILTER (WHERE delivered_at <= promised_at), sum(seconds_late(promised_at, delivered_at))
    FROM shipments WHERE delivered_at IS NOT NULL AND promised_at IS NOT NULL AND status NOT IN ('pending', 'cancelled', 'returned')
    GROUP BY 1, 3, 4, 5
    """,
    """
    INSERT INTO sales_days (tenant_id, id, day, variant_id, currency, units, revenue_minor, cost_minor)
    SELECT l.tenant_id, gen_random_uuid(), utc_day(o.placed_at), l.variant_id, o.currency, sum(l.quantity),
      sum(l.quantity::bigint * l.unit_price_minor), sum(l.quantity::bigint * l.unit_cost_minor)
    FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
    WHERE o.status <> 'cancelled' GROUP BY 1, 3, 4, 5
    """,
    """
    UPDATE payment_methods m SET balance_minor = moved.total FROM (
      SELECT tenant_id, payment_method_id, sum(delta_minor) AS total FROM balance_movements GROUP BY 1, 2) moved
    WHERE moved.tenant_id = m.tenant_id AND moved.payment_method_id = m.id
    """,
    """
    INSERT INTO knowledge_changes (tenant_id, id, kind, source_id, at)
    SELECT tenant_id, gen_random_uuid(), 'ticket', id, clock_timestamp() FROM tickets
    """,
    """
    UPDATE customers c SET store_credit_minor = m.balance_minor FROM payment_methods m
    WHERE m.kind = 'store_credit' AND m.tenant_id = c.tenant_id AND m.customer_id = c.id AND m.balance_minor <> c.store_credit_minor
    """,
)


class _Piece(NamedTuple):
    """A batch as COPY reads it."""

    table: str
    columns: str
    rows: int
    text: str


def load_empty(owner_url: str, batches: Iterable[Batch], progress: Callable[[str, int, int], None]) -> int:
    """Write all batches in one transaction of the owner, and return the number of rows.

    Args:
        owner_url: a login that owns the tables; it needs no other right.
        batches: in the order that foreign keys need.
        progress: is told the table, the rows of it in this batch, and all rows so far; a batch of no rows is a step without any.

    Raises:
        Conflict: the database holds a shop.
    """
    total = 0
    with psycopg.connect(owner_url) as connection:
        for setting in _SETTINGS:
            connection.execute(setting)
        connection.execute("LOCK TABLE tenants IN SHARE ROW EXCLUSIVE MODE")
        with _unbound(connection):
            if connection.execute("SELECT 1 FROM tenants LIMIT 1").fetchone():
                raise Conflict("this database already holds a shop", code="already_seeded")
            with _undressed(connection, lambda step: progress(step, 0, total)), _made_ahead(batches) as pieces:
                for piece in pieces:
                    frozen = "(FREEZE)" if piece.table in MANY else ""
                    with connection.cursor().copy(f"COPY {piece.table} ({piece.columns}) FROM STDIN {frozen}".encode()) as copy:
                        copy.write(piece.text)
                    total += piece.rows
                    progress(piece.table, piece.rows, total)
    return total


@contextmanager
def _unbound(connection: psycopg.Connection) -> Iterator[None]:
    """Let the owner write rows of several tenants; everyone else stays bound, and the owner is again before the commit."""
    tables = [name for (name,) in connection.execute("SELECT relname FROM pg_class WHERE relforcerowsecurity ORDER BY 1").fetchall()]
    for table in tables:
        connection.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY".encode())
    yield
    for table in tables:
        connection.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY".encode())


@contextmanager
def _undressed(connection: psycopg.Connection, progress: Callable[[str], None]) -> Iterator[None]:
    """Take keys, indexes and triggers from the tables of `MANY`; put them back over all rows, with the figures."""
    about = {"many": list(MANY)}
    foreign, keys = connection.execute(_FOREIGN_KEYS, about).fetchall(), connection.execute(_KEYS, about).fetchall()
    indexes = connection.execute(_INDEXES, about).fetchall()

    def run(statement: str) -> None:
        connection.execute(statement.encode())

    for table, name, _ in (*foreign, *keys):
        run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    run(f"TRUNCATE {', '.join(MANY)}")  # of tables without a tenant, which are empty: rows that follow are visible to all from the start
    for table in MANY:
        run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    progress("figures")
    for statement in _FIGURES:
        run(statement)
    progress("keys")
    for table, name, definition in keys:
        run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    progress("indexes")
    for _, definition in indexes:
        run(definition)
    progress("foreign keys")
    for table, name, definition in foreign:
        run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for table in MANY:
        run(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@contextmanager
def _made_ahead(batches: Iterable[Batch]) -> Iterator[Iterator[_Piece]]:
    """Make batches in a thread of their own while PostgreSQL writes the ones before."""
    waiting: Queue[_Piece | BaseException | None] = Queue(_AHEAD)
    stopped = Event()

    def put(item: _Piece | BaseException | None) -> None:
        while not stopped.is_set():
            with suppress(Full):
                waiting.put(item, timeout=1)
                return

    def make() -> None:
        try:
            for batch in batches:
                if stopped.is_set():
                    return
                if batch.rows:
                    put(_piece(batch))
            put(None)
        except BaseException as error:
            put(error)

    def made() -> Iterator[_Piece]:
        while (item := waiting.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    maker = Thread(target=make, name="seed", daemon=True)
    maker.start()
    try:
        yield made()
    finally:
        stopped.set()
        maker.join()


def _piece(batch: Batch) -> _Piece:
    names = tuple(batch.rows[0])
    columns = metadata.tables[batch.table].columns
    lines = ["\t".join([_WRITERS[type(value)](value) for value in map(row.__getitem__, names)]) for row in batch.rows]
    return _Piece(batch.table, ", ".join(columns[name].name for name in names), len(lines), "\n".join(lines) + "\n")


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _text(value: str) -> str:
    return value.translate(_ESCAPES) if not value.isprintable() or "\\" in value else value


def _json(value: Any) -> str:
    return _text(orjson.dumps(value).decode())


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "\\N",
    UUID: lambda value: f"{value.int:032x}",
    datetime: datetime.isoformat,
    str: _text,
    int: repr,
    float: repr,
    bool: lambda value: "t" if value else "f",
    dict: _json,
    list: _json,
}
"""How COPY's text format shows each type that a row holds."""


__all__ = ["MANY", "TRIGGERS", "load_empty"]
