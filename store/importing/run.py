"""Imports a file in batches, each in a transaction of its own together with how far it came: a second run goes on from there."""

import csv
import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import col, select

from core import faults
from core.errors import Conflict
from core.identity import Principal
from store.importing import customers, orders, products
from store.importing.batch import Outcome
from store.importing.reading import Problem, Record, fingerprint, records
from store.tables.imports import ImportKind, ImportRun, ImportStatus
from store.unit import Tx, Units

Progress = Callable[["Imported"], None]
_RECORDS_A_BATCH = 500
_COLUMNS = ("row", "field", "problem", "fix")
_STORES: dict[ImportKind, Callable[[Tx, Sequence[Record]], Awaitable[Outcome]]] = {
    ImportKind.CUSTOMERS: customers.store,
    ImportKind.PRODUCTS: products.store,
    ImportKind.ORDERS: orders.store,
}


@dataclass(slots=True)
class Imported:
    """How far an import came, over all of its runs."""

    kind: ImportKind
    rows: int = 0
    added: int = 0
    changed: int = 0
    refused: int = 0
    finished: bool = False
    already: bool = False
    """Whether an earlier run had finished it, so that nothing was done."""
    report: Path | None = None
    """Where the refused rows are listed."""
    sample: list[Problem] = field(default_factory=list[Problem])
    """The first problems."""


class _DryRun(Exception):
    """Ends a transaction without keeping what it did."""


async def import_file(
    units: Units, who: Principal, kind: ImportKind, path: Path, *, dry_run: bool = False, progress: Progress = lambda _: None
) -> Imported:
    """Import a file for the store of `who`, and return what became of it.

    Args:
        units: opens the transactions.
        who: a person of the store who sees all of it.
        kind: what the file holds.
        path: a CSV file with the columns of a Shopify export.
        dry_run: check every row against the store, and keep nothing.
        progress: is told after each batch.

    Raises:
        InvalidInput: the file is missing, no CSV, or lacks columns.
        Conflict: another process imports the same file now.
    """
    digest = fingerprint(path)
    state = Imported(kind) if dry_run else await _begun(units, who, kind, path, digest)
    state.report = path.with_name(f"{path.name}.errors.csv")
    if state.already:
        return state
    _trim(state.report, state.rows)
    batches = _batched(records(path, kind, after=state.rows))
    for batch in batches:
        rows = sum(len(record.rows) for record in batch)
        outcome = await _store(units, who, kind, digest, batch, state.rows, state.report, dry_run=dry_run)
        state.rows, state.added, state.changed = state.rows + rows, state.added + outcome.added, state.changed + outcome.changed
        state.refused += len(outcome.problems)
        state.sample = [*state.sample, *outcome.problems][:5]
        progress(state)
    state.finished = True
    if not dry_run:
        async with units.write(who) as tx:
            run = await _row(tx, kind, digest)
            run.status = ImportStatus.PARTIAL if run.refused else ImportStatus.SUCCEEDED
            tx.session.add(run)
    return state


async def _store(
    units: Units, who: Principal, kind: ImportKind, digest: str, batch: Sequence[Record], before: int, report: Path, *, dry_run: bool
) -> Outcome:
    outcome = Outcome()
    try:
        async with units.write(who) as tx:
            run = None if dry_run else await _row(tx, kind, digest)
            if run is not None and run.rows_done != before:
                raise Conflict("another process imports this file now; wait until it has finished", code="import_running")
            outcome = await _STORES[kind](tx, batch)
            faults.point("import.before_commit")
            if run is None:
                raise _DryRun
            run.rows_done, run.updated_at = before + sum(len(record.rows) for record in batch), tx.now
            run.added, run.changed = run.added + outcome.added, run.changed + outcome.changed
            run.refused += len(outcome.problems)
            tx.session.add(run)
            _report(report, outcome.problems)
    except _DryRun:
        _report(report, outcome.problems)
    faults.point("import.after_batch")
    return outcome


async def _begun(units: Units, who: Principal, kind: ImportKind, path: Path, digest: str) -> Imported:
    async with units.write(who) as tx:
        query = select(ImportRun).where(
            col(ImportRun.tenant_id) == tx.tenant_id, col(ImportRun.kind) == kind, col(ImportRun.file_hash) == digest
        )
        run = (await tx.session.exec(query)).first()
        if run is None:
            run = tx.add(
                ImportRun(
                    tenant_id=tx.tenant_id, kind=kind, file_hash=digest, file_name=str(path)[-200:], started_at=tx.now, updated_at=tx.now
                )
            )
        done = run.status != ImportStatus.RUNNING
        return Imported(kind, run.rows_done, run.added, run.changed, run.refused, finished=done, already=done)


async def _row(tx: Tx, kind: ImportKind, digest: str) -> ImportRun:
    query = select(ImportRun).where(
        col(ImportRun.tenant_id) == tx.tenant_id, col(ImportRun.kind) == kind, col(ImportRun.file_hash) == digest
    )
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).one()


def _batched(found: Iterable[Record]) -> Iterable[list[Record]]:
    source = iter(found)
    while batch := list(itertools.islice(source, _RECORDS_A_BATCH)):
        yield batch


def _trim(report: Path, rows: int) -> None:
    """Keep what an earlier run reported of the rows that it stored; the others are looked at again."""
    if not report.exists():
        return
    with report.open(encoding="utf-8", newline="") as file:
        kept = [row for row in csv.DictReader(file) if int(row["row"]) <= rows + 1]
    report.unlink()
    _report_rows(report, ((row["row"], row["field"], row["problem"], row["fix"]) for row in kept))


def _report(report: Path, problems: Iterable[Problem]) -> None:
    _report_rows(report, ((str(each.row), each.field, each.problem, each.fix) for each in problems))


def _report_rows(report: Path, rows: Iterable[tuple[str, ...]]) -> None:
    listed = list(rows)
    if not listed:
        return
    fresh = not report.exists()
    with report.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(_COLUMNS)
        writer.writerows(listed)
