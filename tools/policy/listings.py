"""Listings: what each channel wants to know, how suggestions earn trust, and who decides about what leaves for a channel."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.identity import Principal, Role
from core.money import Money
from core.selling import RULE_TRANSITIONS, RuleStatus
from core.statuses import IssueType
from tools.policy.decision import Decision, Preview, allow, approve, deny
from tools.policy.figures import Loosens

_EMPTY: tuple[object, ...] = (None, "", [])
_NUMBER = re.compile(r"^\d+([.,]\d{1,3})?$")


def _required() -> dict[str, list[str]]:
    return {
        "amazon": ["title", "description", "price", "brand", "category", "images"],
        "ebay": ["title", "description", "price", "category", "return_policy"],
        "cdiscount": ["title", "description", "price", "brand", "category", "images"],
        "backmarket": ["title", "price", "quantity", "description", "brand"],
        "refurbed": ["title", "price", "quantity", "description", "brand"],
        "mirakl": ["product_id", "title", "price", "quantity", "lead_time"],
        "shopify": ["title", "price", "inventory_quantity"],
        "woocommerce": ["title", "price", "description"],
        "magento": ["title", "price", "description", "sku"],
        "bigcommerce": ["title", "price", "category"],
        "prestashop": ["title", "price", "quantity"],
        "opencart": ["title", "price", "quantity", "description"],
    }


class ListingsPolicy(BaseModel):
    """What channels require, and when a correction is trusted. Confidences are in per cent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    required_fields: dict[str, list[str]] = Field(default_factory=_required)
    """By channel."""
    title_limits: dict[str, Annotated[int, Field(ge=20, le=500)]] = {"ebay": 80}
    """The longest title in characters, by channel."""
    title_limit: int = Field(default=200, ge=20, le=500)
    """The longest title elsewhere."""
    first_confidence: int = Field(default=65, ge=10, le=99)
    """Of a suggestion that nobody decided about yet."""
    approved_step: int = Field(default=15, ge=1, le=50)
    """How much surer an approved suggestion makes."""
    rejected_step: int = Field(default=20, ge=1, le=50)
    """How much less sure a rejected one makes."""
    surest: int = Field(default=99, ge=80, le=99)
    least: int = Field(default=10, ge=10, le=40)
    learned_from: Annotated[int, Loosens.DOWN] = Field(default=80, ge=50, le=99)
    """From here on a correction applies by itself."""
    price_tolerance: Annotated[int, Loosens.UP] = Field(default=10, ge=0, le=100)
    """By how many per cent a channel's order may be cheaper than its listing before a person looks at it."""
    replies_approved: Annotated[bool, Loosens.DOWN] = True
    """Whether an answer to a buyer is approved before it is sent."""
    pull_minutes: int = Field(default=60, ge=5, le=1440)
    """How often the orders of a connected channel are pulled by themselves."""
    sync_hours: int = Field(default=6, ge=1, le=168)
    """A pull of orders that did not end in this time has failed."""

    def required(self, channel: str) -> list[str]:
        """Return the fields that a channel requires; of a channel that is not named, title and price."""
        return self.required_fields.get(channel, ["title", "price"])

    def approved(self, confidence: int) -> int:
        """Return the confidence after an approval: never lower than before, never above the surest."""
        return max(min(confidence + self.approved_step, self.surest), self.within(confidence))

    def rejected(self, confidence: int) -> int:
        """Return the confidence after a rejection."""
        return self.within(confidence - self.rejected_step)

    def within(self, confidence: int) -> int:
        """Return a confidence within the least and the surest."""
        return min(max(confidence, self.least), self.surest)

    def status_of(self, confidence: int, status: RuleStatus) -> RuleStatus:
        """Return whether a correction applies by itself now; what was revoked stays so."""
        if status is RuleStatus.REVOKED:
            return status
        return RuleStatus.ACTIVE if confidence >= self.learned_from else RuleStatus.SUGGESTED

    def title_most(self, channel: str) -> int:
        """Return the longest title that a channel takes, in characters."""
        return self.title_limits.get(channel, self.title_limit)


class Problem(BaseModel):
    """Something that is wrong with a listing by our own knowledge of its channel."""

    type: IssueType
    field: str
    message: str


def problems(policy: ListingsPolicy, channel: str, fields: Mapping[str, Any], price: Money, floor: Money, oversold: int) -> list[Problem]:
    """Return what a channel would refuse, or the shop should not show, the most basic first."""
    found = [
        Problem(type=IssueType.MISSING_REQUIRED_FIELD, field=name, message=f"{channel} requires {name.replace('_', ' ')}.")
        for name in policy.required(channel)
        if fields.get(name) in _EMPTY
    ]
    title, shown, limit = str(fields.get("title") or ""), fields.get("price"), policy.title_most(channel)
    if len(title) > limit:
        text = f"The title has {len(title)} characters; {channel} takes {limit}."
        found.append(Problem(type=IssueType.INVALID_FORMAT, field="title", message=text))
    if shown not in _EMPTY and not _NUMBER.fullmatch(str(shown)):
        found.append(Problem(type=IssueType.INVALID_FORMAT, field="price", message="The price is no number such as 12.50."))
    if price < floor:
        text = f"{price} is below the floor of {floor} on {channel}."
        found.append(Problem(type=IssueType.BUSINESS_RULE_VIOLATION, field="price", message=text))
    if oversold > 0:
        text = f"{oversold} more are offered than the shop has."
        found.append(Problem(type=IssueType.BUSINESS_RULE_VIOLATION, field="quantity", message=text))
    return found


class FixPlan(BaseModel):
    """A person's decision about a suggested correction."""

    sku: str
    title: str
    channel: str
    field: str
    before: str
    after: str
    approves: bool
    confidence: int


def decide_fix(policy: ListingsPolicy, plan: FixPlan, _principal: Principal) -> Decision:
    """Decide on publishing a suggested correction; to refuse one changes nothing on the channel."""
    if not plan.approves:
        return allow("listing.fix_rejected")
    after = policy.approved(plan.confidence)
    rows = (
        ("Listing", f"{plan.title} ({plan.sku})"),
        ("Channel", plan.channel),
        (plan.field.replace("_", " "), f"{plan.before or 'empty'} -> {plan.after}"),
        ("Confidence", f"{plan.confidence} % -> {after} %" + (", applies by itself from then on" if after >= policy.learned_from else "")),
    )
    reason = "Changes on a channel need approval."
    return approve("listing.publish", reason, Preview(title=f"Publish to {plan.channel}", rows=rows), role=Role.MANAGER)


def decide_revoke_rule(number: str, status: RuleStatus) -> Decision:
    """Decide on taking a learned correction back: it can always be."""
    if RuleStatus.REVOKED not in RULE_TRANSITIONS[status]:
        return deny("listing.rule_not_active", f"{number} does not apply by itself: it is {status}.", "show the correction rules")
    return allow("listing.revoke_rule")


class ReplyPlan(BaseModel):
    """An answer to a buyer before it is sent."""

    channel: str
    conversation: str
    text: str


def decide_reply(policy: ListingsPolicy, plan: ReplyPlan, _principal: Principal) -> Decision:
    """Decide on an answer to a buyer, who reads it in the shop's name."""
    if not policy.replies_approved:
        return allow("channel.reply_at_once")
    rows = (("Channel", plan.channel), ("Conversation", plan.conversation), ("Answer", plan.text))
    reason = "Answers to buyers on channels need approval."
    return approve("channel.reply", reason, Preview(title=f"Answer a buyer on {plan.channel}", rows=rows), role=Role.STAFF)


def decide_connected(channel: str, connected: bool, rule: str) -> Decision:
    """Decide on anything that leaves for a channel: nothing goes to one that is paused or disconnected."""
    if not connected:
        return deny("channel.not_connected", f"{channel} is not connected.", "connect the channel first")
    return allow(rule)


class PushTally(BaseModel):
    """What a bulk change of listings does, gathered row by row."""

    selected: int = 0
    changed: int = 0
    below_floor: int = 0
    """Left alone: their price would be below its floor."""
    by_channel: dict[str, int] = {}
    examples: list[str] = []

    def add(self, channel: str, label: str, change: str, *, below_floor: bool = False) -> None:
        """Count one listing; an empty change leaves it as it is."""
        self.selected += 1
        self.below_floor += below_floor
        if not change or below_floor:
            return
        self.changed += 1
        self.by_channel[channel] = self.by_channel.get(channel, 0) + 1
        if len(self.examples) < 5:
            self.examples.append(f"{label} on {channel}: {change}")


def decide_bulk_listings(at_once: int, most: int, title: str, tally: PushTally) -> Decision:
    """Decide on a change of many listings; up to `at_once` change without approval, more than `most` are refused."""
    if not tally.selected:
        return deny("listing.nothing_selected", "No listing fits that selection.", "name a channel, category, brand or SKU")
    if tally.selected > most:
        return deny("listing.bulk_too_many", f"{tally.selected} listings are more than {most} at once.", "narrow the selection")
    if not tally.changed:
        floor = f" {tally.below_floor} would fall below their floor." if tally.below_floor else ""
        return deny("listing.nothing_to_change", f"None of the {tally.selected} listings would change.{floor}", "ask for another change")
    if tally.changed <= at_once:
        return allow("listing.bulk_within_limit")
    rows = (
        ("Change", title),
        ("Listings", f"{tally.selected} selected, {tally.changed} change, {tally.below_floor} left alone below their floor"),
        ("Channels", ", ".join(f"{code} {count}" for code, count in sorted(tally.by_channel.items()))),
        *(("Such as", example) for example in tally.examples[:3]),
    )
    reason = f"Changes of more than {at_once} listings at once need approval."
    return approve("listing.bulk", reason, Preview(title=f"Change {tally.changed} listings", rows=rows), role=Role.MANAGER)


def suspicious_price(policy: ListingsPolicy, sold: Money, listed: Money) -> bool:
    """Return whether a channel reports a price that is too far below the listing's to be taken without a look."""
    return Decimal(sold.minor) * 100 < Decimal(listed.minor) * (100 - policy.price_tolerance)
