"""Onboarding of merchants: which documents they bring, and what commission they pay."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.statuses import APPLICATION_TRANSITIONS, ApplicationStatus
from tools.policy.decision import Decision, allow, deny
from tools.policy.figures import Loosens

Document = Literal["licence", "tax_certificate"]
DOCUMENTS: tuple[Document, ...] = ("licence", "tax_certificate")
"""Both are required by law; the store's own constraint says so too."""
_BASIS_POINTS = 100


class OnboardingPolicy(BaseModel):
    """Commission by monthly volume."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    commission_percent: Annotated[Decimal, Loosens.DOWN] = Field(default=Decimal(15), ge=0, le=100)
    volume_commission_percent: Annotated[Decimal, Loosens.DOWN] = Field(default=Decimal(12), ge=0, le=100)
    """Commission when the monthly volume exceeds `volume_over`."""
    volume_over: Annotated[int, Loosens.DOWN] = Field(default=1_000, ge=0)
    """Orders a month."""

    def commission_bp(self, monthly_orders: int) -> int:
        """Return the commission of a volume, in basis points."""
        percent = self.volume_commission_percent if monthly_orders > self.volume_over else self.commission_percent
        return int(percent * _BASIS_POINTS)


class ApplicationPlan(BaseModel):
    """An application and what somebody wants to do with it."""

    number: str
    status: ApplicationStatus
    wanted: ApplicationStatus
    missing: list[Document]
    reason_given: bool = True


def decide_application(plan: ApplicationPlan) -> Decision:
    """Decide on a change of an application's status; nobody is approved without the documents."""
    if plan.wanted not in APPLICATION_TRANSITIONS[plan.status]:
        ways = ", ".join(sorted(APPLICATION_TRANSITIONS[plan.status])) or "nothing: it is final"
        reason = f"Application {plan.number} is {plan.status} and cannot become {plan.wanted}; from here it can become: {ways}."
        return deny("onboarding.transition", reason, "show the onboarding queue")
    if plan.wanted is ApplicationStatus.APPROVED and plan.missing:
        needed = " and ".join(document.replace("_", " ") for document in plan.missing)
        reason = f"Application {plan.number} lacks the {needed}; it cannot be approved without."
        return deny("onboarding.documents_missing", reason, f"request the {needed}")
    if plan.wanted is ApplicationStatus.REJECTED and not plan.reason_given:
        return deny("onboarding.reason_needed", "A merchant is told why an application is rejected.", "give the reason in the note")
    return allow("onboarding.decide")


def decide_request(plan: ApplicationPlan) -> Decision:
    """Decide on asking a merchant for documents: only for what is missing, and only while it can still matter."""
    if not plan.missing:
        return deny("onboarding.complete", f"Application {plan.number} has all its documents.", "review the application")
    if plan.status is ApplicationStatus.DOCUMENTS_REQUIRED:
        return allow("onboarding.remind")
    return decide_application(plan)


class NewApplication(BaseModel):
    """An application before it is stored."""

    company: str
    open_number: str | None
    """An application of the same merchant that is not decided yet."""


def decide_submission(plan: NewApplication) -> Decision:
    """Take an application unless the merchant has one already."""
    if plan.open_number:
        reason = f"{plan.company} has an open application already: {plan.open_number}."
        return deny("onboarding.already_open", reason, f"add what is missing to {plan.open_number}")
    return allow("onboarding.submit")


class NewDocument(BaseModel):
    """A document that a merchant handed in."""

    number: str
    status: ApplicationStatus


def decide_document(plan: NewDocument) -> Decision:
    """Take a document while the application is open."""
    if plan.status in {ApplicationStatus.APPROVED, ApplicationStatus.REJECTED}:
        return deny("onboarding.decided", f"Application {plan.number} is already {plan.status}.", "submit a new application")
    return allow("onboarding.document")
