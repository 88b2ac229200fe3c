"""Paper says what has happened: an invoice what was paid, a label what a carrier or a decision stands behind."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.statuses import OrderStatus, ReturnStatus
from tests.support.rules import sound, told
from tools.policy.decision import Verdict
from tools.policy.documents import (
    DocumentPolicy,
    InvoicePlan,
    LabelPlan,
    ReturnLabelPlan,
    decide_invoice,
    decide_label,
    decide_paper,
    decide_return_label,
)


def invoice(status: OrderStatus = OrderStatus.CONFIRMED, captured: int = 100, *, exists: bool = False) -> InvoicePlan:
    return InvoicePlan(order="1042", status=status, captured_minor=captured, exists=exists)


def test_an_invoice_is_made_of_what_was_paid() -> None:
    assert decide_invoice(invoice(captured=1)).rule == "invoice.paid"
    assert told(decide_invoice(invoice(captured=0))) == ("invoice.unpaid", ("show how the order is to be paid",))
    assert told(decide_invoice(invoice(OrderStatus.CANCELLED))) == ("invoice.cancelled", ("show the order",))
    assert decide_invoice(invoice(OrderStatus.CANCELLED, exists=True)).rule == "document.exists"


@given(st.sampled_from(OrderStatus), st.integers(-5, 5), st.booleans())
def test_an_invoice_that_exists_stays_and_a_new_one_needs_money(status: OrderStatus, captured: int, exists: bool) -> None:
    decision = decide_invoice(invoice(status, captured, exists=exists))
    assert sound(decision)
    assert (decision.verdict is Verdict.ALLOW) is (exists or (captured > 0 and status is not OrderStatus.CANCELLED))


def test_nothing_is_printed_for_a_person_who_asked_to_be_forgotten() -> None:
    assert decide_paper("1042", erased=False).rule == "document.slip"
    assert told(decide_paper("1042", erased=True)) == ("document.person_erased", ("show the invoice of the order",))


def test_a_label_is_printed_when_the_carrier_gave_a_number() -> None:
    assert decide_label(LabelPlan(shipment="S-1", tracking_number="1Z9")).rule == "label.tracked"
    refused = decide_label(LabelPlan(shipment="S-1", tracking_number="S-1"))
    assert told(refused) == ("label.no_tracking", ("try again in a moment", "print the packing slip"))


@pytest.mark.parametrize("status", ReturnStatus)
def test_a_return_label_is_for_an_approved_return_that_has_not_arrived(status: ReturnStatus) -> None:
    decision = decide_return_label(ReturnLabelPlan(return_number="R-1", status=status))
    assert sound(decision)
    if status in {"approved", "label_sent", "in_transit"}:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "label.return_approved")
    else:
        assert told(decision) == ("label.return_not_approved", ("show the return",))
        assert status.replace("_", " ") in decision.reason


def test_what_stands_on_paper_has_its_bounds() -> None:
    assert (DocumentPolicy().tax_percent, DocumentPolicy().tax_name, DocumentPolicy().seller_lines) == (Decimal(20), "VAT", ())
    assert DocumentPolicy(tax_percent=Decimal(50), tax_name="x" * 12, seller_lines=("x",) * 4).tax_percent == 50
    assert DocumentPolicy(tax_percent=Decimal(0)).tax_percent == 0
    for values in ({"tax_percent": "50.01"}, {"tax_percent": "-0.01"}, {"tax_name": "x" * 13}, {"seller_lines": ["x"] * 5}):
        with pytest.raises(ValidationError):
            DocumentPolicy.model_validate(values)
