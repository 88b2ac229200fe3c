"""Stores records in batches: what is wrong with one record never costs the others."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy.exc import IntegrityError

from store.importing.reading import Problem, Record, Refused
from store.unit import Tx

T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What became of some records."""

    added: int = 0
    changed: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])


@dataclass(slots=True)
class Batch(Generic[T]):
    """Records that were understood, and what was wrong with the others."""

    rows: list[tuple[Record, T]] = field(default_factory=list[tuple[Record, T]])
    problems: list[Problem] = field(default_factory=list[Problem])
    _seen: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])

    def read(self, record: Record, parse: Callable[[Record], T], key: Callable[[T], tuple[str, ...]]) -> None:
        """Understand a record, or note why not; the second record of a key in one batch is refused."""
        try:
            row = parse(record)
            if key(row) in self._seen:
                raise Refused("", f"{', '.join(key(row))} stands twice in the file", "keep one of them")
        except Refused as refused:
            self.problems.append(refused.at(record))
            return
        self._seen.add(key(row))
        self.rows.append((record, row))

    @staticmethod
    def json(rows: Sequence[Any]) -> str:
        """Return rows as one JSON parameter."""
        return orjson.dumps(rows, default=str).decode()


async def write_all(tx: Tx, batch: Batch[T], write: Callable[[Tx, list[T]], Awaitable[tuple[int, int]]]) -> Outcome:
    """Write a batch at once; when Postgres refuses it, record by record, so that only what is refused is left out."""
    done = Outcome(problems=batch.problems)
    if not batch.rows:
        return done
    try:
        async with tx.connection.begin_nested():
            done.added, done.changed = await write(tx, [row for _, row in batch.rows])
    except IntegrityError:
        for record, row in batch.rows:
            try:
                async with tx.connection.begin_nested():
                    added, changed = await write(tx, [row])
            except IntegrityError as error:
                constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or "a constraint"
                done.problems.append(Problem(record.first_row, "", f"the store refuses it ({constraint})", "look at the record's values"))
            else:
                done.added, done.changed = done.added + added, done.changed + changed
    return done
