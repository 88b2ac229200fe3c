"""A product is shown when it is whole and its prices hold, and taken off channels only with approval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import TransitionError
from core.identity import Role
from core.selling import PRODUCT_TRANSITIONS, ProductStatus
from tests.support.policies import of_model
from tests.support.rules import STAFF, euros, shown, sound, told
from tools.policy.decision import Verdict
from tools.policy.pricing import PricingPolicy
from tools.policy.products import ArchivePlan, PublishPlan, decide_archive, decide_publish

POLICY = PricingPolicy()
DRAFT = ProductStatus.DRAFT


def product(*offers: tuple[int, int], description: str = "Soft.", status: ProductStatus = DRAFT) -> PublishPlan:
    priced = [(f"S-{number}", euros(price), euros(cost)) for number, (price, cost) in enumerate(offers)]
    return PublishPlan(product="P-1", title="Tee", status=status, description=description, offers=priced)


def archived(*listings: str, status: ProductStatus = ProductStatus.PUBLISHED) -> ArchivePlan:
    return ArchivePlan(product="P-1", title="Tee", status=status, listings=list(listings))


def test_a_product_is_shown_with_a_description_and_prices_at_their_floor() -> None:
    assert decide_publish(POLICY, product((1_000, 800)), STAFF).rule == "product.publish"
    low = decide_publish(POLICY, product((1_000, 800), (999, 800)), STAFF)
    assert told(low) == ("pricing.floor", ("set its price to €10.00 or more",))
    assert low.reason.startswith("S-1 costs €9.99")
    blank = decide_publish(POLICY, product((1_000, 800), description="  "), STAFF)
    assert told(blank) == ("product.incomplete", ("update the product's description",))
    assert told(decide_publish(POLICY, product(), STAFF)) == (
        "product.incomplete",
        ("create it again with a SKU and a price",),
    )


@given(of_model(POLICY), st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)), max_size=4))
def test_no_product_is_shown_with_a_price_below_its_floor(policy: PricingPolicy, offers: list[tuple[int, int]]) -> None:
    decision = decide_publish(policy, product(*offers), STAFF)
    assert sound(decision)
    holds = all(euros(price) >= policy.floor_everywhere(euros(cost), ()) for price, cost in offers)
    assert (decision.verdict is Verdict.ALLOW) is (bool(offers) and holds)


def test_listings_are_taken_down_with_a_managers_approval() -> None:
    assert decide_archive(archived(), STAFF).rule == "product.archive"
    decision = decide_archive(archived("ebay", "amazon", "ebay"), STAFF)
    assert (decision.verdict, decision.rule, decision.role) == (Verdict.NEEDS_APPROVAL, "product.archive_listed", Role.MANAGER)
    assert shown(decision) == (("Product", "Tee"), ("Listings taken down", "3 (amazon, ebay)"))


@pytest.mark.parametrize("status", ProductStatus)
def test_a_product_moves_as_its_table_says(status: ProductStatus) -> None:
    if ProductStatus.PUBLISHED not in PRODUCT_TRANSITIONS[status]:
        with pytest.raises(TransitionError):
            decide_publish(POLICY, product((1_000, 800), status=status), STAFF)
    else:
        assert decide_publish(POLICY, product((1_000, 800), status=status), STAFF).verdict is Verdict.ALLOW
    if ProductStatus.ARCHIVED not in PRODUCT_TRANSITIONS[status]:
        with pytest.raises(TransitionError):
            decide_archive(archived(status=status), STAFF)
    else:
        assert decide_archive(archived(status=status), STAFF).verdict is Verdict.ALLOW
