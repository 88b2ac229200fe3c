"""The tables, one file an aggregate. Importing this package registers every table with `metadata`."""

from sqlmodel import SQLModel

from store.tables import (
    aftersales,
    alerts,
    carriers,
    catalog,
    coupons,
    customers,
    decisions,
    documents,
    figures,
    fraud,
    fulfilment,
    imports,
    inventory,
    knowledge,
    marketplace,
    onboarding,
    orders,
    payments,
    providers,
    relations,
    runtime,
    shipping,
    tenancy,
)

metadata = SQLModel.metadata

__all__ = [
    "aftersales",
    "alerts",
    "carriers",
    "catalog",
    "coupons",
    "customers",
    "decisions",
    "documents",
    "figures",
    "fraud",
    "fulfilment",
    "imports",
    "inventory",
    "knowledge",
    "marketplace",
    "metadata",
    "onboarding",
    "orders",
    "payments",
    "providers",
    "relations",
    "runtime",
    "shipping",
    "tenancy",
]
