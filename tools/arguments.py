"""Argument types that several tools share. Each carries a JSON Schema `format`, by which a planner knows what a value is."""

from typing import Annotated

from pydantic import BeforeValidator, Field


def _order_number(value: object) -> object:
    return (
        value.strip().removeprefix("order").strip().lstrip("#").strip()
        if isinstance(value, str)
        else str(value)
        if isinstance(value, int)
        else value
    )


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _tag(value: object) -> object:
    return value.strip().lower().lstrip("#").replace(" ", "-") if isinstance(value, str) else value


OrderNumber = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,18}$", description="Order number, such as 1042", json_schema_extra={"format": "order-number"}),
    BeforeValidator(_order_number),
]
ReturnNumber = Annotated[
    str,
    Field(pattern=r"^R-[0-9]{1,18}$", description="Return number, such as R-1007", json_schema_extra={"format": "return-number"}),
    BeforeValidator(_upper),
]
TicketNumber = Annotated[
    str,
    Field(pattern=r"^T-[0-9]{1,18}$", description="Ticket number, such as T-1003", json_schema_extra={"format": "ticket-number"}),
    BeforeValidator(_upper),
]
WarrantyNumber = Annotated[
    str,
    Field(
        pattern=r"^W-[0-9]{1,18}$",
        description="Number of a warranty claim, such as W-1001",
        json_schema_extra={"format": "warranty-number"},
    ),
    BeforeValidator(_upper),
]
InspectionNumber = Annotated[
    str,
    Field(
        pattern=r"^Q-[0-9]{1,18}$",
        description="Number of a quality inspection, such as Q-1001",
        json_schema_extra={"format": "inspection-number"},
    ),
    BeforeValidator(_upper),
]
AlertNumber = Annotated[
    str,
    Field(pattern=r"^A-[0-9]{1,18}$", description="Alert number, such as A-1004", json_schema_extra={"format": "alert-number"}),
    BeforeValidator(_upper),
]
ApplicationNumber = Annotated[
    str,
    Field(
        pattern=r"^M-[0-9]{1,18}$",
        description="Number of a merchant's application, such as M-1002",
        json_schema_extra={"format": "merchant-number"},
    ),
    BeforeValidator(_upper),
]
Tag = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,29}$", description="A tag, such as gift or vip", json_schema_extra={"format": "tag"}),
    BeforeValidator(_tag),
]
ItemRef = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        description="Which item: a SKU, or words of its title or category, such as headset",
        json_schema_extra={"format": "item"},
    ),
]
CustomerRef = Annotated[
    str,
    Field(
        min_length=1, max_length=200, description="Which customer: an e-mail address or a name", json_schema_extra={"format": "customer"}
    ),
]
ChannelCode = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_]{1,19}$", description="Sales channel, such as amazon", json_schema_extra={"format": "channel"}),
    BeforeValidator(_lower),
]
Query = Annotated[
    str, Field(min_length=1, max_length=300, description="What to look for, in plain words", json_schema_extra={"format": "query"})
]
Amount = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{1,9}([.,][0-9]{1,3})?$",
        description="An amount in the order's currency, such as 12.50",
        json_schema_extra={"format": "amount"},
    ),
]
Quantity = Annotated[int, Field(ge=1, le=10_000, json_schema_extra={"format": "quantity"})]
Limit = Annotated[int, Field(ge=1, le=50, description="How many rows at most", json_schema_extra={"format": "limit"})]
Days = Annotated[int, Field(ge=1, le=365, json_schema_extra={"format": "days"})]
Note = Annotated[str, Field(max_length=1000, json_schema_extra={"format": "text"})]
