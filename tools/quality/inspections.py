"""Inspections: a sample of a lot is planned by the policy, looked at, and passes or fails."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from core.aftersales import INSPECTION_TRANSITIONS, DefectKind, InspectionKind, InspectionStatus
from core.identity import Permission, RunContext
from core.statuses import AlertLevel, change
from store.queries import counters, quality
from store.queries.products import Item
from store.queries.quality import ListedInspection
from store.tables.quality import Inspection
from store.unit import ReadTx, Tx
from tools.arguments import InspectionNumber, ItemRef, Limit, Note, Quantity
from tools.backoffice.alerts import raise_alert
from tools.policy import Policy
from tools.policy.decision import allow
from tools.policy.quality import InspectionPlan, QualityPolicy, decide_record
from tools.products import match
from tools.quality.module import module
from tools.quality.recording import Found, record
from tools.quality.results import InspectionPlanned, InspectionRecorded, InspectionShown, InspectionsListed
from tools.spec import Args, Audience, Effect

_MATCHES = 200
"""Variants that a product's name may stand for."""


class ScheduleInspection(Args):
    """What to inspect, and when."""

    item: ItemRef
    units: Quantity
    """How many units the lot has; the policy says how many of them are looked at."""
    kind: InspectionKind = InspectionKind.OUTGOING
    """Goods that come in from a supplier, or go out to customers."""
    in_days: Annotated[
        int, Field(ge=0, le=365, description="In how many days; today when left out", json_schema_extra={"format": "days"})
    ] = 0
    note: Note = ""
    """What to look for."""


class RecordInspection(Args):
    """What an inspection found."""

    inspection: InspectionNumber
    defective: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            description="How many of the sampled units are defective; 0 when all are fine",
            json_schema_extra={"format": "quantity"},
        ),
    ]
    defect: DefectKind = DefectKind.FUNCTIONAL
    """What is wrong with them."""
    note: Note = ""
    """What was noticed."""


class ListInspections(Args):
    """Which inspections to list."""

    status: InspectionStatus | None = None
    """Only inspections in this state."""
    item: ItemRef | None = None
    """Only inspections of this item."""
    limit: Limit = 10


@dataclass(frozen=True, slots=True)
class _Planned:
    """What is to be inspected, by the policy in force."""

    item: Item
    policy: QualityPolicy


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A locked inspection with what was found."""

    row: Inspection
    plan: InspectionPlan
    policy: QualityPolicy


async def _planned(tx: Tx, args: ScheduleInspection, _ctx: RunContext, policy: Policy) -> _Planned:
    return _Planned(await match.one(tx, args.item), policy.quality)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.QUALITY_WRITE,
    audience=Audience.STAFF,
    facts=_planned,
    policy=lambda _policy, _facts, _args, _principal: allow("quality.schedule"),
    examples=(
        "schedule an inspection of 200 headsets that came in",
        "plan an outgoing quality check of 50 trail shoes",
        "have 120 units of AUR-HS1-BLK inspected",
        "quality inspection for the incoming lot of 300 lamps in 2 days",
        "put a quality check of 80 power banks on the calendar",
        "we should inspect a sample of the 60 jackets",
    ),
)
async def schedule_inspection(tx: Tx, args: ScheduleInspection, _ctx: RunContext, facts: _Planned) -> InspectionPlanned:
    """Plan a quality inspection of a lot; the policy says how many units are sampled."""
    row = tx.add(
        Inspection(
            tenant_id=tx.tenant_id,
            number=f"Q-{await counters.take(tx, 'inspection')}",
            kind=args.kind,
            variant_id=facts.item.id,
            lot_units=args.units,
            sample_units=facts.policy.sample(args.units),
            note=args.note,
            planned_at=tx.now + timedelta(days=args.in_days),
            created_at=tx.now,
        )
    )
    sku = facts.item.sku
    tx.emit("quality.inspection_planned", inspection=row.number, sku=sku, kind=args.kind.value, sample=row.sample_units)
    return InspectionPlanned(inspection=_shown(row, sku, facts.item.title))


async def _recorded(tx: Tx, args: RecordInspection, _ctx: RunContext, policy: Policy) -> _Recorded:
    row = await quality.inspection(tx, args.inspection, lock=True)
    plan = InspectionPlan(
        number=row.number,
        kind=InspectionKind(row.kind),
        status=InspectionStatus(row.status),
        sample=row.sample_units,
        defective=args.defective,
    )
    return _Recorded(row, plan, policy.quality)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.QUALITY_WRITE,
    audience=Audience.STAFF,
    facts=_recorded,
    policy=lambda _policy, facts, _args, _principal: decide_record(facts.plan),
    examples=(
        "inspection Q-1001 found 2 defective units",
        "Q-1004: nothing wrong, 0 defective",
        "record the result of Q-1002: 5 units with scratches, cosmetic",
        "the quality check Q-1003 is done, all fine",
        "Q-1001 had 1 unit with a missing part",
        "enter the outcome of inspection Q-1005, 3 faulty",
    ),
)
async def record_inspection(tx: Tx, args: RecordInspection, _ctx: RunContext, facts: _Recorded) -> InspectionRecorded:
    """Record how many sampled units of an inspection were defective; the policy says whether the lot passes."""
    row, policy = facts.row, facts.policy
    wanted = policy.outcome(args.defective, row.sample_units)
    row.status = change(f"inspection {row.number}", facts.plan.status, wanted, INSPECTION_TRANSITIONS)
    row.defective_units, row.inspected_at, row.inspected_by = args.defective, tx.now, tx.principal.name
    row.note = args.note or row.note
    tx.session.add(row)
    about = await quality.variant(tx, row.variant_id)
    pattern = False
    if args.defective:
        pattern = await record(tx, policy, Found(row.variant_id, args.defect, args.defective, inspection_id=row.id))
    tx.emit(f"quality.inspection_{wanted}", inspection=row.number, sku=about.sku, defective=args.defective, sample=row.sample_units)
    if wanted is InspectionStatus.FAILED:
        await raise_alert(
            tx,
            kind="quality.inspection_failed",
            subject=row.number,
            level=AlertLevel.HIGH,
            title=f"{about.title}: {args.defective} of {row.sample_units} sampled units are defective",
            data={"inspection": row.number, "sku": about.sku, "defective": args.defective, "sample": row.sample_units},
        )
    return InspectionRecorded(
        inspection=_shown(row, about.sku, about.title),
        accepted_percent=policy.accepted_percent,
        defect=args.defect if args.defective else None,
        pattern=pattern,
    )


@module.tool(
    effect=Effect.READ,
    permission=Permission.QUALITY_READ,
    audience=Audience.STAFF,
    examples=(
        "list the quality inspections",
        "which inspections failed",
        "scheduled inspections",
        "what was inspected lately",
        "inspections of the headset",
        "did any lot fail its quality check",
    ),
)
async def list_inspections(tx: ReadTx, args: ListInspections, _ctx: RunContext) -> InspectionsListed:
    """List quality inspections, planned and done, with what they found."""
    variants = [item.id for item in await match.items(tx, args.item, _MATCHES)] if args.item else None
    total, found = await quality.find(tx, status=args.status, variants=variants, limit=args.limit)
    return InspectionsListed(total=total, inspections=[_shown(row, row.sku, row.title) for row in found])


def _shown(row: Inspection | ListedInspection, sku: str, title: str) -> InspectionShown:
    return InspectionShown(
        inspection=row.number,
        kind=InspectionKind(row.kind),
        status=InspectionStatus(row.status),
        sku=sku,
        title=title,
        lot_units=row.lot_units,
        sample_units=row.sample_units,
        defective_units=row.defective_units,
        planned_at=row.planned_at,
        inspected_at=row.inspected_at,
        inspected_by=row.inspected_by,
        note=row.note,
    )
