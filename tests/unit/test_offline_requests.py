"""The offline model and long messages: several requests, several items, options, addresses and payment methods."""

import json
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agents.llm.offline.address import address
from agents.llm.offline.context import Record
from agents.llm.offline.entities import fill
from agents.llm.offline.mentions import mentioned, wanted_variant
from agents.llm.offline.offer import read_spec
from agents.llm.offline.requests import requests
from agents.llm.offline.said import Words
from agents.llm.offline.understand import Offer
from tests.unit.test_offline_model import MODEL, TOOLBOX, offered

USD = {"minor": 5000, "currency": "USD"}
LINES = [
    Record("K-1", {"title": "Tea Kettle, glass, 1.5 liters", "sku": "K-1"}),
    Record("M-1", {"title": "Gaming Mouse, black, laser, wired", "sku": "M-1"}),
    Record("M-2", {"title": "Gaming Mouse, white, optical, wireless", "sku": "M-2"}),
]


def variant(sku: str, minor: int = 5000, *, in_stock: bool = True, **options: str) -> dict[str, Any]:
    return {"sku": sku, "options": options, "price": {"minor": minor, "currency": "USD"}, "in_stock": in_stock}


MICE = {
    "variants": [
        variant("M-1", color="black", sensor="laser", cable="wired"),
        variant("M-3", 6000, color="white", sensor="optical", cable="wired"),
        variant("M-4", 5500, color="white", sensor="optical", cable="wireless"),
        variant("M-5", color="red", sensor="laser", cable="wired", in_stock=False),
    ]
}


def test_requests_are_found_among_what_somebody_tells_of_themselves() -> None:
    found = requests(
        "My name is Ann Lee. I am tired, polite. Cancel order #1042 because of a mistake. It is late. "
        "For #1043, return the lamp; the mug too.",
        lambda part: "cancel" if "ancel" in part else "return" if "return" in part else None,
    )
    assert [(each.tool, each.text) for each in found] == [
        ("cancel", "Cancel order #1042 because of a mistake. It is late."),
        ("return", "For #1043, return the lamp; the mug too."),
    ]


def test_lines_are_meant_by_their_nouns_and_told_apart_by_their_options() -> None:
    found = mentioned("exchange the kettle and the white optical mouse", LINES)
    assert [each.line.value for each in found] == ["K-1", "M-2"]


@pytest.mark.parametrize(
    ("said", "sku"),
    [
        ("the mouse for a white optical one", "M-3"),
        ("the mouse to {'color': 'white', 'cable': 'wireless'}", "M-4"),
        ("the mouse {'color': 'black'} to {}", "M-1"),
        ("the mouse for a wireless one", "M-4"),
        ("the mouse for a red one", None),
        ("the mouse for something else", None),
    ],
)
def test_the_wanted_variant_keeps_what_was_not_named(said: str, sku: str | None) -> None:
    assert wanted_variant(said, "M-1", MICE) == sku


@pytest.mark.parametrize(
    "said",
    [
        "ship it to 411 Park Avenue, Suite 987, Phoenix, AZ 85060, USA please",
        "{'address1': '411 Park Avenue', 'address2': 'Suite 987', 'city': 'Phoenix', 'state': 'AZ', 'zip': '85060', 'country': 'USA'}",
    ],
)
def test_an_address_is_read_in_one_go_or_field_by_field(said: str) -> None:
    spec = read_spec(TOOLBOX["change_address"].for_model, TOOLBOX)
    assert address(spec, said) == {
        "line1": "411 Park Avenue", "line2": "Suite 987", "city": "Phoenix", "region": "AZ", "postal_code": "85060", "country": "US",
    }  # fmt: skip


class Shop:
    """Answers calls from rows that are made here, until the model says something."""

    def __init__(self, **rows: dict[str, Any]) -> None:
        self.rows, self.calls, self.history = rows, list[tuple[str, dict[str, Any]]](), list[BaseMessage]([SystemMessage("You help.")])

    def say(self, text: str) -> str:
        self.history.append(HumanMessage(text))
        model = MODEL.bind_tools(offered("customer"))
        for _ in range(12):
            message = model.invoke(self.history)
            self.history.append(message)
            if not message.tool_calls:
                return message.text
            for call in message.tool_calls:
                self.calls.append((call["name"], call["args"]))
                row = self.rows.get(str(next(iter(call["args"].values()))), {})
                content = "{}" if TOOLBOX[call["name"]].writes else json.dumps(row)
                self.history.append(ToolMessage(content, tool_call_id=call["id"], name=call["name"]))
        raise AssertionError("the model calls tools without end")

    @property
    def writes(self) -> list[tuple[str, dict[str, Any]]]:
        return [(name, args) for name, args in self.calls if TOOLBOX[name].writes]


def _order(number: str, status: str) -> dict[str, Any]:
    return {"order": number, "status": status, "items": [dict(line.data) for line in LINES], "total": USD}


def test_a_message_with_several_requests_is_served_request_by_request() -> None:
    shop = Shop(**{"1042": _order("1042", "delivered"), "1043": _order("1043", "pending"), "M-1": MICE, "K-1": {"variants": []}})
    asked = shop.say(
        "Hi, my name is Ann. Return the kettle and the white mouse of order #1042 to my gift card. "
        "For #1043, exchange Gaming Mouse {'color': 'black', 'sensor': 'laser'} to {'color': 'white', 'sensor': 'optical'}; via paypal_12. "
        "Cancel order #1044 because I ordered it by mistake."
    )
    assert "About order 1042: What is the reason?" in asked
    shop.say("I changed my mind")
    assert shop.writes == [
        ("cancel_order", {"order": "1044", "reason": "ordered_by_mistake"}),
        ("modify_order_items", {"order": "1043", "item": "M-1", "wanted": "M-3", "quantity": 1, "payment_method": "paypal_12"}),
        ("request_return", {"order": "1042", "item": "K-1", "more": [{"item": "M-2"}], "refund_to": "gift card", "reason": "changed_mind"}),
    ]


@pytest.mark.parametrize(
    ("tool", "said", "args"),
    [
        ("find_orders", "show me orders over 500 euro", {"at_least": "500"}),
        ("find_orders", "orders under 20 euro tagged vip", {"at_most": "20", "tag": "vip"}),
        ("find_orders", "orders with the gift tag", {"tag": "gift"}),
        ("tag_order", "tag 1017: fragile", {"order": "1017", "tag": "fragile"}),
        ("untag_order", "drop the press tag of #1042", {"order": "1042", "tag": "press"}),
        ("list_returns", "any returns waiting for inspection?", {"status": "received"}),
    ],
)
def test_arguments_are_filled_by_what_they_are(tool: str, said: str, args: dict[str, str]) -> None:
    offer = Offer([], TOOLBOX)
    assert fill(offer.all[tool], Words(text=said, breaks=offer.breaks)) == args
