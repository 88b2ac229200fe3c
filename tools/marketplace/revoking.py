"""Bulk changes: what was changed, and taking it back where nothing else changed it since."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.identity import Permission, Principal, RunContext
from core.selling import BulkKind, BulkRowState, BulkStatus
from store.queries import bulk, bulk_listings, pricing, stock
from store.queries.bulk import BulkRow
from store.queries.bulk_listings import NewListing
from store.queries.pricing import NewPrice
from store.tables.bulk import BulkChange
from store.unit import ReadTx, Tx
from tools.arguments import Limit
from tools.marketplace.bulk import push
from tools.marketplace.bulk_results import BulkChanges, BulkRevoked, BulkShown
from tools.marketplace.module import module
from tools.policy import Policy
from tools.policy.decision import Decision, Verdict
from tools.policy.holding import decide_stock_revocation
from tools.policy.pricing import PricingPolicy, Restoring, decide_revocation
from tools.products.pricing import floor_of
from tools.spec import Args, Audience, Effect


class BulkChangesArgs(Args):
    """Arguments of `bulk_changes`."""

    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.PRICE_READ,
    audience=Audience.STAFF,
    examples=(
        "show the bulk changes",
        "what did we change in bulk lately",
        "who ran the last mass update",
        "list recent bulk price changes",
        "which bulk change lowered the shoes",
        "number of the last bulk change",
    ),
)
async def bulk_changes(tx: ReadTx, args: BulkChangesArgs, _ctx: RunContext) -> BulkChanges:
    """List changes that were made in bulk, with their numbers, by which they are taken back."""
    total, rows = await bulk.find(tx, args.limit)
    return BulkChanges(total=total, changes=[_listed(row) for row in rows])


class RevokeBulkChange(Args):
    """Arguments of `revoke_bulk_change`."""

    bulk_change: Annotated[str, Field(pattern=r"^B-[0-9]{1,18}$", json_schema_extra={"format": "bulk-number"})]
    """Number of the bulk change, such as B-1001."""


@dataclass(frozen=True, slots=True)
class _Revoking:
    row: BulkChange
    policy: Policy
    plan: Restoring


async def _revoking(tx: Tx, args: RevokeBulkChange, _ctx: RunContext, policy: Policy) -> _Revoking:
    row = await bulk.locked(tx, args.bulk_change)
    kind, stands = BulkKind(row.kind), BulkStatus(row.status) is BulkStatus.APPLIED
    plan = Restoring(number=row.number, title=row.title, kind=kind.value, stands=stands, revocable=kind in _RESTORERS)
    if plan.stands and plan.revocable:
        async for chunk in bulk.applied(tx, row):
            restored = await _RESTORERS[kind](tx, row, chunk, policy.pricing, really=False)
            plan.restored += len(restored)
            plan.kept += len(chunk) - len(restored)
            plan.units += sum(abs(int(each.after.get("delta", 0))) for each in chunk if each.id in restored)
    return _Revoking(row, policy, plan)


def _may_revoke(policy: Policy, facts: _Revoking, principal: Principal) -> Decision:
    decision = decide_revocation(policy.pricing, facts.plan, principal)
    if facts.plan.kind != BulkKind.STOCK or decision.verdict is Verdict.DENY:
        return decision
    return decide_stock_revocation(policy.stock, facts.plan.number, facts.plan.units, principal)


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.PRICE_WRITE,
    audience=Audience.STAFF,
    facts=_revoking,
    policy=lambda policy, facts, _args, principal: _may_revoke(policy, facts, principal),
    examples=(
        "take back bulk change B-1001",
        "undo the mass price change B-1002",
        "revoke B-1003",
        "restore the prices from before B-1001",
        "that bulk change was a mistake, roll B-1004 back",
        "reverse the bulk edit B-1002",
    ),
    timeout=300.0,
)
async def revoke_bulk_change(tx: Tx, args: RevokeBulkChange, _ctx: RunContext, facts: _Revoking) -> BulkRevoked:
    """Take a bulk change back: what it changed gets its former value, where nothing else changed it since."""
    row, restored, kept, number = facts.row, 0, 0, 0
    async for chunk in bulk.applied(tx, row):
        done = await _RESTORERS[BulkKind(row.kind)](tx, row, chunk, facts.policy.pricing, really=True)
        left = [each.id for each in chunk if each.id not in done]
        await bulk.settle(tx, [*done], BulkRowState.RESTORED)
        await bulk.settle(tx, left, BulkRowState.KEPT)
        restored, kept, number = restored + len(done), kept + len(left), number + 1
        await bulk.send(tx, row, -number)
    bulk.revoke(tx, row)
    tx.emit("bulk.revoked", bulk_change=row.number, restored=restored, kept=kept)
    return BulkRevoked(bulk_change=row.number, restored=restored, kept=kept)


async def _restore_prices(tx: Tx, row: BulkChange, chunk: list[BulkRow], policy: PricingPolicy, *, really: bool) -> set[UUID]:
    """Restore prices that nobody set since; one that would be below its floor today stays."""
    now = {each.id: each for each in await pricing.locked(tx, [each.subject_id for each in chunk])}
    restorable = [
        (each, NewPrice(variant, int(each.before["minor"])))
        for each in chunk
        if (variant := now.get(each.subject_id)) is not None
        and variant.price_revision == each.after["revision"]
        and (each.before["minor"] >= floor_of(policy, variant).minor or each.before["minor"] >= variant.price_minor)
    ]
    if really:
        await pricing.set_prices(tx, [price for _, price in restorable], f"Bulk change {row.number} taken back")
    return {each.id for each, _ in restorable}


async def _restore_fields(tx: Tx, _row: BulkChange, chunk: list[BulkRow], _policy: PricingPolicy, *, really: bool) -> set[UUID]:
    """Restore fields of listings that still show what the bulk change wrote."""
    now = {each.id: each for each in await bulk_listings.locked(tx, [each.subject_id for each in chunk])}
    restorable: list[tuple[BulkRow, NewListing]] = []
    for each in chunk:
        listing, field = now.get(each.subject_id), str(each.after["field"])
        if listing is None or listing.fields.get(field) != each.after["value"]:
            continue
        others = {name: value for name, value in listing.fields.items() if name != field}
        fields = others if each.before["value"] is None else {**others, field: each.before["value"]}
        restorable.append((each, NewListing(listing, listing.price_minor, listing.quantity, fields, listing.status)))
    if really:
        await bulk_listings.store(tx, [new for _, new in restorable])
        for each, new in restorable:
            push(tx, new, {str(each.after["field"]): each.before["value"]})
    return {each.id for each, _ in restorable}


async def _restore_stock(tx: Tx, row: BulkChange, chunk: list[BulkRow], _policy: PricingPolicy, *, really: bool) -> set[UUID]:
    """Take back corrections by as many units; not of what was counted again since, nor below what is reserved by now."""
    levels = await stock.levels(tx, [each.subject_id for each in chunk], lock=True)
    now = {(level.variant_id, level.warehouse_id): level for level in levels}
    before, done = stock.available(levels), set[UUID]()
    for each in chunk:
        place, delta = UUID(each.after["warehouse"]), int(each.after["delta"])
        level = now.get((each.subject_id, place))
        if level is None or level.available < delta or await stock.counted_since(tx, each.subject_id, place, row.created_at):
            continue
        done.add(each.id)
        if really:
            await stock.move(tx, each.subject_id, place, -delta, "bulk_revoked", row.number)
            tx.emit("stock.adjusted", sku=each.label, warehouse=level.warehouse, delta=-delta, reason="bulk_revoked")
    if really:
        await stock.warn_low(tx, before)
    return done


def _listed(row: BulkChange) -> BulkShown:
    return BulkShown(
        bulk_change=row.number,
        kind=BulkKind(row.kind).value,
        status=BulkStatus(row.status).value,
        title=row.title,
        selected=row.selected,
        changed=row.changed,
        created_by=row.created_by,
        at=row.created_at,
    )


_RESTORERS = {BulkKind.PRICE: _restore_prices, BulkKind.LISTING: _restore_fields, BulkKind.STOCK: _restore_stock}
"""What can be taken back, and how."""
