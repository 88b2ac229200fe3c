"""What a change of a listing rests on: the listing, locked, with its open issues and the shop's own price and stock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import JsonValue

from core.errors import InvalidInput
from core.identity import RunContext
from core.money import Money, exponent
from core.redact import visible
from core.statuses import ListingStatus
from store.queries import listings
from store.queries.listings import OursRow
from store.queries.products import Item
from store.tables.marketplace import Channel, Listing, ListingIssue
from store.unit import ReadTx, Tx
from tools.marketplace.results import Change, ListingUpdated
from tools.policy import Policy
from tools.policy.pricing import ListingPlan
from tools.products import match
from tools.spec import Args

_LISTS = frozenset({"images"})


@dataclass(frozen=True, slots=True)
class Offer:
    """A listing with what the shop knows of it."""

    channel: Channel
    item: Item
    listing: Listing
    issues: Sequence[ListingIssue]
    ours: OursRow

    @property
    def price(self) -> Money:
        """What the channel shows."""
        return Money(minor=self.listing.price_minor, currency=self.listing.currency)

    @property
    def our_price(self) -> Money:
        """What the shop asks."""
        return Money(minor=self.ours.price_minor, currency=self.ours.currency)

    @property
    def differs(self) -> bool:
        """Whether the channel shows another price or quantity than the shop's."""
        return self.price != self.our_price or self.listing.quantity != self.ours.available

    def plan(self, changes: Sequence[Change], price: Money) -> ListingPlan:
        """Return the change as the rule sees it."""
        return ListingPlan(
            sku=self.item.sku,
            title=self.item.title,
            channel=self.channel.code,
            changes=[(change.field.replace("_", " "), f"{change.before or 'empty'} -> {change.after}") for change in changes],
            price=price,
            cost=Money(minor=self.ours.cost_minor, currency=self.ours.currency),
            price_changes=any(change.field == "price" for change in changes),
            issue_open=bool(self.issues),
        )


async def offer(tx: ReadTx, channel_code: str, ref: str, prefer: Callable[[Offer], bool]) -> Offer:
    """Return the listing of an item on a channel; when words fit several, the only one that `prefer` picks.

    Raises:
        InvalidInput: nothing is listed, or it stays unclear which listing is meant.
    """
    channel = await listings.channel(tx, channel_code)
    items = {item.id: item for item in await match.items(tx, ref, 50)}
    found = await listings.on_channel(tx, channel.id, list(items), lock=isinstance(tx, Tx))
    if not found:
        raise InvalidInput(f"“{ref}” is not listed on {channel.name}", field="item", code="not_listed")
    issues = await listings.open_issues(tx, [row.id for row in found])
    ours = await listings.ours(tx, [row.variant_id for row in found])
    offers = [
        Offer(channel, items[row.variant_id], row, [issue for issue in issues if issue.listing_id == row.id], ours[row.variant_id])
        for row in found
    ]
    chosen = [each for each in offers if prefer(each)] or offers
    meant = match.only(ref, [each.item for each in chosen])
    return next(each for each in chosen if each.item is meant)


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules alone, for tools that rest on nothing else."""

    policy: Policy


async def in_force(_tx: ReadTx, _args: Args, _ctx: RunContext, policy: Policy) -> InForce:
    """Return the rules in force."""
    return InForce(policy)


def typed(field: str, value: str) -> JsonValue:
    """Return a field's value as channels take it, without invisible characters."""
    clean = visible(value)
    return [clean] if field in _LISTS else clean


def publish(tx: Tx, offer: Offer, changes: Sequence[Change], values: dict[str, JsonValue], fixed: int) -> ListingUpdated:
    """Store new field values of a listing and send them to its channel after the commit."""
    row = offer.listing
    row.fields = {**row.fields, **values}
    left = len(offer.issues) - fixed
    row.status = status_after(ListingStatus(row.status), row.quantity, left)
    tx.session.add(row)
    about: dict[str, JsonValue] = {"listing": row.external_id, "channel": offer.channel.code, "sku": offer.item.sku}
    price: JsonValue = {"minor": row.price_minor, "currency": row.currency}
    tx.emit("channel.listing.push", **about, fields=values, price=price, quantity=row.quantity)
    changed: list[JsonValue] = [change.field for change in changes]
    tx.emit("listing.updated", **about, changed=changed, status=row.status)
    return ListingUpdated(
        listing=row.external_id,
        channel=offer.channel.code,
        sku=offer.item.sku,
        title=offer.item.title,
        changes=list(changes),
        status=ListingStatus(row.status),
        issues_fixed=fixed,
        issues_open=left,
    )


def status_after(status: ListingStatus, quantity: int, open_issues: int) -> ListingStatus:
    """Return the status after a change: an error lasts while an issue is open; drafts and paused listings stay so."""
    if status in {ListingStatus.DRAFT, ListingStatus.INACTIVE} or (status is ListingStatus.ERROR and open_issues):
        return status
    return ListingStatus.ACTIVE if quantity else ListingStatus.OUT_OF_STOCK


def decimal(money: Money) -> str:
    """Return an amount as channels take it, such as 12.50."""
    digits = exponent(money.currency)
    return f"{Decimal(money.minor).scaleb(-digits):.{digits}f}"
