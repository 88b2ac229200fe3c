"""A customer's risk follows from what checks and orders say, and never falls with what speaks against them."""

from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from tests.support.policies import of_model
from tools.policy.fraud import FraudPolicy
from tools.policy.risk import PastOrders, RiskLevel, judge

POLICY = FraudPolicy()
LEVELS = list(get_args(RiskLevel))


def past(**more: Any) -> PastOrders:
    values = {"orders": 5, "fraudulent": 0, "suspicious": 0, "highest_score": 0, "return_rate_percent": 0, **more}
    return PastOrders(**values)


def test_each_thing_that_speaks_against_a_customer() -> None:
    assert judge(POLICY, past()) == ("low", ["No check asked for a review"])
    assert judge(POLICY, past(fraudulent=1)) == ("high", ["1 order cancelled because of fraud"])
    assert judge(POLICY, past(suspicious=2, highest_score=80)) == ("high", ["2 orders scored 50 or more, the highest 80"])
    assert judge(POLICY, past(highest_score=25)) == ("medium", ["An order was flagged with a score of 25"])
    assert judge(POLICY, past(return_rate_percent=50)) == ("medium", ["50 % of the orders came back at least in part"])
    assert judge(POLICY, past(blocked="Chargebacks", fraudulent=1)) == ("blocked", ["On the block list: Chargebacks"])


def test_each_border() -> None:
    def level(**more: Any) -> RiskLevel:
        return judge(POLICY, past(**more))[0]

    assert [level(highest_score=each) for each in (24, 25, 49)] == ["low", "medium", "medium"]
    assert [level(return_rate_percent=each) for each in (49, 50, 51)] == ["low", "medium", "medium"]
    assert [level(return_rate_percent=100, orders=each) for each in (2, 3, 4)] == ["low", "medium", "medium"]


def test_the_shop_says_from_when_returns_count() -> None:
    strict = POLICY.model_copy(update={"many_returns_percent": 20, "returns_judged_from_orders": 1})
    assert judge(strict, past(return_rate_percent=20, orders=1))[0] == "medium"
    assert judge(strict, past(return_rate_percent=19, orders=1))[0] == "low"


def test_what_weighs_most_stands_first() -> None:
    all_of_it = past(fraudulent=2, suspicious=1, highest_score=60, return_rate_percent=60)
    assert judge(POLICY, all_of_it) == (
        "high",
        [
            "2 orders cancelled because of fraud",
            "1 order scored 50 or more, the highest 60",
            "60 % of the orders came back at least in part",
        ],
    )


@given(
    of_model(POLICY),
    st.fixed_dictionaries(
        {
            "orders": st.integers(0, 6),
            "fraudulent": st.integers(0, 2),
            "suspicious": st.integers(0, 2),
            "return_rate_percent": st.integers(0, 100),
            "blocked": st.sampled_from([None, "Chargebacks"]),
        }
    ),
    st.sampled_from(["orders", "fraudulent", "suspicious", "return_rate_percent"]),
)
def test_more_of_a_bad_thing_never_lowers_a_risk_and_there_is_always_a_reason(
    policy: FraudPolicy, values: dict[str, Any], name: str
) -> None:
    level, reasons = judge(policy, past(**values))
    worse, _ = judge(policy, past(**{**values, name: values[name] + 1}))
    assert LEVELS.index(worse) >= LEVELS.index(level)
    assert reasons
    assert (level == "blocked") is (values["blocked"] is not None)
