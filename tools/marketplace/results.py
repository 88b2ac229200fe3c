"""What the marketplace tools give back."""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel

from core.money import Money
from core.statuses import IssueType, ListingStatus
from tools.phrases import bullets, joined, listing, plural, words
from tools.result import Quote, Result

_SHOWN = 8


class ChannelIssues(BaseModel):
    """How many issues are open on a channel."""

    channel: str
    open: int


class Issue(BaseModel):
    """Something that a channel refuses in a listing, with the fix that is suggested."""

    listing: str
    channel: str
    sku: str
    title: str
    type: IssueType
    field: str
    message: Quote
    """The channel's own words."""
    suggested_value: str | None = None
    confidence: float
    listing_status: ListingStatus
    since: datetime


class ListingIssues(Result):
    """Open issues, the oldest first."""

    total: int
    listings_in_error: int
    channels: list[ChannelIssues]
    issues: list[Issue]

    def text(self) -> str:
        """List the issues with their suggested fixes."""
        if not self.total:
            return "There is no open listing issue."
        by_channel = joined([f"{each.open} on {each.channel}" for each in self.channels])
        errors = f" {plural(self.listings_in_error, 'listing')} in error." if self.listings_in_error else ""
        shown = [
            f"**{issue.title}** (`{issue.sku}`, {issue.channel}): {issue.field} — “{issue.message.text}” "
            + (f"Suggested: “{issue.suggested_value}” ({issue.confidence:.0%} sure)." if issue.suggested_value else "No suggestion.")
            for issue in self.issues[:_SHOWN]
        ]
        return listing(f"{plural(self.total, 'open issue')}: {by_channel}.{errors}", shown, self.total)


class Mismatch(BaseModel):
    """A listing that shows another price or quantity than the shop has."""

    listing: str
    channel: str
    sku: str
    title: str
    our_price: Money
    channel_price: Money
    our_quantity: int
    channel_quantity: int
    oversells: bool
    """The channel offers more than there is."""
    synced_at: datetime | None = None


class ChannelMismatches(Result):
    """Listings that differ from the shop, what can be oversold first."""

    total: int
    mismatches: list[Mismatch]

    def text(self) -> str:
        """List the differences."""
        if not self.total:
            return "Prices and quantities on the channels are the same as ours."
        shown = [f"**{each.title}** (`{each.sku}`, {each.channel}): {_difference(each)}" for each in self.mismatches[:_SHOWN]]
        return listing(f"{plural(self.total, 'listing')} {'differs' if self.total == 1 else 'differ'} from our data:", shown, self.total)


class ChannelEarning(BaseModel):
    """What a channel leaves on average, in per cent of the price."""

    channel: str
    listings: int
    commission_percent: Decimal
    mean_margin_percent: Decimal
    below_floor: int


class ListingMargin(BaseModel):
    """What remains of a listing's price after commission and cost."""

    listing: str
    channel: str
    sku: str
    title: str
    price: Money
    commission: Money
    cost: Money
    margin: Money
    margin_percent: Decimal
    floor: Money
    below_floor: bool


class NetMargin(Result):
    """Margins after commission and cost, the worst first."""

    total: int
    channels: list[ChannelEarning]
    listings: list[ListingMargin]

    def text(self) -> str:
        """Show the channels, then the worst listings."""
        if not self.total:
            return "There is no active listing to compute a margin for."
        lines = [f"Net margin over {plural(self.total, 'listing')} (price less commission and cost):"]
        lines += bullets(
            f"**{each.channel}**: {each.mean_margin_percent} % on average after {each.commission_percent} % commission, "
            f"{plural(each.listings, 'listing')}" + (f", {each.below_floor} below the floor" if each.below_floor else "")
            for each in self.channels
        )
        lines += ["", "Worst listings:"]
        lines += bullets(
            f"**{each.title}** (`{each.sku}`, {each.channel}): {each.margin} of {each.price} ({each.margin_percent} %)"
            + (f", below the floor of {each.floor}" if each.below_floor else "")
            for each in self.listings[:_SHOWN]
        )
        return "\n".join(lines)


class Change(BaseModel):
    """One field of a listing before and after."""

    field: str
    before: str
    after: str


class ListingUpdated(Result):
    """A listing that was changed; the change is on its way to the channel."""

    listing: str
    channel: str
    sku: str
    title: str
    changes: list[Change]
    status: ListingStatus
    issues_fixed: int = 0
    issues_open: int = 0

    def text(self) -> str:
        """Confirm the change and say what is left to do."""
        lines = [f"**{self.title}** (`{self.sku}`) is being published to {self.channel}:"]
        lines += bullets(f"{words(change.field)}: {change.before or 'empty'} → {change.after}" for change in self.changes)
        fixed = f"{plural(self.issues_fixed, 'issue')} fixed, " if self.issues_fixed else ""
        left = f"{plural(self.issues_open, 'issue')} still open" if self.issues_open else "no open issue"
        return "\n".join([*lines, f"The listing is {words(self.status)}: {fixed}{left}."])


def _difference(each: Mismatch) -> str:
    parts: list[str] = []
    if each.channel_price != each.our_price:
        parts.append(f"price {each.channel_price}, ours {each.our_price}")
    if each.channel_quantity != each.our_quantity:
        parts.append(f"quantity {each.channel_quantity}, ours {each.our_quantity}{' (can be oversold)' if each.oversells else ''}")
    return "; ".join(parts)
