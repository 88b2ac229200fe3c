"""Learned corrections: one for each way to mend a field on a channel, and what a listing can be mended with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select

from core.errors import NotFound
from core.selling import FixSource, RuleStatus
from core.statuses import IssueType
from store.queries import counters
from store.queries.products import titled
from store.tables.channels import CorrectionRule
from store.tables.marketplace import Channel, Listing, ListingIssue
from store.unit import ReadTx, Tx

_ABOUT = text(
    """
    SELECT v.id, v.sku, p.name, v.options, p.brand, c.name AS category, c.slug, p.description, p.slug AS product FROM variants v
    JOIN products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
    JOIN categories c ON c.tenant_id = p.tenant_id AND c.id = p.category_id
    WHERE v.tenant_id = :tenant AND v.id = ANY(:variants)
    """
)


@dataclass(frozen=True, slots=True)
class About:
    """What the shop itself knows of a listed variant."""

    id: UUID
    sku: str
    title: str
    brand: str
    category: str
    category_slug: str
    description: str
    product: str


async def about(tx: ReadTx, variants: Sequence[UUID]) -> dict[UUID, About]:
    """Return what the shop knows of some variants."""
    rows: Sequence[Mapping[str, Any]] = (
        (await tx.connection.execute(_ABOUT, {"tenant": tx.tenant_id, "variants": list(variants)})).mappings().all()
    )  # pyright: ignore[reportAssignmentType]
    return {
        row["id"]: About(
            row["id"],
            row["sku"],
            titled(row["name"], row["options"]),
            row["brand"],
            row["category"],
            row["slug"],
            row["description"],
            row["product"],
        )
        for row in rows
    }


async def rule(tx: Tx, channel: Channel, field: str, kind: IssueType, source: FixSource) -> CorrectionRule | None:
    """Return the rule of one way to mend a field, locked."""
    query = select(CorrectionRule).where(
        col(CorrectionRule.tenant_id) == tx.tenant_id,
        col(CorrectionRule.channel_id) == channel.id,
        col(CorrectionRule.field) == field,
        col(CorrectionRule.type) == kind,
        col(CorrectionRule.source) == source,
    )
    return (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()


async def rule_or_new(tx: Tx, channel: Channel, field: str, kind: IssueType, source: FixSource, confidence: int) -> CorrectionRule:
    """Return the rule of one way to mend a field, locked; a new one begins with `confidence`.

    The number's counter is taken before the second look, so that two who learn the same at once make one rule.
    """
    found = await rule(tx, channel, field, kind, source)
    if found is not None:
        return found
    number = f"C-{await counters.take(tx, 'correction_rule')}"
    found = await rule(tx, channel, field, kind, source)
    if found is not None:
        return found
    values: dict[str, Any] = {"field": field, "type": kind, "source": source, "confidence_pct": confidence}
    return tx.add(CorrectionRule(tenant_id=tx.tenant_id, number=number, channel_id=channel.id, **values))


async def active(tx: Tx, channel: Channel, field: str, kind: IssueType) -> Sequence[CorrectionRule]:
    """Return the rules that mend a field of a channel by themselves, locked, the surest first."""
    query = (
        select(CorrectionRule)
        .where(
            col(CorrectionRule.tenant_id) == tx.tenant_id,
            col(CorrectionRule.channel_id) == channel.id,
            col(CorrectionRule.field) == field,
            col(CorrectionRule.type) == kind,
            col(CorrectionRule.status) == RuleStatus.ACTIVE,
        )
        .order_by(col(CorrectionRule.confidence_pct).desc(), col(CorrectionRule.id))
        .with_for_update()
    )
    return (await tx.session.exec(query)).all()


async def by_number(tx: Tx, number: str) -> CorrectionRule:
    """Return a rule, locked.

    Raises:
        NotFound: unknown, or of another shop.
    """
    query = select(CorrectionRule).where(col(CorrectionRule.tenant_id) == tx.tenant_id, col(CorrectionRule.number) == number)
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()
    if row is None:
        raise NotFound("correction rule", number)
    return row


async def find(tx: ReadTx, channel_id: UUID | None, limit: int) -> tuple[int, list[tuple[str, CorrectionRule]]]:
    """Return how many rules there are, and the surest with their channels' codes."""
    where = [col(CorrectionRule.tenant_id) == tx.tenant_id]
    if channel_id is not None:
        where.append(col(CorrectionRule.channel_id) == channel_id)
    total = (await tx.session.exec(select(func.count()).select_from(CorrectionRule).where(*where))).one()
    same = (col(Channel.tenant_id) == col(CorrectionRule.tenant_id)) & (col(Channel.id) == col(CorrectionRule.channel_id))
    query = select(col(Channel.code), CorrectionRule).join(Channel, same).where(*where)
    ordered = query.order_by(col(CorrectionRule.status), col(CorrectionRule.confidence_pct).desc(), col(CorrectionRule.number))
    return int(total), [(code, row) for code, row in (await tx.session.exec(ordered.limit(limit))).all()]


async def listing_of(tx: Tx, channel: Channel, external_id: str) -> Listing:
    """Return a listing by the channel's number, locked.

    Raises:
        NotFound: the shop has no such listing there.
    """
    query = select(Listing).where(
        col(Listing.tenant_id) == tx.tenant_id, col(Listing.channel_id) == channel.id, col(Listing.external_id) == external_id
    )
    row = (await tx.session.exec(query.with_for_update().execution_options(populate_existing=True))).first()
    if row is None:
        raise NotFound("listing", external_id)
    return row


def report(tx: Tx, listing: Listing, field: str, kind: IssueType, message: str) -> ListingIssue:
    """Add an issue to a listing."""
    about: dict[str, Any] = {"field": field[:40], "type": kind, "message": message[:300], "created_at": tx.now}
    return tx.add(ListingIssue(tenant_id=tx.tenant_id, listing_id=listing.id, **about))
