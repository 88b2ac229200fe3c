"""What all tables share: the tenant in every key, and column types."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKeyConstraint, Integer, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.ids import new_id


class TenantRow(SQLModel):
    """A row of one tenant: the key is (tenant_id, id), so that a foreign key can never cross tenants."""

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    id: UUID = Field(default_factory=new_id, primary_key=True)


def instant(**kwargs: Any) -> Any:
    """Declare an instant, stored with its time zone and required."""
    return Field(sa_type=DateTime(timezone=True), **kwargs)  # pyright: ignore[reportArgumentType, reportCallIssue]


def instant_or_none(**kwargs: Any) -> Any:
    """Declare an instant that may be unknown."""
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True, **kwargs)  # pyright: ignore[reportArgumentType, reportCallIssue]


def word(words: type[StrEnum], default: StrEnum | None = None, *, index: bool = False) -> Any:
    """Declare a status: stored as text, checked against the enum by `words_check`."""
    length = max(len(word) for word in words)
    if default is None:
        return Field(sa_type=String(length), index=index)  # pyright: ignore[reportArgumentType, reportCallIssue]
    return Field(default=default, sa_type=String(length), index=index)  # pyright: ignore[reportArgumentType, reportCallIssue]


def json_column(default: type[dict[str, Any]] | type[list[Any]] = dict) -> Any:
    """Declare a JSONB column that is never null."""
    return Field(default_factory=default, sa_column_kwargs={"nullable": False}, sa_type=JSONB)  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType]


def long_text(default: str = "") -> Any:
    """Declare text without a length limit."""
    return Field(default=default, sa_type=Text)  # pyright: ignore[reportArgumentType, reportCallIssue]


def belongs(column: str, table: str, *, on_delete: str = "RESTRICT") -> ForeignKeyConstraint:
    """Declare a foreign key of (tenant_id, column) to (tenant_id, id) of `table`."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete=on_delete)


def words_check(column: str, words: Iterable[StrEnum], name: str) -> CheckConstraint:
    """Declare that `column` holds one of `words`."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name)


__all__ = [
    "Column",
    "Integer",
    "TenantRow",
    "belongs",
    "datetime",
    "instant",
    "instant_or_none",
    "json_column",
    "long_text",
    "word",
    "words_check",
]
