"""The catalogue: what a product needs before customers see it, and what taking it down means."""

from pydantic import BaseModel

from core.identity import Principal, Role
from core.money import Money
from core.selling import PRODUCT_TRANSITIONS, ProductStatus
from core.statuses import change
from tools.policy.decision import Decision, Preview, allow, approve, deny
from tools.policy.pricing import PricingPolicy


class PublishPlan(BaseModel):
    """A product before it is shown to customers."""

    product: str
    title: str
    status: ProductStatus
    description: str
    offers: list[tuple[str, Money, Money]]
    """SKU, price and cost of each variant."""


class ArchivePlan(BaseModel):
    """A product that is to be taken down, with its listings."""

    product: str
    title: str
    status: ProductStatus
    listings: list[str]
    """Channels that show it."""


def decide_publish(policy: PricingPolicy, plan: PublishPlan, _principal: Principal) -> Decision:
    """Decide on showing a product to customers."""
    change(f"product {plan.product}", plan.status, ProductStatus.PUBLISHED, PRODUCT_TRANSITIONS)
    if not plan.description.strip():
        return deny("product.incomplete", f"{plan.title} has no description.", "update the product's description")
    if not plan.offers:
        return deny("product.incomplete", f"{plan.title} has no variant with a price.", "create it again with a SKU and a price")
    for sku, price, cost in plan.offers:
        floor = policy.floor_everywhere(cost, ())
        if price < floor:
            return deny("pricing.floor", f"{sku} costs {price}, below its floor of {floor}.", f"set its price to {floor} or more")
    return allow("product.publish")


def decide_archive(plan: ArchivePlan, _principal: Principal) -> Decision:
    """Decide on taking a product down."""
    change(f"product {plan.product}", plan.status, ProductStatus.ARCHIVED, PRODUCT_TRANSITIONS)
    if not plan.listings:
        return allow("product.archive")
    rows = (("Product", plan.title), ("Listings taken down", f"{len(plan.listings)} ({', '.join(sorted(set(plan.listings)))})"))
    reason = "Taking listings down on channels needs approval."
    return approve("product.archive_listed", reason, Preview(title=f"Archive {plan.title}", rows=rows), role=Role.MANAGER)
