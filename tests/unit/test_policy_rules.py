"""What holds for every area of the policy: its figures are documented, survive storage, and stand on its pages."""

import runpy
from pathlib import Path

from hypothesis import given

from tests.support.policies import policies
from tools.policy import Policy
from tools.policy.versions import read

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_every_default_and_every_bound_is_as_documented() -> None:
    generator = runpy.run_path(str(DOCS / "generate.py"), run_name="generate")
    assert generator["policy_page"]() == (DOCS / "policy.md").read_text(encoding="utf-8"), "run make docs"


@given(policies())
def test_a_policy_is_read_as_it_was_stored(policy: Policy) -> None:
    stored = policy.model_dump(mode="json", exclude={"version"})
    assert read(stored, policy.version) == policy


def test_what_a_release_does_not_know_is_left_out_and_what_is_missing_has_its_default() -> None:
    body = {
        "refunds": {"staff_limit_minor": 1, "later": 2},
        "later": {},
        "returns": {"categories": {"toys": {"window_days": 3, "later": 4}}},
    }
    found = read(body, 7)
    assert found.version == 7
    assert (found.refunds.staff_limit_minor, found.refunds.four_eyes_minor) == (1, Policy().refunds.four_eyes_minor)
    assert list(found.returns.categories) == ["toys"]
