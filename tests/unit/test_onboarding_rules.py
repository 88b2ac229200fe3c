"""A merchant brings two documents, is told why they are rejected, and pays less commission above a volume."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.statuses import APPLICATION_TRANSITIONS, ApplicationStatus
from tests.support.policies import of_model
from tests.support.rules import sound, told
from tools.policy.decision import Verdict
from tools.policy.onboarding import (
    DOCUMENTS,
    ApplicationPlan,
    NewApplication,
    NewDocument,
    OnboardingPolicy,
    decide_application,
    decide_document,
    decide_request,
    decide_submission,
)

POLICY = OnboardingPolicy()
UNDER_REVIEW, APPROVED, REJECTED = ApplicationStatus.UNDER_REVIEW, ApplicationStatus.APPROVED, ApplicationStatus.REJECTED
statuses = st.sampled_from(ApplicationStatus)


def plan(wanted: ApplicationStatus = APPROVED, status: ApplicationStatus = UNDER_REVIEW, **more: Any) -> ApplicationPlan:
    return ApplicationPlan(number="M-1", status=status, wanted=wanted, **{"missing": [], **more})


def test_commission_is_lower_above_the_volume() -> None:
    assert [POLICY.commission_bp(orders) for orders in (0, 1_000, 1_001)] == [1_500, 1_500, 1_200]
    assert OnboardingPolicy(commission_percent=Decimal("12.5")).commission_bp(1) == 1_250


@given(of_model(POLICY), st.integers(0, 10_000_000))
def test_a_commission_is_one_of_the_two(policy: OnboardingPolicy, orders: int) -> None:
    percent = policy.volume_commission_percent if orders > policy.volume_over else policy.commission_percent
    assert policy.commission_bp(orders) == percent * 100


def test_each_decision_on_an_application() -> None:
    assert decide_application(plan()).rule == decide_application(plan(REJECTED, missing=["licence"])).rule == "onboarding.decide"
    lacking = decide_application(plan(missing=["licence", "tax_certificate"]))
    assert told(lacking) == ("onboarding.documents_missing", ("request the licence and tax certificate",))
    assert told(decide_application(plan(REJECTED, reason_given=False))) == (
        "onboarding.reason_needed",
        ("give the reason in the note",),
    )
    assert decide_application(plan(reason_given=False)).rule == "onboarding.decide"
    late = decide_application(plan(ApplicationStatus.SUBMITTED))
    assert told(late) == ("onboarding.transition", ("show the onboarding queue",))
    assert late.reason.endswith("it can become: approved, documents_required, rejected.")
    assert decide_application(plan(REJECTED, APPROVED)).reason.endswith("nothing: it is final.")
    assert DOCUMENTS == ("licence", "tax_certificate")


@given(statuses, statuses, st.lists(st.sampled_from(DOCUMENTS), unique=True), st.booleans())
def test_nobody_is_approved_without_documents_or_rejected_without_a_word(
    status: ApplicationStatus, wanted: ApplicationStatus, missing: list[str], reason: bool
) -> None:
    found = plan(wanted, status, missing=missing, reason_given=reason)
    decision = decide_application(found)
    assert sound(decision)
    stopped = (wanted is APPROVED and missing) or (wanted is REJECTED and not reason)
    assert (decision.verdict is Verdict.ALLOW) is (wanted in APPLICATION_TRANSITIONS[status] and not stopped)
    request = decide_request(found)
    if not missing:
        assert told(request) == ("onboarding.complete", ("review the application",))
    elif status is ApplicationStatus.DOCUMENTS_REQUIRED:
        assert (request.verdict, request.rule) == (Verdict.ALLOW, "onboarding.remind")
    else:
        assert request == decision


def test_documents_are_asked_for_again() -> None:
    asked = ApplicationStatus.DOCUMENTS_REQUIRED
    assert decide_request(plan(asked, asked, missing=["licence"])).rule == "onboarding.remind"
    assert decide_request(plan(asked, missing=["licence"])).rule == "onboarding.decide"
    assert told(decide_request(plan(asked)))[0] == "onboarding.complete"


def test_a_merchant_has_one_open_application() -> None:
    assert decide_submission(NewApplication(company="Mill", open_number=None)).rule == "onboarding.submit"
    refused = decide_submission(NewApplication(company="Mill", open_number="M-1"))
    assert told(refused) == ("onboarding.already_open", ("add what is missing to M-1",))


@pytest.mark.parametrize("status", ApplicationStatus)
def test_documents_are_taken_while_the_application_is_open(status: ApplicationStatus) -> None:
    decision = decide_document(NewDocument(number="M-1", status=status))
    if status in {"approved", "rejected"}:
        assert told(decision) == ("onboarding.decided", ("submit a new application",))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "onboarding.document")
