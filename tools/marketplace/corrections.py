"""Mending what channels refuse: what a field can be mended with, and what people's decisions teach."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from core.selling import RULE_TRANSITIONS, FixSource, RuleStatus
from core.statuses import IssueStatus, IssueType, change
from store.queries import corrections
from store.queries.corrections import About
from store.tables.channels import CorrectionRule
from store.tables.marketplace import Channel, ListingIssue
from store.unit import Tx
from tools.policy.listings import ListingsPolicy

_SOURCES: Mapping[str, FixSource] = {
    "title": FixSource.TITLE,
    "brand": FixSource.BRAND,
    "category": FixSource.CATEGORY,
    "description": FixSource.DESCRIPTION,
    "sku": FixSource.SKU,
    "product_id": FixSource.SKU,
}


def candidates(field: str, about: About, fields: Mapping[str, Any], limit: int) -> list[tuple[FixSource, str]]:
    """Return what a field can be mended with, the likeliest first. `limit` is the channel's longest title."""
    found: list[tuple[FixSource, str]] = []
    current = str(fields.get(field) or "")
    if field == "title" and len(current) > limit:
        found.append((FixSource.SHORTENED, shortened(current, limit)))
    if source := _SOURCES.get(field):
        found.append((source, value_of(source, field, about, fields, limit)))
    return [(source, value) for source, value in found if value and value != current]


def value_of(source: FixSource, field: str, about: About, fields: Mapping[str, Any], limit: int) -> str:
    """Return what a source gives for a field of a listing; empty when it has nothing."""
    match source:
        case FixSource.TITLE:
            return shortened(about.title, limit)
        case FixSource.BRAND:
            return about.brand
        case FixSource.CATEGORY:
            return about.category
        case FixSource.DESCRIPTION:
            return about.description[:500]
        case FixSource.SKU:
            return about.sku
        case FixSource.SHORTENED:
            return shortened(str(fields.get(field) or ""), limit)
        case FixSource.NONE:
            return ""


def shortened(text: str, limit: int) -> str:
    """Return a text cut after the last whole word that fits."""
    return text if len(text) <= limit else text[: limit + 1].rsplit(" ", 1)[0][:limit].rstrip(" ,;-")


async def learn(tx: Tx, channel: Channel, issue: ListingIssue, policy: ListingsPolicy, *, approved: bool) -> CorrectionRule | None:
    """Let a person's decision about a suggestion move its confidence, and that of the rule behind it.

    Return the rule, None where the value came from nowhere that another listing has too.
    """
    step = policy.approved if approved else policy.rejected
    before = issue.confidence_pct
    issue.confidence_pct = step(before)
    tx.session.add(issue)
    source = FixSource(issue.source)
    if source is FixSource.NONE:
        return None
    rule = await corrections.rule_or_new(tx, channel, issue.field, IssueType(issue.type), source, policy.within(before))
    rule.confidence_pct = step(rule.confidence_pct)
    _settle(tx, rule, policy)
    return rule


def _settle(tx: Tx, rule: CorrectionRule, policy: ListingsPolicy) -> None:
    status = RuleStatus(rule.status)
    wanted = policy.status_of(rule.confidence_pct, status)
    if wanted is not status:
        rule.status = change(f"correction rule {rule.number}", status, wanted, RULE_TRANSITIONS)
        rule.learned_at = tx.now if wanted is RuleStatus.ACTIVE else rule.learned_at
        tx.emit("listing.rule.learned" if wanted is RuleStatus.ACTIVE else "listing.rule.unlearned", rule=rule.number, field=rule.field)
    tx.session.add(rule)


async def mend(
    tx: Tx, channel: Channel, issues: Sequence[ListingIssue], about: About, fields: Mapping[str, Any], policy: ListingsPolicy
) -> dict[str, JsonValue]:
    """Apply what was learned to issues of one listing, and return the new values of its fields.

    A rule that would give what the channel has just refused is of no help, and leaves the issue to a person.
    """
    values: dict[str, JsonValue] = {}
    for issue in issues if channel.auto_correct else ():
        for rule in await corrections.active(tx, channel, issue.field, IssueType(issue.type)):
            value = value_of(FixSource(rule.source), issue.field, about, fields, policy.title_most(channel.code))
            if not value or value == fields.get(issue.field):
                continue
            values[issue.field] = value
            rule.applied += 1
            issue.status, issue.fixed_at, issue.corrected_by = IssueStatus.FIXED, tx.now, rule.number
            issue.suggested_value, issue.source, issue.confidence_pct = value, FixSource(rule.source), rule.confidence_pct
            tx.session.add(rule)
            tx.session.add(issue)
            break
    return values
