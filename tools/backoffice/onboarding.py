"""Merchants who apply to sell here: submit, add and request documents, review."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from core.identity import Permission, RunContext
from core.statuses import APPLICATION_TRANSITIONS, ApplicationStatus, change
from store.queries import counters, onboarding
from store.tables.onboarding import MerchantApplication
from store.unit import ReadTx, Tx
from tools.arguments import ApplicationNumber, Limit
from tools.backoffice.module import module
from tools.phrases import day, joined, listing, plural, words
from tools.policy import Policy
from tools.policy.onboarding import (
    DOCUMENTS,
    ApplicationPlan,
    Document,
    NewApplication,
    NewDocument,
    OnboardingPolicy,
    decide_application,
    decide_document,
    decide_request,
    decide_submission,
)
from tools.result import Quote, Result
from tools.spec import Args, Audience, Effect

Reference = Annotated[str, Field(min_length=2, max_length=120, description="Number or file reference of the document")]


class Review(StrEnum):
    """What a reviewer does with an application."""

    START = "start"
    APPROVE = "approve"
    REJECT = "reject"


_BECOMES = {
    Review.START: ApplicationStatus.UNDER_REVIEW,
    Review.APPROVE: ApplicationStatus.APPROVED,
    Review.REJECT: ApplicationStatus.REJECTED,
}


class ApplicationShown(BaseModel):
    """A merchant's application."""

    application: str
    company: Quote
    contact: Quote
    email: str
    country: str
    monthly_orders: int
    status: ApplicationStatus
    missing: list[str]
    requested: list[str]
    commission_percent: Decimal
    """Agreed when approved; before, what the volume would give."""
    submitted_at: datetime
    note: str

    @property
    def shown(self) -> str:
        """The application on one line."""
        lacks = f", lacks {joined([words(document) for document in self.missing])}" if self.missing else ", complete"
        volume = f"{self.monthly_orders} orders a month, {self.commission_percent} % commission"
        return f"**{self.application}** {self.company.text} ({self.country}): {words(self.status)}{lacks}; {volume}"


class ApplicationState(Result):
    """An application after a step."""

    done: str
    application: ApplicationShown

    def text(self) -> str:
        """Say what was done and where the application stands."""
        return f"{self.done}. {self.application.shown}."


class ApplicationQueue(Result):
    """Applications that wait, the longest first."""

    total: int
    applications: list[ApplicationShown]

    def text(self) -> str:
        """Return one line an application."""
        if not self.applications:
            return "No application matches."
        shown = [f"{each.shown}, since {day(each.submitted_at)}" for each in self.applications[:10]]
        return listing(f"{plural(self.total, 'application')}:", shown, self.total)


class OnboardingQueue(Args):
    """Which applications to list."""

    status: ApplicationStatus | None = None
    """Only those in this state; all that are undecided when left out."""
    limit: Limit = 10


async def _rules(_tx: ReadTx, _args: OnboardingQueue, _ctx: RunContext, policy: Policy) -> OnboardingPolicy:
    return policy.onboarding


@module.tool(
    effect=Effect.READ,
    permission=Permission.ONBOARDING_READ,
    audience=Audience.STAFF,
    facts=_rules,
    examples=(
        "which merchants want to join",
        "show the onboarding queue",
        "any new merchant applications?",
        "which applications lack documents",
        "list approved merchants' applications",
        "what is missing in the applications",
    ),
)
async def onboarding_queue(tx: ReadTx, args: OnboardingQueue, _ctx: RunContext, rules: OnboardingPolicy) -> ApplicationQueue:
    """List merchants' applications to sell here with what is missing, the longest waiting first."""
    total, rows = await onboarding.find(tx, [args.status] if args.status else onboarding.OPEN, args.limit)
    return ApplicationQueue(total=total, applications=[_shown(row, rules) for row in rows])


class SubmitApplication(Args):
    """A merchant's application."""

    company: Annotated[str, Field(min_length=1, max_length=120, description="Name of the company")]
    contact: Annotated[str, Field(min_length=1, max_length=120, description="Who speaks for it")]
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=200, description="Its e-mail address")]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Country as two letters, such as FR")]
    monthly_orders: Annotated[int, Field(ge=0, le=100_000_000, description="Orders a month that it expects")]
    licence: Reference | None = None
    """The trade licence, when it is at hand."""
    tax_certificate: Reference | None = None
    """The tax certificate, when it is at hand."""


@dataclass(frozen=True, slots=True)
class _New:
    rules: OnboardingPolicy
    plan: NewApplication


async def _new(tx: Tx, args: SubmitApplication, _ctx: RunContext, policy: Policy) -> _New:
    return _New(policy.onboarding, NewApplication(company=args.company, open_number=await onboarding.open_of(tx, args.email)))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ONBOARDING_WRITE,
    audience=Audience.STAFF,
    facts=_new,
    policy=lambda _policy, facts, _args, _principal: decide_submission(facts.plan),
    examples=(
        "register the application of Lumen Lights, anna@lumen.example, FR, 400 orders a month",
        "a new merchant applies: Nordic Wool from DK",
        "submit a merchant application for Casa Verde",
        "onboard the merchant Atelier Nord",
        "enter an application: Blue Harbor Ltd wants to sell here",
        "create a merchant application with the licence FR-2231",
    ),
)
async def submit_application(tx: Tx, args: SubmitApplication, _ctx: RunContext, new: _New) -> ApplicationState:
    """Enter a merchant's application to sell here, with the documents that are at hand."""
    row = MerchantApplication(
        tenant_id=tx.tenant_id,
        number=f"M-{await counters.take(tx, 'application')}",
        company=args.company,
        contact=args.contact,
        email=args.email.lower(),
        country=args.country,
        monthly_orders=args.monthly_orders,
        licence=args.licence or "",
        tax_certificate=args.tax_certificate or "",
        submitted_at=tx.now,
        updated_at=tx.now,
    )
    tx.add(row)
    await tx.session.flush()
    tx.emit("merchant.applied", application=row.number, missing=list(_missing(row)))
    return ApplicationState(done="The application is entered", application=_shown(row, new.rules))


class AddApplicationDocument(Args):
    """A document that a merchant handed in."""

    application: ApplicationNumber
    document: Document
    """Which one it is."""
    reference: Reference


class RequestDocuments(Args):
    """Whom to ask for what is missing."""

    application: ApplicationNumber
    note: Annotated[str, Field(max_length=500, description="What the merchant should know")] = ""


class ReviewApplication(Args):
    """What to do with an application."""

    application: ApplicationNumber
    decision: Review
    """start takes it up, approve and reject decide it."""
    note: Annotated[str, Field(max_length=500, description="Why; the merchant reads it")] = ""


@dataclass(frozen=True, slots=True)
class _Step:
    row: MerchantApplication
    rules: OnboardingPolicy
    plan: ApplicationPlan


@dataclass(frozen=True, slots=True)
class _Handed:
    row: MerchantApplication
    rules: OnboardingPolicy
    plan: NewDocument


async def _handed(tx: Tx, args: AddApplicationDocument, _ctx: RunContext, policy: Policy) -> _Handed:
    row = await onboarding.by_number(tx, args.application, lock=True)
    return _Handed(row, policy.onboarding, NewDocument(number=row.number, status=ApplicationStatus(row.status)))


async def _request(tx: Tx, args: RequestDocuments, _ctx: RunContext, policy: Policy) -> _Step:
    return await _step(tx, args.application, ApplicationStatus.DOCUMENTS_REQUIRED, policy)


async def _review(tx: Tx, args: ReviewApplication, _ctx: RunContext, policy: Policy) -> _Step:
    return await _step(tx, args.application, _BECOMES[args.decision], policy, reason_given=bool(args.note))


async def _step(tx: Tx, number: str, wanted: ApplicationStatus, policy: Policy, *, reason_given: bool = True) -> _Step:
    row = await onboarding.by_number(tx, number, lock=True)
    status = ApplicationStatus(row.status)
    plan = ApplicationPlan(number=row.number, status=status, wanted=wanted, missing=_missing(row), reason_given=reason_given)
    return _Step(row, policy.onboarding, plan)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ONBOARDING_WRITE,
    audience=Audience.STAFF,
    facts=_handed,
    policy=lambda _policy, facts, _args, _principal: decide_document(facts.plan),
    examples=(
        "the tax certificate of M-1002 arrived: DK-778-2026",
        "add the licence FR-2231 to application M-1004",
        "M-1002 sent the missing tax certificate TC-99",
        "file the trade licence for M-1003, number NL-5512",
        "we got a document for M-1001: licence 4471",
        "attach tax certificate T-2026-5 to the application M-1004",
    ),
)
async def add_application_document(tx: Tx, args: AddApplicationDocument, _ctx: RunContext, handed: _Handed) -> ApplicationState:
    """File a licence or tax certificate that a merchant handed in; a complete application goes back to review."""
    row = handed.row
    if args.document == "licence":
        row.licence = args.reference
    else:
        row.tax_certificate = args.reference
    row.requested = [document for document in row.requested if document != args.document]
    if not _missing(row) and row.status == ApplicationStatus.DOCUMENTS_REQUIRED:
        _move(tx, row, ApplicationStatus.UNDER_REVIEW)
    row.updated_at = tx.now
    tx.session.add(row)
    tx.emit("merchant.document_added", application=row.number, document=args.document)
    return ApplicationState(done=f"The {words(args.document)} is filed", application=_shown(row, handed.rules))


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.ONBOARDING_WRITE,
    audience=Audience.STAFF,
    facts=_request,
    policy=lambda _policy, facts, _args, _principal: decide_request(facts.plan),
    examples=(
        "ask M-1002 for the missing documents",
        "request the tax certificate from M-1002",
        "M-1003 lacks papers, write to them",
        "remind the merchant of M-1002 about the licence",
        "tell application M-1004 what is still needed",
        "documents are missing for M-1001, request them",
    ),
)
async def request_documents(tx: Tx, args: RequestDocuments, _ctx: RunContext, step: _Step) -> ApplicationState:
    """Ask a merchant by e-mail for the documents that an application lacks."""
    row = step.row
    if row.status != ApplicationStatus.DOCUMENTS_REQUIRED:
        _move(tx, row, ApplicationStatus.DOCUMENTS_REQUIRED)
    row.requested, row.note, row.updated_at = list(step.plan.missing), args.note or row.note, tx.now
    tx.session.add(row)
    _write_to(tx, row, "documents_required", missing=step.plan.missing, note=args.note)
    needed = joined([words(document) for document in step.plan.missing])
    return ApplicationState(done=f"The merchant is asked for the {needed}", application=_shown(row, step.rules))


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.ONBOARDING_DECIDE,
    audience=Audience.STAFF,
    facts=_review,
    policy=lambda _policy, facts, _args, _principal: decide_application(facts.plan),
    examples=(
        "approve the application M-1002",
        "reject M-1003: the licence is forged",
        "start the review of application M-1001",
        "accept merchant M-1004",
        "turn down application M-1003 because the goods are not allowed here",
        "take up the application M-1005",
    ),
)
async def review_application(tx: Tx, args: ReviewApplication, _ctx: RunContext, step: _Step) -> ApplicationState:
    """Take up, approve or reject a merchant's application; approval sets the commission by volume."""
    row, wanted = step.row, step.plan.wanted
    _move(tx, row, wanted)
    row.note, row.updated_at = args.note or row.note, tx.now
    if wanted in {ApplicationStatus.APPROVED, ApplicationStatus.REJECTED}:
        row.decided_at, row.decided_by = tx.now, (tx.principal.name or tx.principal.role.value)[:120]
        row.commission_bp = step.rules.commission_bp(row.monthly_orders) if wanted is ApplicationStatus.APPROVED else None
        _write_to(tx, row, f"application_{wanted.value}", note=args.note)
    tx.session.add(row)
    done = {Review.START: "The review has begun", Review.APPROVE: "The merchant is approved", Review.REJECT: "The application is rejected"}
    return ApplicationState(done=done[args.decision], application=_shown(row, step.rules))


def _move(tx: Tx, row: MerchantApplication, wanted: ApplicationStatus) -> None:
    row.status = change(f"application {row.number}", ApplicationStatus(row.status), wanted, APPLICATION_TRANSITIONS)
    tx.emit(f"merchant.{wanted.value}", application=row.number)


def _write_to(tx: Tx, row: MerchantApplication, template: str, *, note: str, missing: Sequence[str] = ()) -> None:
    """Write to a merchant, who is no customer: the address goes with the message."""
    needed = joined([words(document) for document in missing])
    commission = f"{Decimal(row.commission_bp) / 100:f}" if row.commission_bp is not None else ""
    data: dict[str, JsonValue] = {"application": row.number, "company": row.company, "note": note, "missing": needed}
    tx.emit("email.requested", to=row.email, contact=row.contact, template=template, data={**data, "commission": commission})


def _missing(row: MerchantApplication) -> list[Document]:
    at_hand = {"licence": row.licence, "tax_certificate": row.tax_certificate}
    return [document for document in DOCUMENTS if not at_hand[document]]


def _shown(row: MerchantApplication, rules: OnboardingPolicy) -> ApplicationShown:
    agreed = row.commission_bp if row.commission_bp is not None else rules.commission_bp(row.monthly_orders)
    return ApplicationShown(
        application=row.number,
        company=Quote.external(row.company),
        contact=Quote.external(row.contact),
        email=row.email,
        country=row.country,
        monthly_orders=row.monthly_orders,
        status=ApplicationStatus(row.status),
        missing=list(_missing(row)),
        requested=[str(document) for document in row.requested],
        commission_percent=Decimal(agreed) / 100,
        submitted_at=row.submitted_at,
        note=row.note,
    )
