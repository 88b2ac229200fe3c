"""Every figure has a path, words and a direction, and two policies differ exactly where they differ."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from pydantic import BaseModel, Field

from tests.support.policies import policies
from tools.policy import Policy
from tools.policy.figures import Loosens, differences, entry_of, figures, inner, model_of, step


class Inner(BaseModel):
    limit_minor: Annotated[int, Loosens.UP] = 1_000
    wait_days: int = 1


class Area(BaseModel):
    amount_minor: int = 250
    share_percent: Annotated[float, Loosens.DOWN] = 12.5
    hours: int = 2
    on: bool = True
    note: str = "as_is"
    none: int | None = None
    names: tuple[str, ...] = ("a", "b")
    empty: tuple[str, ...] = ()
    role: Annotated[Literal["staff", "manager", "owner"], Loosens.DOWN] = "manager"
    marked: Annotated[dict[str, int], Loosens.UP] = Field(default={"x": 1})
    commission_by: dict[str, int] = {"ebay": 12}
    inner: Inner = Inner()
    entries: dict[str, Inner] = {"one": Inner(), "a.b": Inner()}
    maybe: Annotated[int | None, Loosens.UP] = 5


def whole() -> dict[str, Any]:
    return {figure.path: figure for figure in figures(Area(), "EUR")}


def test_every_leaf_has_its_path_label_and_words() -> None:
    assert [(path, figure.label, figure.shown) for path, figure in whole().items()] == [
        ("amount", "Amount", "€2.50"),
        ("share_percent", "Share percent", "12.5 %"),
        ("hours", "Hours", "2 hours"),
        ("on", "On", "yes"),
        ("note", "Note", "as is"),
        ("none", "None", "none"),
        ("names", "Names", "a, b"),
        ("empty", "Empty", "none"),
        ("role", "Role", "manager"),
        ("marked.x", "Marked, x", "1"),
        ("commission_by.ebay", "Commission by, ebay", "12 %"),
        ("inner.limit", "Inner, limit", "€10.00"),
        ("inner.wait_days", "Inner, wait days", "1 day"),
        ("entries.one.limit", "Entries, one limit", "€10.00"),
        ("entries.one.wait_days", "Entries, one wait days", "1 day"),
        ("entries[a.b].limit", "Entries, a.b limit", "€10.00"),
        ("entries[a.b].wait_days", "Entries, a.b wait days", "1 day"),
        ("maybe", "Maybe", "5"),
    ]
    assert [path for path, figure in whole().items() if figure.amount] == [
        "amount",
        "inner.limit",
        "entries.one.limit",
        "entries[a.b].limit",
    ]
    assert {path: figure.loosens for path, figure in whole().items() if figure.loosens} == {
        "share_percent": "down",
        "role": "down",
        "marked.x": "up",
        "inner.limit": "up",
        "entries.one.limit": "up",
        "entries[a.b].limit": "up",
        "maybe": "up",
    }


def loosens(**changes: Any) -> dict[str, bool]:
    return {each.path: each.loosens for each in differences(Area(), Area.model_validate(changes), "EUR")}


def test_a_direction_tells_what_gives_more_away() -> None:
    assert loosens(inner={"limit_minor": 1_001}) == {"inner.limit": True}
    assert loosens(inner={"limit_minor": 999}) == {"inner.limit": False}
    assert loosens(share_percent=12) == {"share_percent": True}
    assert loosens(share_percent=13) == {"share_percent": False}
    assert loosens(amount_minor=249) == loosens(amount_minor=251) == {"amount": True}, "an amount without a direction"
    assert loosens(hours=9, on=False, note="other") == {"hours": False, "on": False, "note": False}
    assert loosens(role="staff") == {"role": True}
    assert loosens(role="owner") == {"role": False}
    assert loosens(maybe=None) == {"maybe": True}, "no limit at all is the most"
    assert loosens(maybe=4) == {"maybe": False}
    assert loosens(marked={"x": 1, "y": 1}) == {"marked.y": True}
    assert loosens(marked={}) == {"marked.x": True}
    assert loosens(entries={"one": {}}) == {"entries[a.b].limit": True, "entries[a.b].wait_days": False}


class Looked(BaseModel):
    by: Annotated[Literal["customer", "staff", "manager", "owner"], Loosens.DOWN] = "owner"
    up: Annotated[Decimal, Loosens.UP] = Decimal(5)
    down: Annotated[Decimal, Loosens.DOWN] = Decimal(5)


RANKS = ["customer", "staff", "manager", "owner"]


@pytest.mark.parametrize(("before", "after"), [(before, after) for before in RANKS for after in RANKS if before != after])
def test_a_lesser_role_that_looks_gives_more_away(before: Any, after: Any) -> None:
    [found] = differences(Looked(by=before), Looked(by=after), "EUR")
    assert found.loosens is (RANKS.index(after) < RANKS.index(before))


def test_a_figure_that_is_written_otherwise_gives_nothing_away() -> None:
    written = Looked(up=Decimal("5.0"), down=Decimal("5.0"))
    assert not any(each.loosens for each in differences(Looked(), written, "EUR"))


def test_a_difference_reads_as_words() -> None:
    [change] = differences(Area(), Area(hours=3), "EUR")
    assert (change.words, change.before, change.after) == ("Hours: 2 hours -> 3 hours", "2 hours", "3 hours")
    [gone] = differences(Area(), Area(marked={}), "EUR")
    assert (gone.words, gone.after) == ("Marked, x: 1 -> none", "")
    [new] = differences(Area(marked={}), Area(), "EUR")
    assert new.words == "Marked, x: none -> 1"


class Words(BaseModel):
    first_minutes: int = 1
    more_minutes: int = 5
    one_hours: int = 1
    some_units: int = 3
    one_units: int = 1
    two_days: int = 2
    off: bool = False
    rate_percent_of: int = 7
    commission: float = 2.5
    price_minor: str = "free"
    words: str = "two_words"


def test_each_unit_is_said_in_the_singular_and_in_the_plural() -> None:
    assert [figure.shown for figure in figures(Words(), "EUR")] == [
        "1 minute",
        "5 minutes",
        "1 hour",
        "3 units",
        "1 unit",
        "2 days",
        "no",
        "7 %",
        "2.5 %",
        "free",
        "two words",
    ]
    assert [figure.amount for figure in figures(Words(), "EUR")] == [False] * 9 + [True, False]


class Odd(BaseModel):
    maybe: Inner | None = None
    table: dict[str, int] | None = None
    percent: dict[str, int] = {"ebay": 3}


def test_what_is_not_there_is_a_figure_too() -> None:
    assert [(figure.path, figure.shown) for figure in figures(Odd(), "EUR")] == [
        ("maybe", "none"),
        ("table", "none"),
        ("percent.ebay", "3 %"),
    ]
    full = Odd(maybe=Inner(), table={"a": 1})
    assert [figure.path for figure in figures(full, "EUR")] == ["maybe.limit", "maybe.wait_days", "table.a", "percent.ebay"]


def test_amounts_are_in_the_shops_currency_and_the_version_is_no_figure() -> None:
    assert whole()["amount"].shown == "€2.50"
    assert {figure.path: figure.shown for figure in figures(Area(), "JPY")}["amount"] == "250 JPY"
    assert "version" not in {figure.path for figure in figures(Policy(), "EUR")}
    assert differences(Policy(version=1), Policy(version=2), "EUR") == []


def test_annotations_are_seen_through() -> None:
    assert (inner(Annotated[int, 1]), inner(int | None), inner(int | str)) == (int, int, int | str)
    assert (inner(list[int]), inner(int | str | None)) == (list[int], int | str | None)
    assert (model_of(Inner | None), model_of(dict[str, Inner]), model_of(int), entry_of(dict[str, int]), entry_of(int)) == (
        Inner,
        None,
        None,
        int,
        None,
    )
    assert (step("", "a"), step("a", "b"), step("a", "b.c"), step("", "x.y")) == ("a", "a.b", "a[b.c]", "[x.y]")


@settings(max_examples=15, deadline=None)
@given(policies(), policies())
def test_two_policies_differ_where_they_differ(one: Policy, other: Policy) -> None:
    changed = {each.path for each in differences(one, other, "EUR")}
    old, new = ({figure.path: figure.value for figure in figures(each, "EUR")} for each in (one, other))
    assert changed == {path for path in {*old, *new} if old.get(path) != new.get(path)}
    assert differences(one, one, "EUR") == []
    assert {each.path for each in differences(other, one, "EUR")} == changed
