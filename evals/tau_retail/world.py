"""The domain's data and how its names are written in the store: ids, states, reasons and addresses, in both directions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from core.errors import InvalidInput
from core.identity import Principal, Role, system
from core.ids import CustomerId, TenantId, UserId
from core.statuses import CancelReason, OrderStatus, PaymentKind
from evals.tau_retail.canonical import KINDS, Record, canonical

CURRENCY = "USD"
STATUSES = {
    "pending": OrderStatus.PENDING,
    "processed": OrderStatus.SHIPPED,
    "delivered": OrderStatus.DELIVERED,
    "cancelled": OrderStatus.CANCELLED,
}
"""A processed order has its parcel and its tracking number: it can no longer be stopped."""
REASONS = {"no longer needed": CancelReason.NO_LONGER_NEEDED, "ordered by mistake": CancelReason.ORDERED_BY_MISTAKE}
KINDS_OF_METHOD = {"credit_card": PaymentKind.CARD, "paypal": PaymentKind.PAYPAL, "gift_card": PaymentKind.GIFT_CARD}
SOURCES = {kind.value: source for source, kind in KINDS_OF_METHOD.items()}
STATES = {status.value: name for name, status in STATUSES.items()}
REASON_WORDS = {reason.value: words for words, reason in REASONS.items()}
_COUNTRIES = {"USA": "US"}
_COUNTRY_WORDS = {code: name for name, code in _COUNTRIES.items()}


@dataclass(frozen=True)
class World:
    """The domain's initial state, and who acts in it."""

    data: Mapping[str, Mapping[str, Record]]
    tenant_id: TenantId = field(default_factory=lambda: TenantId(uuid5(NAMESPACE_URL, "storehand:tau_retail")))

    @classmethod
    def read(cls, folder: Path) -> "World":
        """Read `db.json` of a folder.

        Raises:
            InvalidInput: there is none.
        """
        path = folder / "db.json"
        if not path.is_file():
            raise InvalidInput(f"{path} does not exist; name the folder that holds the domain's data", field="data")
        return cls(json.loads(path.read_text(encoding="utf-8")))

    @cached_property
    def initial(self) -> dict[str, dict[str, Record]]:
        """The state at cents, as the domain hashes it."""
        users = {key: {**user, "user_id": key} for key, user in self.data["users"].items()}
        return {kind: {key: canonical(each) for key, each in (users if kind == "users" else self.data[kind]).items()} for kind in KINDS}

    def user_told(self, text: str) -> str:
        """Return the user whose id, e-mail address, or whole name with postal code a text names.

        Raises:
            InvalidInput: it names none, or several.
        """
        said = text.lower()

        def named(user: Record) -> bool:
            name, code = user["name"], str(user["address"]["zip"])
            return f"{name['first_name']} {name['last_name']}".lower() in said and code in said

        users = self.data["users"]
        found = [key for key, user in users.items() if key in said or user["email"].lower() in said]
        found = found or [key for key, user in users.items() if named(user)]
        if len(found) != 1:
            raise InvalidInput(f"{len(found)} users are meant by: {text[:120]}", field="gold")
        return found[0]

    @cached_property
    def user_ids(self) -> dict[UUID, str]:
        """The domain's user ids by customer."""
        return {self.customer_id(user): user for user in self.data["users"]}

    @property
    def staff(self) -> Principal:
        """Somebody who works in the shop."""
        return Principal(self.tenant_id, UserId(uuid5(self.tenant_id, "staff")), Role.STAFF, name="Support")

    @property
    def provider(self) -> Principal:
        """What reports for the payment provider."""
        return system(self.tenant_id, "payment provider")

    def customer(self, user_id: str) -> Principal:
        """Return a user as the principal who calls tools."""
        customer = self.customer_id(user_id)
        return Principal(self.tenant_id, UserId(customer), Role.CUSTOMER, CustomerId(customer), user_id)

    def customer_id(self, user_id: str) -> UUID:
        """Return the id of a user's customer row."""
        return uuid5(self.tenant_id, f"customer:{user_id}")

    def order_uuid(self, order_id: str) -> UUID:
        """Return the id of an order's row."""
        return uuid5(self.tenant_id, f"order:{order_id}")

    def product_uuid(self, product_id: str) -> UUID:
        """Return the id of a product's row."""
        return uuid5(self.tenant_id, f"product:{product_id}")

    def owner_of(self, order_id: str) -> str | None:
        """Return whose order it is."""
        order = self.data["orders"].get(order_id)
        return order["user_id"] if order else None


def order_number(order_id: str) -> str:
    """Return the number that the store gives an order; what is no order id stays as it is and fits no order."""
    return order_id[2:] if order_id.startswith("#W") and order_id[2:].isdigit() else f"?{order_id}"


def to_address(name: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return an address of the domain as the store writes it."""
    return {
        "name": name,
        "line1": given["address1"],
        "line2": given["address2"] or None,
        "city": given["city"],
        "region": given["state"],
        "postal_code": given["zip"],
        "country": _COUNTRIES.get(given["country"], given["country"]),
    }


def from_address(stored: Mapping[str, Any]) -> Record:
    """Return an address of the store as the domain writes it."""
    return {
        "address1": stored["line1"],
        "address2": stored.get("line2") or "",
        "city": stored["city"],
        "country": _COUNTRY_WORDS.get(stored["country"], stored["country"]),
        "state": stored.get("region") or "",
        "zip": stored["postal_code"],
    }
