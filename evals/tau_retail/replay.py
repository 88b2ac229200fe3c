"""Play every row of a recording from the loaded state, and compare each observation and the end state at cents."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import InvalidInput
from evals.tau_retail.adapter import Adapter, Observation
from evals.tau_retail.canonical import KINDS, Hashed, Record, canonical, unlike
from evals.tau_retail.codes import Refused, of_text
from evals.tau_retail.defects import Changed, corrected_order, corrected_state
from evals.tau_retail.export import State, export
from evals.tau_retail.rewind import RewindableUnits
from evals.tau_retail.rules import Version
from evals.tau_retail.world import World

Row = dict[str, Any]
_TOUCHED = {
    "users": """
        SELECT id FROM customers WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT customer_id FROM addresses WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT customer_id FROM payment_methods WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT customer_id FROM orders WHERE tenant_id = :tenant AND {fresh}""",
    "orders": """
        SELECT id FROM orders WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT order_id FROM order_lines WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT order_id FROM payments WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT p.order_id FROM payment_transactions t JOIN payments p ON p.tenant_id = t.tenant_id AND p.id = t.payment_id
          WHERE t.tenant_id = :tenant AND t.{fresh}
        UNION SELECT order_id FROM returns WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT order_id FROM order_changes WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT order_id FROM shipments WHERE tenant_id = :tenant AND {fresh}""",
    "products": """
        SELECT id FROM products WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT product_id FROM variants WHERE tenant_id = :tenant AND {fresh}
        UNION SELECT v.product_id FROM stock_levels s JOIN variants v ON v.tenant_id = s.tenant_id AND v.id = s.variant_id
          WHERE s.tenant_id = :tenant AND s.{fresh}""",
}
_QUERIES = {kind: text(query.format(fresh="xmin::text::bigint >= :since")) for kind, query in _TOUCHED.items()}
"""Every row that a transaction wrote carries its number: what it touched is found without reading the whole state."""
_NOW = text("SELECT pg_current_xact_id()::text::bigint")
_BIND = text("SELECT set_config('app.tenant_id', :tenant, true), set_config('app.customer_id', '', true)")


@dataclass(slots=True)
class Played:
    """What came of a row."""

    id: str
    what: str
    state_equal: bool
    observations: int
    observations_equal: int
    defect: bool
    """The recording carries a defect of the published tools, and was compared as if they did not have it."""
    differences: list[str] = field(default_factory=list[str])

    @property
    def equal(self) -> bool:
        """Whether everything is as recorded."""
        return self.state_equal and self.observations == self.observations_equal


def read_rows(path: Path) -> list[Row]:
    """Read a recording.

    Raises:
        InvalidInput: there is no such file.
    """
    if not path.is_file():
        raise InvalidInput(f"{path} does not exist", field="gold")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def version_of(rows: Sequence[Row]) -> Version:
    """Return by which version of the tools rows were recorded: the second describes its user in a scenario."""
    return Version.SECOND if any("scenario" in row for row in rows) else Version.FIRST


class Replay:
    """Plays rows over a loaded tenant; `state` is what it was loaded with."""

    def __init__(self, adapter: Adapter, units: RewindableUnits, state: State) -> None:
        self.adapter, self.units = adapter, units
        self.world: World = adapter.world
        self._hashed = Hashed(state)
        self.initial_hash = self._hashed.digest()

    async def play(self, row: Row) -> Played:
        """Play one row and take it back."""
        self.adapter.forget()
        await self.units.start()
        try:
            since = await self.mark()
            differences: list[str] = []
            equal = defect = 0
            for number, action in enumerate(row["actions"]):
                found = await self.adapter.call(action["name"], action["kwargs"])
                wrong, differs = self._unlike(action["observation"], found)
                defect += differs
                equal += not wrong
                differences += [f"action {number} ({action['name']}): {each}" for each in wrong]
            state = list(self.state_differences(row, await self.changed(since)))
        finally:
            await self.units.rewind()
        expected = corrected_state(self.world, row["changed"])
        defect += expected != _plain(row["changed"])
        return Played(
            id=str(row["id"]),
            what=row.get("class") or row.get("split", ""),
            state_equal=not state,
            observations=len(row["actions"]),
            observations_equal=equal,
            defect=bool(defect),
            differences=[*differences, *(f"state: {each}" for each in state)],
        )

    async def mark(self) -> int:
        """Return the number of the transaction from which on changes are found."""
        return int((await self.units.connection.execute(_NOW)).scalar_one())

    async def changed(self, since: int) -> Changed:
        """Return the records that differ from the loaded state."""
        connection: AsyncConnection = self.units.connection
        await connection.execute(_BIND, {"tenant": str(self.world.tenant_id)})
        values = {"tenant": self.world.tenant_id, "since": since}
        ids = {kind: list((await connection.execute(_QUERIES[kind], values)).scalars()) for kind in KINDS}
        state = await export(connection, self.world, ids)
        return {kind: {key: record for key, record in state[kind].items() if self.world.initial[kind].get(key) != record} for kind in KINDS}

    def _unlike(self, recorded: str, found: Observation) -> tuple[list[str], bool]:
        """Return how an observation differs from the recorded one, and whether the recorded one carries a defect."""
        code = of_text(recorded)
        if code is not None:
            right = isinstance(found, Refused) and found.code is code
            return ([] if right else [f"expected {code}, found {_short(found)}"]), False
        if not recorded.startswith("{"):
            return ([] if found == recorded else [f"expected {recorded!r}, found {_short(found)}"]), False
        expected = _bare(canonical(json.loads(recorded)))
        published = expected
        if "payment_history" in expected:
            expected = corrected_order(self.world, expected)
        if not isinstance(found, dict):
            return [f"expected a record, found {_short(found)}"], False
        return list(unlike(expected, _bare(found))), expected != published

    def state_differences(self, row: Row, found: Changed) -> Iterator[str]:
        """Yield where the records that differ from the loaded state are not as recorded."""
        expected = corrected_state(self.world, row["changed"])
        if "changed_correct_semantics" in row and expected != _plain(row["changed_correct_semantics"]):
            yield "the corrected recording is not what the recording itself gives as correct"
        for kind in KINDS:
            left, right = expected.get(kind, {}), found[kind]
            for key in sorted(left.keys() | right.keys()):
                yield from unlike(left.get(key, self.world.initial[kind].get(key)), right.get(key, self.world.initial[kind].get(key)), key)
        digest = self._hashed.digest(found)
        recorded = row.get("final_hash_cents_correct_semantics") or row.get("final_hash_cents")
        if expected != _plain(row["changed"]) and "final_hash_cents_correct_semantics" not in row:
            recorded = self._hashed.digest(expected)
        if recorded is not None and digest != recorded:
            yield f"hash: expected {recorded}, found {digest}"


def summary(rows: Sequence[Played], seconds: float, initial_hash: str) -> dict[str, Any]:
    """Return the figures of a replay, with each difference."""
    return {
        "tasks": len(rows),
        "states_equal": sum(row.state_equal for row in rows),
        "observations": sum(row.observations for row in rows),
        "observations_equal": sum(row.observations_equal for row in rows),
        "tasks_equal": sum(row.equal for row in rows),
        "with_published_defect": sorted(row.id for row in rows if row.defect),
        "initial_hash": initial_hash,
        "seconds": round(seconds, 1),
        "differences": [asdict(row) for row in rows if not row.equal],
    }


def stopwatch() -> float:
    """Return seconds of a clock that only goes forward."""
    return time.perf_counter()


def _plain(changed: Mapping[str, Mapping[str, Any]]) -> Changed:
    state: Changed = {kind: {key: canonical({**each}) for key, each in records.items()} for kind, records in changed.items()}
    for user_id, user in state.get("users", {}).items():
        user["user_id"] = user_id
    return state


def _bare(value: Any) -> Record:
    """Return an observation without the user's id, which only one version shows."""
    return {key: each for key, each in cast("Record", value).items() if key != "user_id"}


def _short(found: Observation) -> str:
    if isinstance(found, Refused):
        return f"{found.code} ({found.ours})" if found.ours else found.code.value
    return json.dumps(found)[:160]
