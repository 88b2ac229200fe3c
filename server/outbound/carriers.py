"""The port to a carrier, or to a service that speaks for many carriers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from core.money import Money

Place = dict[str, JsonValue]
"""A postal address: name, line1, line2, city, postal_code, country."""


@dataclass(frozen=True, slots=True)
class ParcelRequest:
    """A parcel that needs a label."""

    key: str
    shipment: str
    order: str
    carrier: str
    service: str
    weight_grams: int
    ship_from: Place
    ship_to: Place


@dataclass(frozen=True, slots=True)
class Label:
    """A label that was bought."""

    reference: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class Rate:
    """What a service would cost."""

    carrier: str
    service: str
    price: Money
    transit_days: int


class CarrierProvider(Protocol):
    """Sells labels. Asking twice with one key buys one."""

    async def buy_label(self, request: ParcelRequest) -> Label:
        """Buy the label of a parcel.

        Raises:
            ProviderDown: ask again with the same key.
            ProviderRefused: such as an address that the carrier does not serve.
        """
        ...

    async def rates(self, request: ParcelRequest) -> Sequence[Rate]:
        """Return what the services for a parcel cost.

        Raises:
            ProviderDown, ProviderRefused: as above.
        """
        ...
