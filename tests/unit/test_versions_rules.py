"""People change figures by path and in words; the typed models have the last word."""

import pytest
from pydantic import BaseModel

from core.errors import InvalidInput
from tools.policy import Policy
from tools.policy.figures import differences, figures
from tools.policy.versions import Change, changed, known

POLICY = Policy()


def after(path: str, value: str | None, currency: str = "EUR") -> Policy:
    return changed(POLICY, [Change(path=path, value=value)], currency)


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("refunds.staff_limit", "150", "€150.00"),
        ("refunds.staff_limit", "€ 150.50", "€150.50"),
        ("refunds.staff_limit_minor", "150,50", "€150.50"),
        ("service.hold_hours", "48 hours", "48 hours"),
        ("service.hold_hours", " 1 hour ", "1 hour"),
        ("pricing.minimum_margin_percent", "7,5 %", "7.5 %"),
        ("pricing.minimum_margin_percent", "7,5", "7.5 %"),
        ("cancellation.customers_may_cancel", "no", "no"),
        ("returns.categories.furniture.refund_as", "payment", "payment"),
        ("fraud.points.block_list", "90 points", "90"),
        ("approvals.approvers[purchase.over_limit].role", "manager", "manager"),
        ("approvals.approvers[refund.over_limit].four_eyes", "yes", "yes"),
    ],
)
def test_a_figure_is_changed_in_the_words_of_a_person(path: str, value: str, shown: str) -> None:
    assert [each.after for each in differences(POLICY, after(path, value), "EUR")] == [shown]


def test_amounts_follow_the_currency() -> None:
    assert after("refunds.staff_limit", "150", "JPY").refunds.staff_limit_minor == 150


def test_entries_are_added_as_a_whole_or_by_one_figure_and_removed() -> None:
    toys = after("returns.categories.toys", '{"window_days": 9}').returns.categories["toys"]
    assert toys.window_days == 9
    assert after("returns.categories.toys_2.window_days", "9").returns.categories["toys_2"].window_days == 9
    assert list(after("returns.categories.clothing", None).returns.categories) == ["electronics", "furniture"]
    assert "ebay" not in after("pricing.commission_by_channel.ebay", None).pricing.commission_by_channel
    assert after("returns.refund_to", '["original"]').returns.refund_to == ("original",)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("nothing.here", "1", "there is no nothing; there is: returns, cancellation"),
        ("refunds.limit", "1", "refunds.limit: there is no limit; there is: staff_limit, four_eyes"),
        ("version", "1", "there is no version"),
        ("refunds.staff_limit.deeper", "1", "there is nothing beneath it"),
        ("refunds.staff_limit", None, "refunds.staff_limit: give a value"),
        ("returns.categories.toys", None, "give a value"),
        ("returns.categories.Toys.window_days", "1", "“Toys” is no name"),
        ("refunds", "much", "refunds: this is a group"),
        ("refunds.staff_limit", "much", "write it like 150.00"),
        ("refunds.staff_limit", "1.234", "write it like 150.00"),
        ("refunds.staff_limit", "-5", "refunds.staff_limit: Input should be greater than or equal to 0"),
        ("service.hold_hours", "soon", "service.hold_hours: Input should be a valid integer"),
        ("fraud.flag_from", "99", "fraud: flag_from, review_from and block_from must not fall"),
        ("refunds", '{"later": 1}', "refunds.later: Extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_says_where_and_what_would(path: str, value: str | None, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        after(path, value)
    assert said in caught.value.message


def test_errors_have_codes_and_at_most_five_are_told() -> None:
    codes: dict[str, str] = {}
    for path, value in (("a.b", "1"), ("refunds.staff_limit", "x"), ("service.hold_hours", "x"), ("refunds.staff_limit.x", "1")):
        with pytest.raises(InvalidInput) as caught:
            after(path, value)
        codes[path] = caught.value.code
    assert codes == {
        "a.b": "policy_path",
        "refunds.staff_limit": "policy_value",
        "service.hold_hours": "policy_invalid",
        "refunds.staff_limit.x": "policy_path",
    }
    many = [Change(path=f"fraud.points.{name}", value="x") for name in POLICY.fraud.points]
    with pytest.raises(InvalidInput) as all_of_them:
        changed(POLICY, many, "EUR")
    assert all_of_them.value.message.count("fraud.points") == 5


def test_several_changes_are_checked_together() -> None:
    both = [Change(path="fraud.block_from", value="90"), Change(path="fraud.review_from", value="80")]
    assert changed(POLICY, both, "EUR").fraud.review_from == 80
    assert POLICY.fraud.review_from == 50


def test_every_figure_can_be_changed_to_what_it_is() -> None:
    changes = [Change(path=figure.path, value=str(figure.shown)) for figure in figures(POLICY, "EUR") if not isinstance(figure.value, list)]
    assert differences(POLICY, changed(POLICY, changes, "EUR"), "EUR") == []


def test_unknown_fields_are_left_out_at_every_depth() -> None:
    class Leaf(BaseModel):
        a: int

    class Tree(BaseModel):
        leaf: Leaf | None = None
        leaves: dict[str, Leaf] = {}
        plain: dict[str, int] = {}

    stored = {"leaf": {"a": 1, "b": 2}, "leaves": {"x": {"a": 1, "b": 2}}, "plain": {"k": 1}, "gone": 1}
    assert known(Tree, stored) == {"leaf": {"a": 1}, "leaves": {"x": {"a": 1}}, "plain": {"k": 1}}
    assert known(Tree, {"leaf": None}) == {"leaf": None}


def test_a_new_shop_has_the_first_version() -> None:
    assert Policy().version == 1
