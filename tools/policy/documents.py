"""Documents: what stands on them, and when one may be made."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from core.statuses import OrderStatus, ReturnStatus
from tools.policy.decision import Decision, allow, deny

_LABELLED = frozenset({ReturnStatus.APPROVED, ReturnStatus.LABEL_SENT, ReturnStatus.IN_TRANSIT})


class DocumentPolicy(BaseModel):
    """What stands on the shop's paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seller_lines: tuple[str, ...] = Field(default=(), max_length=4)
    """Address, register and tax numbers of the seller, a line each."""
    tax_name: str = Field(default="VAT", max_length=12)
    tax_percent: Decimal = Field(default=Decimal(20), ge=0, le=50)
    """The tax that prices include."""
    invoice_years: int = Field(default=10, ge=1, le=30)
    """How long the law requires invoices to be kept unchanged, even when their customer asked to be forgotten."""


class InvoicePlan(BaseModel):
    """An order that an invoice is asked for."""

    order: str
    status: OrderStatus
    captured_minor: int
    exists: bool


class LabelPlan(BaseModel):
    """A parcel that a label is asked for."""

    shipment: str
    tracking_number: str


class ReturnLabelPlan(BaseModel):
    """A return that a label is asked for."""

    return_number: str
    status: ReturnStatus


def decide_invoice(plan: InvoicePlan) -> Decision:
    """Let an invoice be made of what was paid; one that exists stays."""
    if plan.exists:
        return allow("document.exists")
    if plan.status is OrderStatus.CANCELLED:
        return deny("invoice.cancelled", f"Order {plan.order} is cancelled, so there is nothing to invoice.", "show the order")
    if plan.captured_minor <= 0:
        reason = f"Order {plan.order} is not paid yet; the invoice is made when it is."
        return deny("invoice.unpaid", reason, "show how the order is to be paid")
    return allow("invoice.paid")


def decide_paper(order: str, *, erased: bool) -> Decision:
    """Let a slip be printed, unless its person asked to be forgotten: an invoice is then all that is kept."""
    if erased:
        reason = f"The customer of order {order} asked to be forgotten; nothing but the invoice is kept or made."
        return deny("document.person_erased", reason, "show the invoice of the order")
    return allow("document.slip")


def decide_label(plan: LabelPlan) -> Decision:
    """Let a label be printed once the carrier gave a tracking number."""
    if plan.tracking_number == plan.shipment:
        reason = f"The carrier has not given a tracking number for {plan.shipment} yet."
        return deny("label.no_tracking", reason, "try again in a moment", "print the packing slip")
    return allow("label.tracked")


def decide_return_label(plan: ReturnLabelPlan) -> Decision:
    """Let a label be printed for a return that may be sent."""
    if plan.status not in _LABELLED:
        reason = f"Return {plan.return_number} is {plan.status.value.replace('_', ' ')}; a label is printed for an approved one."
        return deny("label.return_not_approved", reason, "show the return")
    return allow("label.return_approved")
