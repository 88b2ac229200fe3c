"""How often products are defective, and how good suppliers' goods are."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from core.aftersales import DefectKind
from core.identity import Permission, RunContext
from store.queries import quality
from store.unit import ReadTx
from tools.arguments import Days, ItemRef, Limit
from tools.policy import Policy
from tools.policy.quality import QualityPolicy
from tools.products import match
from tools.quality.module import module
from tools.quality.results import DefectRates, ProductDefects, SupplierRated, SuppliersRated
from tools.spec import Args, Audience, Effect

_MATCHES = 200


class DefectRate(Args):
    """Over which time, and of what."""

    days: Days = 90
    """Counted back from today."""
    item: ItemRef | None = None
    """Only this product; all when left out."""
    limit: Limit = 10


class SupplierRating(Args):
    """Over which time, and whose."""

    days: Days = 90
    """Counted back from today."""
    supplier: Annotated[str, Field(min_length=1, max_length=120, description="Only this supplier, by name")] | None = None
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.QUALITY_READ,
    audience=Audience.STAFF,
    examples=(
        "what is our defect rate",
        "which products are defective most often",
        "defect rate of the headset",
        "how many headsets turned out faulty this quarter",
        "products with quality problems in the last 30 days",
        "what breaks most often",
    ),
)
async def defect_rate(tx: ReadTx, args: DefectRate, _ctx: RunContext) -> DefectRates:
    """Show how often products were found defective, in returns and in inspections, against what was sold."""
    since = tx.now - timedelta(days=args.days)
    products = sorted({item.product for item in await match.items(tx, args.item, _MATCHES)}) if args.item else None
    total, found = await quality.rates(tx, since=since, products=products, limit=args.limit)
    return DefectRates(
        since=since,
        total=total,
        products=[
            ProductDefects(
                product=row.product,
                title=row.title,
                supplier=row.supplier,
                sold_units=row.sold,
                defective_units=row.defective,
                rate_percent=_percent(row.defective, row.sold),
                usual_defect=DefectKind(row.kind),
            )
            for row in found
        ],
    )


async def _policy(_tx: ReadTx, _args: SupplierRating, _ctx: RunContext, policy: Policy) -> QualityPolicy:
    return policy.quality


@module.tool(
    effect=Effect.READ,
    permission=Permission.QUALITY_READ,
    audience=Audience.STAFF,
    facts=_policy,
    examples=(
        "rate our suppliers by quality",
        "how good are the goods of Aurora Audio",
        "which supplier has the worst quality",
        "supplier rating of the last 60 days",
        "is any supplier poor",
        "quality of our suppliers",
    ),
)
async def supplier_rating(tx: ReadTx, args: SupplierRating, _ctx: RunContext, policy: QualityPolicy) -> SuppliersRated:
    """Rate suppliers by how much of what was sold turned out defective: excellent, good, fair or poor."""
    since = tx.now - timedelta(days=args.days)
    total, found = await quality.suppliers(tx, since=since, name=args.supplier, limit=args.limit)
    return SuppliersRated(
        since=since,
        total=total,
        suppliers=[
            SupplierRated(
                supplier=row.supplier,
                rating=policy.rating(row.defective, row.sold),
                sold_units=row.sold,
                defective_units=row.defective,
                rate_percent=_percent(row.defective, row.sold),
                products_with_defects=row.products,
            )
            for row in found
        ],
    )


def _percent(defective: int, sold: int) -> Decimal | None:
    return (Decimal(defective) * 100 / sold).quantize(Decimal("0.1")) if sold else None
