"""What happens by itself: pages follow the policy, planned rules take effect, requests expire."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core.clock import system_clock
from core.errors import Conflict
from core.identity import Principal, RunContext
from core.settings import Settings
from server.runs import decide_approval
from server.setup import index_knowledge
from server.wiring import Runtime, open_runtime
from server.worker.librarian import Librarian
from server.worker.upkeep import Upkeep
from store.embedded import Endpoints
from tests.support.talk import Talk
from tools.approvals import Answer, Choice

APPROVE = Answer(decision=Choice.APPROVE)
HOLD = {"path": "returns.categories.electronics.window_days", "value": "21"}
HEADSET = "refund the headset on order 1017"
QUESTION = "how many days do I have to return electronics"


class Watch:
    """A clock that a test moves."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.ahead


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def shop(settings: Settings, demo_db: Endpoints, watch: Watch) -> AsyncIterator[Runtime]:
    """The demo shop by a clock that the test moves, its knowledge indexed."""
    async with open_runtime(settings, demo_db, demo=True, clock=watch) as opened:
        await index_knowledge(opened, lambda _: None)
        await Upkeep(opened).once()
        yield opened


async def call(shop: Runtime, who: Principal, tool: str, key: str, **args: Any) -> Any:
    ctx = RunContext(who, idempotency_key=key)
    return await shop.executor.execute(ctx, tool, args)


async def change(shop: Runtime, who: Principal, key: str, **more: Any) -> None:
    """Change a rule as its owner, confirmed."""
    args = {"changes": [HOLD], "based_on": 1, **more}
    asked = await call(shop, who, "change_policy", key, **args)
    await decide_approval(shop, who, asked.approval_id, APPROVE)
    ctx = RunContext(who, idempotency_key=f"{key}-again", approval_id=asked.approval_id)
    done = await shop.executor.execute(ctx, "change_policy", args)
    assert done.status == "ok", done


async def keep(shop: Runtime) -> int:
    """Do what is due, and let what it changed be found."""
    done = await Upkeep(shop).once()
    await Librarian(shop).once()
    return done


async def found(shop: Runtime, who: Principal) -> str:
    result = await call(shop, who, "search_articles", "", query=QUESTION)
    return " ".join(each["excerpt"] for each in result.data["citations"])


async def pages(shop: Runtime, who: Principal) -> list[Any]:
    query = text("SELECT slug, policy_version, updated_at FROM articles WHERE category = 'policy' ORDER BY slug")
    async with shop.units.read(who) as tx:
        return list(await tx.connection.execute(query))


async def test_pages_and_their_index_follow_a_change_of_the_rules(shop: Runtime, merchant: Principal) -> None:
    assert await keep(shop) == 0
    assert "within **30 days** of delivery" in await found(shop, merchant)
    await change(shop, merchant, "one")
    assert await keep(shop) == 1
    assert "within **21 days** of delivery" in await found(shop, merchant)
    rows = await pages(shop, merchant)
    assert {row.policy_version for row in rows} == {2}
    assert await keep(shop) == 0


async def test_what_stays_the_same_is_not_indexed_again(shop: Runtime, merchant: Principal) -> None:
    query = text("SELECT slug, updated_at FROM knowledge_sources WHERE kind = 'policy'")
    async with shop.units.read(merchant) as tx:
        before = dict([tuple(row) for row in await tx.connection.execute(query)])
    await change(shop, merchant, "one")
    await keep(shop)
    async with shop.units.read(merchant) as tx:
        after = dict([tuple(row) for row in await tx.connection.execute(query)])
    assert before["cancellation-policy"] == after["cancellation-policy"]
    assert before["returns-policy"] < after["returns-policy"]


async def test_planned_rules_reach_their_pages_on_their_day(shop: Runtime, merchant: Principal, watch: Watch) -> None:
    await change(shop, merchant, "one", effective_at=(watch() + timedelta(days=5)).isoformat())
    assert await keep(shop) == 0
    watch.ahead = timedelta(days=5, minutes=1)
    assert await keep(shop) == 1
    assert "within **21 days** of delivery" in await found(shop, merchant)


async def test_prompts_follow_the_rules_in_force(shop: Runtime, merchant: Principal, watch: Watch) -> None:
    driver = shop.driver
    ctx = RunContext(merchant)
    assert (await driver._shop(ctx))[1].version == 1
    await change(shop, merchant, "one")
    watch.ahead = timedelta(seconds=10)
    assert (await driver._shop(ctx))[1].version == 2


async def statuses(shop: Runtime, who: Principal) -> list[str]:
    async with shop.units.read(who) as tx:
        return list((await tx.connection.execute(text("SELECT status FROM approvals ORDER BY id"))).scalars())


async def test_a_request_that_nobody_decided_expires(shop: Runtime, merchant: Principal, watch: Watch) -> None:
    await call(shop, merchant, "change_policy", "one", changes=[HOLD], based_on=1)
    watch.ahead = timedelta(days=6)
    await keep(shop)
    assert await statuses(shop, merchant) == ["open"]
    watch.ahead = timedelta(days=7, minutes=1)
    await keep(shop)
    assert await statuses(shop, merchant) == ["expired"]


async def test_an_answer_that_comes_too_late_closes_the_request(shop: Runtime, merchant: Principal, watch: Watch) -> None:
    asked = await call(shop, merchant, "change_policy", "one", changes=[HOLD], based_on=1)
    watch.ahead = timedelta(days=7, minutes=1)
    with pytest.raises(Conflict, match="expired"):
        await decide_approval(shop, merchant, asked.approval_id, APPROVE)
    assert await statuses(shop, merchant) == ["expired"]
    with pytest.raises(Conflict, match="already expired"):
        await decide_approval(shop, merchant, asked.approval_id, APPROVE)


async def test_an_answer_in_the_conversation_that_comes_too_late_closes_the_request(
    shop: Runtime, merchant: Principal, watch: Watch
) -> None:
    talk = await Talk.open(shop, merchant)
    assert (await talk.say(HEADSET)).request.tool == "issue_refund"
    watch.ahead = timedelta(days=7, minutes=1)
    with pytest.raises(Conflict, match="expired"):
        await talk.queue(APPROVE)
    assert await statuses(shop, merchant) == ["expired"]
