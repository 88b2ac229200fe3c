"""Routing by words: what a message is made of, what examples teach, and what the conversation adds."""

import time
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.routing.languages import language_of
from agents.routing.learn import train
from agents.routing.model import Learned
from agents.routing.router import Router
from agents.routing.sayings import LABELS, Saying, examples
from agents.routing.words import LONGEST, clauses, clean, features, gist
from agents.supervisor import by_rule, decide
from agents.think import Mind
from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from tools.registry import Toolbox
from tools.toolbox import build_toolbox


class _NoModels:
    """Models that must not be asked."""

    is_offline = True


def somebody(role: Role) -> Principal:
    return Principal(TenantId(uuid4()), UserId(uuid4()), role, CustomerId(uuid4()) if role is Role.CUSTOMER else None)


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return build_toolbox(None)


@pytest.fixture(scope="module")
def mind(toolbox: Toolbox) -> Mind:
    return Mind(_NoModels(), toolbox, Router(toolbox))


@pytest.fixture(scope="module")
def customers(mind: Mind) -> Learned:
    return mind.router.general("customer")


@pytest.mark.parametrize(
    ("said", "agent", "asks"),
    [
        ("where is my order?", "after_sales", "agent"),
        ("do you sell rain coats", "knowledge", "agent"),
        ("can I talk to a human please", "after_sales", "human"),
        ("hello there", "knowledge", "small_talk"),
        ("what will the weather be like in Rome", "knowledge", "out_of_scope"),
        ("Wo ist meine Bestellung?", "knowledge", "other_language"),
        ("wheres my ordr", "after_sales", "agent"),
        ("I want to return the shoes", "after_sales", "agent"),
        ("could I send the raincoat back", "after_sales", "agent"),
        ("w\u200bhere is m\u200dy or\u00adder", "after_sales", "agent"),
        ("whеre is my оrder", "after_sales", "agent"),  # noqa: RUF001
    ],
)
async def test_a_customer_s_first_words_find_their_agent(mind: Mind, said: str, agent: str, asks: str) -> None:
    route = await mind.route(said, somebody(Role.CUSTOMER), active=None, asked=False, meter=None)
    assert (route.agent, route.asks) == (agent, asks)


@pytest.mark.parametrize("said", ["why is order 1042 on hold", "which amazon listings have errors", "reorder 20 headsets"])
async def test_nobody_is_sent_to_an_agent_that_is_not_there_for_them(mind: Mind, said: str) -> None:
    for role in (Role.CUSTOMER, Role.STAFF):
        who = somebody(role)
        route = await mind.route(said, who, active="risk/fraud", asked=False, meter=None)
        assert route.place in mind.places_for(who)
    customer = await mind.route(said, somebody(Role.CUSTOMER), active=None, asked=False, meter=None)
    assert customer.agent in {"knowledge", "after_sales"}


async def test_a_short_reply_stays_where_the_conversation_is(mind: Mind) -> None:
    who = somebody(Role.CUSTOMER)
    for said in ("yes", "the second one", "1017", "thanks!"):
        route = await mind.route(said, who, active="after_sales/returns", asked=True, meter=None)
        assert route.agent == "after_sales", said


async def test_a_corrected_number_asks_for_what_was_asked_before(mind: Mind) -> None:
    route = await mind.route("2071 I mean", somebody(Role.CUSTOMER), active="after_sales/orders", asked=False, meter=None)
    assert (route.agent, route.asks) == ("after_sales", "agent")


async def test_a_new_subject_leaves_the_conversation(mind: Mind) -> None:
    route = await mind.route(
        "do you have running shoes for women", somebody(Role.CUSTOMER), active="after_sales/orders", asked=False, meter=None
    )
    assert route.agent == "knowledge"


async def test_two_requests_call_two_places(mind: Mind) -> None:
    route = await mind.route(
        "where is order 1017? also do you sell phone cases", somebody(Role.CUSTOMER), active=None, asked=False, meter=None
    )
    assert {route.agent, str(route.second).partition("/")[0]} == {"after_sales", "knowledge"}


@pytest.mark.parametrize("said", ["", " \n\t", "\u200b\u200d\ufeff", "\x00\x07", "\u202e" * 50])
async def test_what_says_nothing_is_no_error(mind: Mind, said: str) -> None:
    route = await mind.route(said, somebody(Role.CUSTOMER), active=None, asked=False, meter=None)
    assert (route.agent, route.asks) == ("knowledge", "answer")


async def test_a_hundred_kilobytes_take_no_longer_than_a_page(mind: Mind) -> None:
    who = somebody(Role.CUSTOMER)
    await mind.route("hello", who, active=None, asked=False, meter=None)
    started = time.perf_counter()
    route = await mind.route("where is my order? " * 5_000, who, active=None, asked=False, meter=None)
    assert route.agent == "after_sales"
    assert time.perf_counter() - started < 0.5


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=3_000))
def test_any_text_can_be_weighed(customers: Learned, text: str) -> None:
    said = clean(text)
    votes = customers.votes(features(gist(said)), None)
    assert len(said) <= LONGEST
    assert sum(votes.sides.values()) == pytest.approx(1, abs=1e-3)
    assert 0 <= votes.nothing <= 1
    assert decide(said, votes, ("knowledge", "after_sales/orders"), None)[0].place in {"knowledge", "after_sales/orders"}
    language_of(said)
    clauses(said)


def test_a_model_survives_being_stored(customers: Learned) -> None:
    again = Learned.from_bytes(customers.to_bytes())
    for said in ("refund please", "which lamp is brighter", "tell me a joke"):
        before, after = customers.votes(features(said), None), again.votes(features(said), None)
        assert after.sides == pytest.approx(before.sides, abs=0.01)
        assert after.nothing == pytest.approx(before.nothing, abs=0.02)


def test_what_a_store_labels_wins_over_general_examples(toolbox: Toolbox) -> None:
    general = examples(toolbox, "customer")
    own = [
        Saying(f"{verb} my blimwick {noun}", "after_sales")
        for verb in ("wind", "oil", "tune")
        for noun in ("please", "again", "today", "now")
    ]
    before = train(general, (), None, "customer").votes(features("oil the blimwick"), None)
    after = train(general, own, None, "customer").votes(features("oil the blimwick"), None)
    assert after.sides["after_sales"] > 0.8 > before.sides["after_sales"]
    assert after.nothing < before.nothing


def test_probabilities_are_honest_about_examples_left_out(toolbox: Toolbox) -> None:
    """Learned from two thirds of the examples, the others are right about as often as their probability says."""
    general = examples(toolbox, "customer")
    kept = [saying for index, saying in enumerate(general) if index % 3]
    learned = train([], kept, None, "customer")
    sure, right = [], []
    for saying in general[::3]:
        if saying.label.partition("/")[0] in {"knowledge", "after_sales"}:
            votes = learned.votes(features(gist(clean(saying.text))), None)
            best = max(votes.sides, key=votes.sides.__getitem__)
            sure.append(votes.sides[best])
            right.append(best == saying.label.partition("/")[0])
    assert np.mean(right) > 0.75
    assert abs(np.mean(sure) - np.mean(right)) < 0.08


def test_rules_speak_only_for_agents_that_are_there() -> None:
    assert by_rule("what is wrong on amazon", {}, ("knowledge", "after_sales/orders")) is None
    assert by_rule("what is wrong on amazon", {}, ("knowledge/advice", "marketplace/listings")) == (
        "marketplace",
        "names what marketplace looks after",
    )


def test_languages_are_told_by_common_words_and_scripts() -> None:
    assert language_of("send order 1017 to 12 Rue de la Paix, 75002 Paris, FR") is None
    assert language_of("Où est mon colis ?") == "fr"
    assert language_of("где мой заказ") == "ru"
    assert language_of("Ergo mattress") is None


def test_general_sayings_name_labels_that_exist(toolbox: Toolbox) -> None:
    assert {saying.label for audience in ("customer", "staff") for saying in examples(toolbox, audience)} <= LABELS
