"""Letters about decisions, profiles and applications say what was decided, and nothing of why an order was suspected."""

import pytest

from server.outbound.templates import write

WHO = {"name": "Ana", "store": "First", "order": "1042"}


@pytest.mark.parametrize(
    ("decision", "said"), [("approve", "are sending it now"), ("hold", "still checking order 1042"), ("block", "had to stop order 1042")]
)
def test_a_decision_on_fraud_is_told(decision: str, said: str) -> None:
    assert said in write("fraud_decision", {**WHO, "decision": decision}).text


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("documents_required", "we still need: tax certificate. A scan is enough"),
        ("application_approved", "The commission is 12 %."),
        ("application_rejected", "the application of Nordic Wool: A scan is enough"),
        ("profile_changed", "in your profile: name, phone."),
    ],
)
def test_a_letter_says_what_it_is_about(template: str, said: str) -> None:
    values = {
        "application": "M-1001",
        "company": "Nordic Wool",
        "missing": "tax certificate",
        "note": "A scan is enough",
        "commission": "12",
    }
    written = write(template, {**WHO, **values, "changed": "name, phone"})
    assert said in written.text
    assert "{" not in written.subject + written.text
