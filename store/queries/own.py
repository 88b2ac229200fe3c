"""A customer's own rows by their index: row security asks the same, but behind an OR that no index answers."""

from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped

from store.unit import ReadTx


def own(tx: ReadTx, customer: Mapped[UUID] | Mapped[UUID | None]) -> list[ColumnElement[bool]]:
    """Return the condition that the column `customer` names the caller, when the caller is a customer; else none."""
    return [customer == tx.principal.customer_id] if tx.principal.customer_id is not None else []
