"""The tables, one file an aggregate. Importing this package registers every table with `metadata`."""

from sqlmodel import SQLModel

from store.tables import (
    aftersales,
    catalog,
    customers,
    decisions,
    fraud,
    inventory,
    knowledge,
    marketplace,
    orders,
    payments,
    runtime,
    shipping,
    tenancy,
)

metadata = SQLModel.metadata

__all__ = [
    "aftersales",
    "catalog",
    "customers",
    "decisions",
    "fraud",
    "inventory",
    "knowledge",
    "marketplace",
    "metadata",
    "orders",
    "payments",
    "runtime",
    "shipping",
    "tenancy",
]
