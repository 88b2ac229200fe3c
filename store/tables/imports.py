"""Files that were imported, and how far."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field

from store.tables.base import TenantRow, instant, word, words_check


class ImportKind(StrEnum):
    """What a file that is imported holds."""

    CUSTOMERS = "customers"
    PRODUCTS = "products"
    ORDERS = "orders"


class ImportStatus(StrEnum):
    """How far an import came; partial: done, but some rows were refused."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"


class ImportRun(TenantRow, table=True):
    """One file's import: the same file is imported once, and goes on where it stopped."""

    __tablename__ = "import_runs"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "file_hash"),
        words_check("kind", ImportKind, "import_runs_kind_check"),
        words_check("status", ImportStatus, "import_runs_status_check"),
        CheckConstraint("rows_done >= 0 AND added >= 0 AND changed >= 0 AND refused >= 0", name="import_runs_rows_check"),
    )
    kind: ImportKind = word(ImportKind)
    file_hash: str = Field(max_length=64)
    """SHA-256 of the whole file."""
    file_name: str = Field(max_length=200)
    status: ImportStatus = word(ImportStatus, ImportStatus.RUNNING)
    rows_done: int = Field(default=0, sa_type=BigInteger)
    """Rows after the header that are stored or refused."""
    added: int = 0
    changed: int = 0
    refused: int = 0
    """Customers, products or orders that were left out."""
    started_at: datetime = instant()
    updated_at: datetime = instant()
