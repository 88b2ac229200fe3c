"""Rules on customers, loyalty, onboarding and decisions: tiers never fall with spending, and every refusal names its rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId, new_id
from core.money import Money
from core.statuses import APPLICATION_TRANSITIONS, ApplicationStatus, FraudOutcome, LoyaltyTier, OrderStatus
from tools.policy.customers import AddressChange, CustomerPolicy, ErasurePlan, decide_address, decide_erasure
from tools.policy.decision import Verdict
from tools.policy.fraud import FraudPolicy
from tools.policy.loyalty import LoyaltyPolicy, TierRule, in_force
from tools.policy.onboarding import DOCUMENTS, ApplicationPlan, OnboardingPolicy, decide_application, decide_request
from tools.policy.rulings import RulingPlan, decide_ruling

LOYALTY = LoyaltyPolicy()
ORDER = list(LoyaltyTier)
STAFF = Principal(TenantId(new_id()), UserId(new_id()), Role.STAFF)
CUSTOMER = Principal(TenantId(new_id()), UserId(new_id()), Role.CUSTOMER, CustomerId(new_id()))


@given(st.integers(0, 2_000_000), st.integers(0, 2_000_000))
def test_who_spends_more_has_no_lower_tier_and_no_fewer_points(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert ORDER.index(LOYALTY.earned(less)) <= ORDER.index(LOYALTY.earned(more))
    assert LOYALTY.points(less, "EUR", LOYALTY.earned(less)) <= LOYALTY.points(more, "EUR", LOYALTY.earned(more))


@pytest.mark.parametrize("tier", ORDER[1:])
def test_a_tier_begins_exactly_at_its_amount(tier: LoyaltyTier) -> None:
    needed = LOYALTY.rule(tier).from_minor
    assert LOYALTY.earned(needed) is tier
    assert LOYALTY.earned(needed - 1) is ORDER[ORDER.index(tier) - 1]


@given(st.integers(0, 2_000_000))
def test_what_is_missing_for_the_next_tier_is_what_earns_it(spent: int) -> None:
    tier = LOYALTY.earned(spent)
    following = LOYALTY.next_after(tier)
    if following is None:
        assert tier is LoyaltyTier.DIAMOND
    else:
        assert LOYALTY.earned(following[1]) is following[0]
        assert following[1] > spent


@given(st.sampled_from(ORDER), st.sampled_from(ORDER))
def test_the_better_of_granted_and_earned_counts(granted: LoyaltyTier, earned: LoyaltyTier) -> None:
    assert ORDER.index(in_force(granted, earned)) == max(ORDER.index(granted), ORDER.index(earned))


def test_points_are_counted_in_whole_units_of_the_currency() -> None:
    assert LOYALTY.points(1_999, "EUR", LoyaltyTier.BRONZE) == 19
    assert LOYALTY.points(1_999, "JPY", LoyaltyTier.BRONZE) == 1_999
    assert LOYALTY.points(-500, "EUR", LoyaltyTier.DIAMOND) == 0


def test_tiers_must_be_complete_and_ascend() -> None:
    tiers = dict(LOYALTY.tiers)
    with pytest.raises(ValidationError, match="must not be earned with less"):
        LoyaltyPolicy(tiers={**tiers, "diamond": TierRule(from_minor=1)})
    with pytest.raises(ValidationError, match="tiers must be silver, gold, platinum, diamond"):
        LoyaltyPolicy(tiers={"gold": tiers["gold"]})


@given(st.integers(0, 100_000))
def test_commission_follows_the_volume(volume: int) -> None:
    assert OnboardingPolicy().commission_bp(volume) == (1_200 if volume > 1_000 else 1_500)


@given(
    st.sampled_from(list(ApplicationStatus)), st.sampled_from(list(ApplicationStatus)), st.lists(st.sampled_from(DOCUMENTS), unique=True)
)
def test_an_application_moves_only_as_the_table_says_and_never_to_approval_without_documents(
    status: ApplicationStatus, wanted: ApplicationStatus, missing: list[str]
) -> None:
    plan = ApplicationPlan(number="M-1", status=status, wanted=wanted, missing=missing)
    allowed = wanted in APPLICATION_TRANSITIONS[status] and not (wanted is ApplicationStatus.APPROVED and missing)
    assert (decide_application(plan).verdict is Verdict.ALLOW) == allowed
    if not missing:
        assert decide_request(plan).rule == "onboarding.complete"


@given(
    st.sampled_from(list(OrderStatus)),
    st.sampled_from(list(FraudOutcome)),
    st.none() | st.integers(0, 100),
    st.sampled_from(("", "block by Max")),
)
def test_only_an_undecided_check_of_an_unshipped_order_is_decided_on(
    status: OrderStatus, outcome: FraudOutcome, score: int | None, decided: str
) -> None:
    amount = Money(minor=100, currency="EUR")
    plan = RulingPlan(
        order="1", status=status, on_hold=True, outcome=outcome, score=score, signals=[], total=amount, refund=amount, decided=decided
    )
    decision = decide_ruling(FraudPolicy(), plan, STAFF)
    open_order = status in {OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PROCESSING}
    if score is None or decided or not open_order:
        assert decision.verdict is Verdict.DENY
    else:
        assert decision.verdict is (Verdict.ALLOW if outcome is FraudOutcome.HOLD else Verdict.NEEDS_APPROVAL)


def test_customers_confirm_what_replaces_or_removes_an_address_and_staff_need_not() -> None:
    policy = CustomerPolicy(addresses_at_most=2)
    added, full = AddressChange(old="", new="a", count=1), AddressChange(old="", new="a", count=2)
    removed = AddressChange(old="a", new="", count=2)
    assert decide_address(policy, added, CUSTOMER).verdict is Verdict.ALLOW
    assert decide_address(policy, full, CUSTOMER).rule == "address.too_many"
    assert decide_address(policy, removed, CUSTOMER).verdict is Verdict.NEEDS_CONFIRMATION
    assert decide_address(policy, removed, STAFF).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.NEEDS_APPROVAL),
        ({"open_orders": ["1"]}, Verdict.DENY),
        ({"open_returns": ["R-1"]}, Verdict.DENY),
        ({"pending_refunds": 1}, Verdict.DENY),
        ({"erased": True}, Verdict.DENY),
    ],
)
def test_a_person_is_forgotten_by_the_owner_when_nothing_is_open(changes: dict[str, object], verdict: Verdict) -> None:
    plan = ErasurePlan(
        customer="Ana",
        email="a@x.example",
        erased=False,
        open_orders=[],
        open_returns=[],
        pending_refunds=0,
        rows={"addresses": 1},
        kept={},
    )
    decision = decide_erasure(plan.model_copy(update=changes), STAFF)
    assert decision.verdict is verdict
    if verdict is Verdict.NEEDS_APPROVAL:
        assert decision.role is Role.OWNER
