"""Reads a CSV file record by record: the rows of one order or product stand together and make one record.

Column names are those of Shopify's exports (orders: Name, Lineitem sku...; products: Handle, Variant SKU...; customers: Email...).
"""

import csv
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInput
from store.tables.imports import ImportKind

KEYS = {ImportKind.CUSTOMERS: "Email", ImportKind.PRODUCTS: "Handle", ImportKind.ORDERS: "Name"}
"""The column whose value rows of one record share."""
_NEEDED = {
    ImportKind.CUSTOMERS: ("Email", "First Name", "Last Name"),
    ImportKind.PRODUCTS: ("Handle", "Title", "Variant SKU", "Variant Price"),
    ImportKind.ORDERS: ("Name", "Email", "Total", "Created at", "Lineitem quantity", "Lineitem price", "Lineitem sku"),
}
_CHUNK = 1 << 20
_LONGEST_FIELD = 1 << 20

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """The rows of one customer, product or order."""

    first_row: int
    """Counted as a spreadsheet does: the header is row 1."""
    rows: list[Row]

    @property
    def head(self) -> Row:
        """The first row, which holds what belongs to the whole record."""
        return self.rows[0]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a record is left out, and what to do about it."""

    row: int
    field: str
    problem: str
    fix: str


class Refused(Exception):
    """A record cannot be stored as it is."""

    def __init__(self, field: str, problem: str, fix: str, *, row: int = 0) -> None:
        """Name the column, what is wrong with it and what to do; `row` counts from the record's first."""
        super().__init__(problem)
        self.field, self.problem, self.fix, self.row = field, problem, fix, row

    def at(self, record: Record) -> Problem:
        """Return the problem with its row in the file."""
        return Problem(record.first_row + self.row, self.field, self.problem, self.fix)


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces.

    Raises:
        InvalidInput: there is no such file.
    """
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", field="file", code="no_file")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def records(path: Path, kind: ImportKind, *, after: int = 0) -> Iterator[Record]:
    """Yield the records of a file that lie after so many data rows, one at a time.

    Raises:
        InvalidInput: a column that is needed is missing, or the file is no UTF-8 CSV.
    """
    csv.field_size_limit(_LONGEST_FIELD)
    key = KEYS[kind]
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="", restkey="")
        _check(reader.fieldnames or (), kind, path)
        gathered, begun, last = list[Row](), 0, ""
        try:
            for number, raw in enumerate(reader, start=1):
                if number <= after:
                    continue
                row = {name: (value or "").strip() for name, value in raw.items() if name}
                if gathered and row[key] not in {"", last}:
                    yield Record(begun + 1, gathered)
                    gathered = []
                if not gathered:
                    begun, last = number, row[key]
                gathered.append(row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise InvalidInput(f"{path.name} is no CSV in UTF-8: {error}; export it again", field="file", code="unreadable_file") from error
        if gathered:
            yield Record(begun + 1, gathered)


def _check(columns: Collection[str], kind: ImportKind, path: Path) -> None:
    missing = [name for name in _NEEDED[kind] if name not in columns]
    if missing:
        needed = ", ".join(_NEEDED[kind])
        message = f"{path.name} has no column {', '.join(missing)}; a file of {kind} needs {needed}"
        raise InvalidInput(message, field="file", code="columns_missing")
