"""The policy in words says every figure of the policy in numbers."""

import re
from decimal import Decimal
from typing import Any

import pytest

from agents.policy_pages import render_policy_digest, render_policy_pages
from core.money import Money
from tests.support.policies import with_own_figures
from tools.policy import Policy
from tools.policy.figures import figures as all_figures

NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
SCALES = ("100", "00")
"""A score is out of 100; an hour of the day is written with its minutes."""


def figures(value: Any, path: str = "") -> list[tuple[str, int | Decimal]]:
    """Return every number of a policy with where it stands."""
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in figures(item, f"{path}.{key}")]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return [(path, value)] if isinstance(value, int | Decimal) and not isinstance(value, bool) else []


def said(path: str, number: int | Decimal, text: str) -> bool:
    """Return whether a figure stands in a text, as money where it is money."""
    shown = str(Money(minor=int(number), currency="EUR")) if path.endswith("_minor") else str(number)
    return re.search(rf"(?<![\d.,]){re.escape(shown)}(?![\d]|[.,]\d)", text) is not None


def test_every_number_of_the_policy_stands_on_some_page() -> None:
    policy = with_own_figures()
    data = policy.model_dump()
    text = "\n".join(page.body for page in render_policy_pages(policy, "EUR"))
    missing = [path for path, number in figures(data) if not said(path, number, text)]
    assert missing == []
    assert len(figures(data)) > 40


@pytest.mark.parametrize("shift", [1, 2, 3, 5])
def test_whatever_the_figures_are_the_pages_say_them(shift: int) -> None:
    policy = with_own_figures(shift)
    text = "\n".join(page.body for page in render_policy_pages(policy, "EUR"))
    assert [path for path, number in figures(policy.model_dump()) if not said(path, number, text)] == []


def test_no_page_and_no_digest_says_a_number_that_is_no_figure() -> None:
    policy = with_own_figures()
    known = {*NUMBER.findall(" ".join(figure.shown for figure in all_figures(policy, "EUR"))), str(policy.version), *SCALES}
    texts = {page.slug: page.body for page in render_policy_pages(policy, "EUR")}
    texts |= {f"digest for {audience}": render_policy_digest(policy, "EUR", audience) for audience in ("staff", "customer")}
    assert [(name, number) for name, text in texts.items() for number in NUMBER.findall(text) if number not in known] == []


def test_what_customers_read_holds_no_internal_limit() -> None:
    policy = with_own_figures()
    data = policy.model_dump()
    public = "\n".join(page.body for page in render_policy_pages(policy, "EUR") if page.visibility == "public")
    for text in (public, render_policy_digest(policy, "EUR", "customer")):
        internal = [*figures(data["fraud"]), *figures(data["pricing"]), *figures(data["stock"]), *figures(data["refunds"], "refunds")]
        assert [path for path, number in internal if said(path, number, text)] == []


def test_the_digest_for_staff_says_more_than_the_one_for_customers() -> None:
    staff, customer = (render_policy_digest(Policy(), "EUR", audience) for audience in ("staff", "customer"))
    assert customer in staff
    assert "€100.00" in staff
    assert len(staff.splitlines()) < 25


def test_pages_have_unique_slugs_and_sections_by_category() -> None:
    pages = {page.slug: page for page in render_policy_pages(Policy(), "EUR")}
    assert len(pages) == 8
    assert pages["internal-approvals"].visibility == "internal"
    assert {page.visibility for slug, page in pages.items() if slug != "internal-approvals"} == {"public"}
    for heading in ("Electronics", "Clothing", "Furniture", "Everything else", "Return shipping", "Exchanges", "How refunds are made"):
        assert f"## {heading}\n" in pages["returns-policy"].body


def test_a_new_category_gets_a_section_of_its_own() -> None:
    data = Policy().model_dump()
    data["returns"]["categories"]["garden_tools"] = {"window_days": 45, "restocking_fee_percent": "2.50"}
    body = render_policy_pages(Policy.model_validate(data), "EUR")[0].body
    assert "## Garden tools\n\nGarden tools can be returned within **45 days** of delivery.\nA restocking fee of 2.5 %" in body


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "500 JPY"), ("USD", "$5.00")])
def test_amounts_are_in_the_shops_currency(currency: str, amount: str) -> None:
    assert amount in render_policy_pages(Policy(), currency)[0].body


def test_a_shop_that_cancels_itself_says_so() -> None:
    data = Policy().model_dump()
    data["cancellation"]["customers_may_cancel"] = False
    pages = {page.slug: page.body for page in render_policy_pages(Policy.model_validate(data), "EUR")}
    assert "The shop does this for you" in pages["cancellation-policy"]
    assert "You can cancel an order yourself" not in pages["cancellation-policy"]


def test_pages_read_like_markdown_without_left_over_template_parts() -> None:
    for page in render_policy_pages(Policy(), "EUR"):
        assert "{" not in page.body
        assert "\n\n\n" not in page.body
        assert page.body == page.body.strip()
