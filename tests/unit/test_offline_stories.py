"""The offline model and people who tell a story: wishes among what happened, second thoughts, conditions, and variants in words."""

import json
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agents.llm.offline import variants
from agents.llm.offline.story import Deed, story
from tests.unit.test_offline_model import MODEL, TOOLBOX, offered
from tests.unit.test_offline_requests import USD, variant


def deeds(text: str) -> list[tuple[Deed, Deed | None]]:
    told = story(text)
    return [(wish.deed, wish.otherwise.deed if wish.otherwise else None) for wish in told.wishes] if told else []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "I moved last week and I am rather busy. I would like to return the lamp that I received, and also cancel the order that I "
            "just placed.",
            [(Deed.BACK, None), (Deed.CANCEL, None)],
        ),
        (
            "I just got the desk and it is far too small for the room. I want to exchange it for a larger one. If that is not possible, "
            "return it.",
            [(Deed.SWAP, Deed.BACK)],
        ),
        (
            "I wanted to cancel the order for the jacket that I placed yesterday, but after some thought I changed my mind and decided to "
            "keep it, so leave everything as it is.",
            [],
        ),
        (
            "You are polite. The mug that you received leaks all over the table, and you are quite upset about that. You want a full "
            "refund as soon as possible.",
            [(Deed.UNDO, None)],
        ),
        (
            "I bought a speaker here some weeks ago and like it very much so far. I want to know whether I can return the stand as well, "
            "but do not do it yet.",
            [],
        ),
    ],
)
def test_wishes_are_told_from_what_happened(text: str, wanted: list[tuple[Deed, Deed | None]]) -> None:
    assert deeds(text) == wanted


LAMPS: dict[str, Any] = {
    "variants": [
        variant("L-1", 4000, color="white", brightness="medium", power="USB"),
        variant("L-2", 4500, color="white", brightness="high", power="battery"),
        variant("L-3", 3500, color="black", brightness="low", power="USB"),
        variant("L-4", 5000, color="white", brightness="high", power="USB"),
        variant("L-5", 9000, color="green", brightness="high", power="battery"),
        variant("L-6", 1000, color="white", brightness="high", power="USB", in_stock=False),
    ]
}


@pytest.mark.parametrize(
    ("said", "sku"),
    [
        ("exchange the lamp for a brighter one, I prefer battery", "L-2"),
        ("exchange the lamp for a brighter one, everything else the same", "L-4"),
        ("the lamp to a less bright one", "L-3"),
        ("the cheapest one that you have", "L-3"),
        ("the most expensive lamp there is", "L-5"),
        ("the same one but in black. If there is no black one, green would do", None),
        ("a red one", None),
        ("I wanted it in black, but changed my mind and now want it in green", "L-5"),
        ("I'd like the same item once more", "L-1"),
    ],
)
def test_a_variant_is_found_by_what_it_shall_be_like(said: str, sku: str | None) -> None:
    assert variants.choose(said, "L-1", LAMPS) == sku


class Shop:
    """Answers calls by the tool's name from rows that are made here."""

    def __init__(self, **rows: Any) -> None:
        self.rows, self.writes = rows, list[tuple[str, dict[str, Any]]]()

    def hear(self, text: str) -> str:
        history: list[BaseMessage] = [SystemMessage("You help."), HumanMessage(text)]
        model = MODEL.bind_tools(offered("all"))
        for _ in range(12):
            message = model.invoke(history)
            history.append(message)
            if not message.tool_calls:
                return message.text
            for call in message.tool_calls:
                if TOOLBOX[call["name"]].writes:
                    self.writes.append((call["name"], call["args"]))
                row = self.rows.get(call["name"], {})
                history.append(ToolMessage(json.dumps(row), tool_call_id=call["id"], name=call["name"]))
        raise AssertionError("the model calls tools without end")


def order(number: str, status: str, *items: tuple[str, str], customer: str | None = None) -> dict[str, Any]:
    return {
        "order": number, "status": status, "total": USD, "customer": customer,
        "items": [{"title": title, "sku": sku, "quantity": 1} for sku, title in items],
    }  # fmt: skip


LAMP, DESK, MUG = ("L-1", "Desk Lamp, white, medium, USB"), ("D-1", "Oak Desk, natural"), ("M-1", "Mug, blue")
ORDERS = {"orders": [order("1044", "pending", DESK, MUG), order("1043", "delivered", LAMP, MUG), order("1042", "delivered", DESK)]}
STORY = "I have been a customer for years and was always happy with what I got from you. "


def test_orders_are_found_by_what_is_in_them() -> None:
    shop = Shop(find_orders=ORDERS, get_product=LAMPS)
    shop.hear(f"{STORY}I want to exchange the lamp that I received for a brighter one and also return the desk, since it is too small.")
    assert shop.writes == [
        ("request_exchange", {"order": "1043", "item": "L-1", "wanted": "L-4", "quantity": 1}),
        ("request_return", {"order": "1042", "item": "D-1", "reason": "size_fit"}),
    ]


def test_what_cannot_be_had_is_replaced_by_what_was_wanted_then() -> None:
    shop = Shop(find_orders=ORDERS, get_product=LAMPS)
    shop.hear(f"{STORY}I want to exchange the lamp that I received for a red one. If that is not possible, return it to get my money.")
    assert [(name, args["order"]) for name, args in shop.writes] == [("request_return", "1043")]


def test_a_whole_order_is_not_cancelled_for_one_of_its_items() -> None:
    shop = Shop(find_orders=ORDERS)
    shop.hear(f"{STORY}I want to cancel the mug from the pending order that I just placed with you yesterday in the evening.")
    assert not shop.writes


def test_the_orders_of_others_are_nobody_s_own() -> None:
    shop = Shop(find_orders={"orders": [order("1042", "delivered", DESK, customer="Ann Lee")]})
    shop.hear(f"{STORY}I want to return the desk that I received last week, since it is too small for the room that I bought it for.")
    assert all(args.get("item") != "D-1" for _, args in shop.writes)
