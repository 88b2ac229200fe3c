"""The port to a sales channel: what the store publishes there, and what was sold and asked there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from core.money import Money
from server.outbound.payments import MoneyAnswer


@dataclass(frozen=True, slots=True)
class ListingPush:
    """What a listing shall show."""

    key: str
    listing: str
    sku: str
    price: Money
    quantity: int
    fields: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ListingProblem:
    """Something that the channel refuses in a listing, in its words."""

    field: str
    message: str
    code: str = "channel_specific"


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What the channel made of a push. With problems, the listing does not show what was sent."""

    reference: str
    problems: Sequence[ListingProblem] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a buyer who wrote through the channel."""

    key: str
    conversation: str
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class SoldLine:
    """Units of a SKU that were sold on the channel, at the channel's price each."""

    sku: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """An order that was placed on the channel; `external_id` is the channel's own number."""

    external_id: str
    placed_at: str
    buyer_name: str
    buyer_email: str
    ship_to: Mapping[str, JsonValue]
    lines: Sequence[SoldLine]
    shipping: Money
    ip: str = ""
    """The address that the buyer ordered from, where the channel tells it."""
    card: str = ""
    """A fingerprint of the card that was used, where the channel tells it."""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """Orders in the channel's order. `cursor` names the place after the last of them: the next page, and the next pull, begin there."""

    orders: Sequence[SoldOrder] = field(default_factory=list[SoldOrder])
    cursor: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """A parcel with units of an order of the channel; `order` is the channel's own number, `lines` are units by SKU."""

    key: str
    order: str
    shipment: str
    carrier: str
    tracking_number: str
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ChannelRefund:
    """Money that a buyer gets back of what the channel collected for an order; `order` is the channel's own number."""

    key: str
    order: str
    transaction: str
    amount: Money
    reason: str


class ChannelProvider(Protocol):
    """A place where the store sells. All calls may be made twice with one key."""

    async def push(self, listing: ListingPush) -> PushAnswer:
        """Publish a listing.

        Raises:
            ProviderDown: ask again with the same key.
            ProviderRefused: the channel does not know the listing, or will never take it.
        """
        ...

    async def reply(self, reply: Reply) -> str:
        """Send an answer to a buyer and return the channel's name for it.

        Raises:
            ProviderDown, ProviderRefused: as above.
        """
        ...

    async def fulfil(self, fulfilment: Fulfilment) -> str:
        """Tell the channel what was sent of an order, and return the channel's name for it.

        Raises:
            ProviderDown: tell it again with the same key.
            ProviderRefused: such as an order that was cancelled there.
        """
        ...

    async def refund(self, refund: ChannelRefund) -> MoneyAnswer:
        """Pay a buyer back; the answer may be `pending`, to be looked up.

        Raises:
            ProviderDown: it is not known whether it was paid; ask again with the same key.
            ProviderRefused: such as more than the channel collected.
        """
        ...

    async def look_up_refund(self, order: str, reference: str) -> MoneyAnswer:
        """Return how a refund stands that the channel took.

        Raises:
            ProviderDown, ProviderRefused: as above.
        """
        ...

    async def orders(self, cursor: str) -> OrderPage:
        """Return orders after `cursor`, oldest first.

        Raises:
            ProviderDown, ProviderRefused: as above.
        """
        ...
