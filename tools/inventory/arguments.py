"""Argument types of the inventory module."""

from typing import Annotated

from pydantic import BeforeValidator, Field


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


WarehouseRef = Annotated[
    str,
    Field(
        min_length=2,
        max_length=80,
        description="Code or city of a warehouse, such as LYO or Lyon",
        json_schema_extra={"format": "warehouse"},
    ),
]
PurchaseOrderNumber = Annotated[
    str,
    Field(
        pattern=r"^PO-[0-9]{1,18}$",
        description="Purchase order number, such as PO-1003",
        json_schema_extra={"format": "purchase-order-number"},
    ),
    BeforeValidator(_upper),
]
HoldNumber = Annotated[
    str,
    Field(pattern=r"^H-[0-9]{1,18}$", description="Reservation number, such as H-1001", json_schema_extra={"format": "reservation-number"}),
    BeforeValidator(_upper),
]
