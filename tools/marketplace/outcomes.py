"""What the tools about corrections, synchronisations, orders and messages of channels give back."""

from datetime import datetime

from pydantic import BaseModel, Field

from core.money import Money
from core.selling import ChannelOrderStatus, ChannelStatus, MessageStatus, RuleStatus, SyncStatus, SyncTrigger
from core.statuses import IssueType
from tools.phrases import bullets, day, joined, listing, plural, words
from tools.policy.listings import Problem
from tools.result import Quote, Result

_SHOWN = 8


class ListingChecked(Result):
    """A listing against what its channel requires."""

    listing: str
    channel: str
    sku: str
    title: str
    required: list[str]
    problems: list[Problem]

    def text(self) -> str:
        """List what is wrong."""
        if not self.problems:
            return f"**{self.title}** (`{self.sku}`) has everything that {self.channel} requires."
        return listing(
            f"**{self.title}** (`{self.sku}`) on {self.channel}: {plural(len(self.problems), 'problem')}.",
            [f"{words(each.type)}, {words(each.field)}: {each.message}" for each in self.problems[:_SHOWN]],
            len(self.problems),
        )


class Suggestion(BaseModel):
    """An open issue with what would mend it."""

    field: str
    type: IssueType
    cause: Quote
    value: str | None = None
    taken_from: str
    confidence: float


class FixSuggestions(Result):
    """Issues of a listing with suggested values."""

    listing: str
    channel: str
    sku: str
    title: str
    suggestions: list[Suggestion]

    def text(self) -> str:
        """List cause and suggestion of each field."""
        if not self.suggestions:
            return f"**{self.title}** (`{self.sku}`) has no open issue on {self.channel}."
        shown = [
            f"{words(each.field)} — “{each.cause.text}” "
            + (f"Suggested: “{each.value}” ({each.confidence:.0%} sure)." if each.value else "The shop's data has no value for it.")
            for each in self.suggestions[:_SHOWN]
        ]
        return listing(f"**{self.title}** (`{self.sku}`) on {self.channel}:", shown, len(self.suggestions))


class FixDecided(Result):
    """What a person's decision about a suggestion did."""

    listing: str
    channel: str
    sku: str
    title: str
    field: str
    value: str
    approved: bool
    confidence: float
    rule: str | None = None
    """The rule that applies by itself from now on."""

    def text(self) -> str:
        """Confirm the decision and say what was learned."""
        sure = f"Such suggestions are {self.confidence:.0%} sure now."
        if not self.approved:
            return f"The suggested {words(self.field)} of **{self.title}** on {self.channel} is rejected. {sure}"
        learned = f" From now on it is corrected without asking ({self.rule})." if self.rule else ""
        return f"**{self.title}** is being published to {self.channel} with {words(self.field)} “{self.value}”. {sure}{learned}"


class RuleShown(BaseModel):
    """A learned correction."""

    rule: str
    channel: str
    field: str
    type: IssueType
    taken_from: str
    confidence: float
    status: RuleStatus
    applied: int


class CorrectionRules(Result):
    """Learned corrections, those that apply by themselves first."""

    total: int
    rules: list[RuleShown]

    def text(self) -> str:
        """List the rules."""
        if not self.total:
            return "Nothing was learned about listings yet."
        shown = [
            f"{each.rule}: on {each.channel}, {words(each.field)} from the product's {each.taken_from} when it is a {words(each.type)} — "
            f"{words(each.status)}, {each.confidence:.0%} sure, applied {plural(each.applied, 'time')}"
            for each in self.rules[:_SHOWN]
        ]
        return listing(f"{plural(self.total, 'correction rule')}:", shown, self.total)


class RuleRevoked(Result):
    """A learned correction that was taken back."""

    rule: str
    field: str
    applied: int

    def text(self) -> str:
        """Confirm it."""
        return f"{self.rule} no longer corrects {words(self.field)} by itself; it had done so {plural(self.applied, 'time')}."


class ChannelResultRecorded(Result):
    """A channel's answer to a push, written down."""

    listing: str
    channel: str
    accepted: bool
    issues_open: int
    corrected: list[str] = Field(default_factory=list)
    """Fields that learned corrections mended; the listing was pushed again."""

    def text(self) -> str:
        """Say what came of it."""
        if self.accepted:
            return f"{self.channel} shows {self.listing} as it was sent."
        mended = f" {joined([words(field) for field in self.corrected])} corrected and pushed again." if self.corrected else ""
        return f"{self.channel} refused {self.listing}: {plural(self.issues_open, 'issue')} open.{mended}"


class SyncStarted(Result):
    """A synchronisation that was started."""

    sync_run: str
    channel: str
    status: SyncStatus

    def text(self) -> str:
        """Confirm it."""
        return f"{self.sync_run}: orders are being pulled from {self.channel}."


class SyncShown(BaseModel):
    """One synchronisation."""

    sync_run: str
    channel: str
    trigger: SyncTrigger
    status: SyncStatus
    imported: int
    known: int
    blocked: int
    note: Quote | None = None
    started_at: datetime
    finished_at: datetime | None = None


class BlockedOrder(BaseModel):
    """An order of a channel that could not be taken over."""

    channel: str
    external_id: str
    problems: list[str]
    last_seen_at: datetime


class SyncHistory(Result):
    """Synchronisations, the last first, and the orders that are stuck."""

    total: int
    runs: list[SyncShown]
    blocked_total: int
    blocked: list[BlockedOrder]

    def text(self) -> str:
        """List runs, then what is stuck."""
        shown = [
            f"{each.sync_run}, {each.channel}, {day(each.started_at)} ({words(each.trigger)}): {words(each.status)}, "
            f"{each.imported} imported, {each.known} known, {each.blocked} blocked"
            for each in self.runs[:_SHOWN]
        ]
        head = listing(f"{plural(self.total, 'synchronisation')}:", shown, self.total) if self.total else "Nothing was pulled yet."
        if not self.blocked_total:
            return head
        stuck = [f"{each.channel} {each.external_id}: {joined(each.problems)}" for each in self.blocked[:_SHOWN]]
        heading = f"{plural(self.blocked_total, 'order')} cannot be taken over:"
        return f"{head}\n{listing(heading, stuck, self.blocked_total)}"


class SyncRecorded(Result):
    """A synchronisation that ended."""

    sync_run: str
    status: SyncStatus

    def text(self) -> str:
        """Confirm it."""
        return f"{self.sync_run} {words(self.status)}."


class ChannelOrderTaken(Result):
    """What became of an order that a channel reported."""

    channel: str
    external_id: str
    status: ChannelOrderStatus
    order: str | None = None
    created: bool = False
    total: Money | None = None
    on_hold: bool = False
    problems: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """Say whether it is an order of the shop now."""
        if self.order is None:
            return f"{self.external_id} of {self.channel} cannot be taken over: {joined(self.problems)}."
        new = "is" if self.created else "was already"
        return f"{self.external_id} of {self.channel} {new} order {self.order}{f' over {self.total}' if self.total else ''}."


class InboxMessage(BaseModel):
    """A message of a buyer, or a draft of ours."""

    channel: str
    conversation: str
    author: str
    subject: Quote
    message: Quote
    status: MessageStatus
    at: datetime


class ChannelInbox(Result):
    """Messages on channels, the oldest first."""

    total: int
    messages: list[InboxMessage]

    def text(self) -> str:
        """List the messages."""
        if not self.total:
            return "There is no such message."
        shown = [
            f"{each.channel}, conversation `{each.conversation}`, {day(each.at)}: “{' '.join(each.message.text.split())[:160]}”"
            for each in self.messages[:_SHOWN]
        ]
        return listing(f"{plural(self.total, 'message')}:", shown, self.total)


class ReplyDrafted(Result):
    """An answer to a buyer that waits to be sent, or was sent."""

    channel: str
    conversation: str
    draft: str
    sent: bool

    def text(self) -> str:
        """Show the answer."""
        if self.sent:
            return f"The answer in {self.conversation} is on its way to {self.channel}."
        return f"Draft for {self.conversation} on {self.channel}: “{self.draft}”. It is not sent yet."


class MessageRecorded(Result):
    """A message of a buyer that a channel reported."""

    channel: str
    conversation: str
    new: bool


class ReplyRefused(Result):
    """An answer that a channel did not take."""

    channel: str
    conversation: str
    reopened: bool
    """Whether the conversation waits for an answer again."""


class Connection(BaseModel):
    """How a channel is connected."""

    channel: str
    name: str
    status: ChannelStatus
    pulls_orders: bool
    auto_correct: bool
    note: str
    listings: int
    last_sync_at: datetime | None = None


class ChannelConnections(Result):
    """The shop's sales channels."""

    connections: list[Connection]

    def text(self) -> str:
        """List the channels."""
        return "\n".join(bullets(_connection(each) for each in self.connections)) or "The shop sells on no channel."


class ChannelHealth(BaseModel):
    """The listings of a channel in figures."""

    channel: str
    listings: int
    active: int
    error: int
    out_of_stock: int
    not_shown: int
    mismatches: int
    issues: int
    healthy_percent: int
    """Share of the listings that are active and show our price and stock."""
    oldest_sync: datetime | None = None


class ListingHealth(Result):
    """How well the listings of each channel stand."""

    channels: list[ChannelHealth]

    def text(self) -> str:
        """One line a channel, the worst first."""
        if not self.channels:
            return "The shop sells on no channel."
        return "\n".join(
            bullets(
                f"**{each.channel}**: {each.healthy_percent} % healthy of {plural(each.listings, 'listing')} — {each.error} in error, "
                f"{plural(each.issues, 'open issue')}, {each.mismatches} out of sync, {each.out_of_stock} out of stock, "
                f"{each.not_shown} not shown"
                for each in self.channels
            )
        )


def _connection(each: Connection) -> str:
    pulled = "orders pulled" if each.pulls_orders else "orders not pulled"
    learned = f"learned corrections {'on' if each.auto_correct else 'off'}"
    note = f" ({each.note})" if each.note else ""
    return f"**{each.name}**: {words(each.status)}, {plural(each.listings, 'listing')}, {pulled}, {learned}{note}"
