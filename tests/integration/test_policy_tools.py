"""What the shop's rules promise: typed versions, changed in order and never looser by one person alone, tried out on what was decided."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.errors import Forbidden
from core.identity import Principal
from store import audit
from store.queries import decisions
from tests.integration.conftest import Watch
from tests.support.desk import Desk
from tests.support.shop import NOW, Shop
from tools.executor import Executor
from tools.result import Outcome, ToolResult
from tools.toolbox import build_toolbox

TIGHTER = [{"path": "refunds.staff_limit", "value": "50.00"}]
LOOSER = [{"path": "refunds.staff_limit", "value": "150.00"}]


@pytest.fixture
def desk(shop: Shop) -> Desk:
    """The executor with every tool of the product."""
    found = Desk(shop.units)
    nothing: Any = None
    found.executor = Executor(shop.units, build_toolbox(nothing), {})
    return found


async def change(shop: Shop, desk: Desk, changes: list[dict[str, str]], based_on: int = 0, **more: Any) -> ToolResult:
    return await desk.confirmed(shop.owner, "change_policy", {"changes": changes, "based_on": based_on, **more})


async def rows(shop: Shop, query: str, **values: Any) -> list[Any]:
    async with shop.units.read(shop.owner) as tx:
        return list(await tx.connection.execute(text(query), values))


async def test_a_change_is_a_new_version_that_the_next_decision_obeys(shop: Shop, desk: Desk) -> None:
    assert (await desk.call(shop.staff, "issue_refund", {"order": "1004", "amount": "60"})).status is Outcome.OK
    done = await change(shop, desk, TIGHTER, note="too many small refunds")
    assert (done.data["version"], done.data["based_on"], done.data["at_once"]) == (1, 0, True)
    assert "Refunds, staff limit: €100.00 -> €50.00" in done.text
    assert (await desk.call(shop.staff, "issue_refund", {"order": "1005", "amount": "60"})).rule == "refund.over_limit"
    shown = await desk.ok(shop.staff, "rules_in_force", {"area": "refunds"})
    assert (shown["version"], shown["rules"][0]) == (1, {"path": "refunds.staff_limit", "label": "Refunds, staff limit", "value": "€50.00"})
    [event] = await rows(shop, "SELECT body FROM outbox WHERE topic = 'policy.changed'")
    assert (event.body["version"], event.body["paths"]) == (1, ["refunds.staff_limit"])
    listed = (await desk.ok(shop.manager, "policy_history", {}))["versions"][0]
    assert (listed["author"], listed["note"], listed["state"]) == ("Olga Owner", "too many small refunds", "in_force")


async def test_what_gives_more_away_needs_a_second_person(shop: Shop, desk: Desk) -> None:
    asked = await desk.call(shop.owner, "change_policy", {"changes": LOOSER, "based_on": 0})
    assert (asked.rule, asked.status) == ("policy.loosens", Outcome.PENDING)
    assert asked.approval_id is not None
    with pytest.raises(Forbidden, match="four eyes"):
        await desk.decide(shop.owner, asked.approval_id)
    await desk.decide(shop.manager, asked.approval_id)
    done = await desk.call(shop.owner, "change_policy", {"changes": LOOSER, "based_on": 0}, approval=asked.approval_id)
    assert done.data["version"] == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([{"path": "refunds.limit", "value": "5"}], "there is: staff_limit, four_eyes"),
        (
            [{"path": "returns.general.restocking_fee_percent", "value": "120 %"}],
            "returns.general.restocking_fee_percent: Input should be less than or equal to 100",
        ),
        ([{"path": "refunds.staff_limit", "value": "lots"}], "write it like 150.00"),
        ([{"path": "fraud.flag_from", "value": "99"}], "must not fall"),
        ([{"path": "version", "value": "9"}], "there is no version"),
        ([{"path": "returns.general"}], "give a value"),
        ([{"path": "refunds.staff_limit.more", "value": "1"}], "nothing beneath"),
    ],
)
async def test_a_change_that_does_not_fit_says_what_would(shop: Shop, desk: Desk, changes: Any, said: str) -> None:
    result = await desk.call(shop.owner, "change_policy", {"changes": changes, "based_on": 0})
    assert result.status is Outcome.FAILED
    assert said in result.text
    assert await rows(shop, "SELECT 1 FROM policy_versions") == []


async def test_entries_come_and_go_and_rules_follow_them(shop: Shop, desk: Desk) -> None:
    garden = [{"path": "returns.categories.home.window_days", "value": "2 days"}, {"path": "returns.categories.furniture"}]
    approval = await desk.pending(shop.owner, "change_policy", {"changes": garden, "based_on": 0})
    await desk.decide(shop.manager, approval)
    assert (await desk.call(shop.owner, "change_policy", LATE, approval=approval)).data["version"] == 1
    rules = {rule["path"]: rule["value"] for rule in (await desk.ok(shop.staff, "rules_in_force", {"area": "returns"}))["rules"]}
    assert rules["returns.categories.home.window_days"] == "2 days"
    assert "returns.categories.furniture.window_days" not in rules


async def test_a_change_on_old_rules_is_refused(shop: Shop, desk: Desk) -> None:
    await change(shop, desk, TIGHTER)
    stale = await desk.call(shop.owner, "change_policy", {"changes": LOOSER, "based_on": 0})
    assert (stale.rule, stale.allowed) == ("policy.stale", ["look at the rules again and base the change on version 1"])
    same = await desk.call(shop.owner, "change_policy", {"changes": TIGHTER, "based_on": 1})
    assert same.rule == "policy.nothing_to_change"
    past = await desk.call(
        shop.owner, "change_policy", {"changes": LOOSER, "based_on": 1, "effective_at": (NOW - timedelta(days=1)).isoformat()}
    )
    assert past.rule == "policy.past"


async def test_of_many_changes_at_once_one_wins(shop: Shop, desk: Desk) -> None:
    amounts = [f"{number}.00" for number in range(10, 30)]
    approvals: list[tuple[str, UUID]] = []
    for amount in amounts:
        args = {"changes": [{"path": "refunds.staff_limit", "value": amount}], "based_on": 0}
        approvals.append((amount, await desk.pending(shop.owner, "change_policy", args)))
    for _, approval in approvals:
        await desk.decide(shop.owner, approval)
    done = await asyncio.gather(*(desk.call(shop.owner, "change_policy", LATE, approval=approval) for _, approval in approvals))
    assert sorted(each.status for each in done) == [*[Outcome.DENIED] * 19, Outcome.OK]
    assert {each.rule for each in done if each.status is Outcome.DENIED} == {"policy.stale"}
    assert [row.version for row in await rows(shop, "SELECT version FROM policy_versions")] == [1]


LATE = {"changes": TIGHTER, "based_on": 0}


async def test_a_planned_version_takes_effect_by_itself(shop: Shop, desk: Desk, watch: Watch) -> None:
    begins = NOW + timedelta(days=13)
    done = await change(shop, desk, TIGHTER, effective_at=begins.isoformat())
    assert (done.data["version"], done.data["at_once"]) == (1, False)
    assert (await desk.ok(shop.staff, "rules_in_force", {}))["planned"] == [1]
    assert (await desk.call(shop.staff, "issue_refund", {"order": "1004", "amount": "60"})).status is Outcome.OK
    watch.now = begins
    assert (await desk.call(shop.staff, "issue_refund", {"order": "1005", "amount": "60"})).rule == "refund.over_limit"
    assert (await desk.ok(shop.staff, "rules_in_force", {}))["version"] == 1


async def test_a_change_before_a_planned_one_must_say_which_it_wants(shop: Shop, desk: Desk) -> None:
    begins = NOW + timedelta(days=13)
    await change(shop, desk, TIGHTER, effective_at=begins.isoformat())
    early = await desk.call(shop.owner, "change_policy", {"changes": [{"path": "service.hold_hours", "value": "48"}], "based_on": 1})
    assert early.rule == "policy.out_of_order"
    assert len(early.allowed) == 2
    instead = await change(shop, desk, [{"path": "service.hold_hours", "value": "48"}])
    assert (instead.data["version"], instead.data["dropped"]) == (2, [1])
    states = {each["version"]: each["state"] for each in (await desk.ok(shop.staff, "policy_history", {}))["versions"]}
    assert states == {2: "in_force", 1: "never"}


async def test_a_diff_says_every_figure_in_words_and_by_path(shop: Shop, desk: Desk) -> None:
    await change(shop, desk, TIGHTER)
    await change(shop, desk, [{"path": "returns.general.window_days", "value": "14"}], based_on=1)
    last = await desk.ok(shop.staff, "policy_diff", {})
    assert [each["path"] for each in last["differences"]] == ["returns.general.window_days"]
    whole = await desk.ok(shop.staff, "policy_diff", {"before": 0, "after": 2})
    assert [(each["path"], each["before"], each["after"]) for each in whole["differences"]] == [
        ("returns.general.window_days", "30 days", "14 days"),
        ("refunds.staff_limit", "€100.00", "€50.00"),
    ]
    assert (await desk.call(shop.staff, "policy_diff", {"before": 7})).code == "not_found"


async def test_only_an_owner_changes_rules_and_customers_read_none_here(shop: Shop, desk: Desk) -> None:
    for who in (shop.staff, shop.manager, shop.ana):
        assert (await desk.call(who, "change_policy", {"changes": TIGHTER, "based_on": 0})).status is Outcome.DENIED
    for tool in ("rules_in_force", "policy_history", "policy_diff", "policy_dry_run"):
        assert (await desk.call(shop.ana, tool, {})).rule == "permission.policy:read"


async def test_another_shop_has_its_own_rules(shop: Shop, desk: Desk) -> None:
    await change(shop, desk, TIGHTER)
    assert (await desk.ok(shop.other_owner, "rules_in_force", {}))["version"] == 0
    assert (await desk.ok(shop.other_owner, "policy_history", {}))["total"] == 0


async def test_one_key_changes_once(shop: Shop, desk: Desk) -> None:
    approval = await desk.pending(shop.owner, "change_policy", LATE)
    await desk.decide(shop.owner, approval)
    done = await asyncio.gather(*(desk.call(shop.owner, "change_policy", LATE, approval=approval) for _ in range(5)))
    assert sum(not each.replayed for each in done) == 1
    assert [each.data["version"] for each in done] == [1] * 5


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE policy_versions SET body = '{}'",
        "DELETE FROM policy_versions",
        "INSERT INTO decisions (tenant_id, id) SELECT id, id FROM tenants",
        "UPDATE decisions SET verdict = 'allow'",
        "DELETE FROM decisions",
    ],
)
async def test_versions_and_decisions_cannot_be_rewritten(shop: Shop, desk: Desk, statement: str) -> None:
    await change(shop, desk, TIGHTER)
    async with shop.units.write(shop.owner) as tx:
        with pytest.raises(DBAPIError, match="permission denied"):
            await tx.connection.execute(text(statement))


async def test_a_version_has_one_row_and_follows_what_it_is_based_on(shop: Shop, desk: Desk) -> None:
    await change(shop, desk, TIGHTER)
    for version, based_on in ((1, 0), (2, 2)):
        insert = (
            "INSERT INTO policy_versions (tenant_id, id, version, based_on, body, author, created_at, effective_at) "
            "VALUES (:tenant, gen_random_uuid(), :version, :based_on, '{}', 'x', now(), now())"
        )
        async with shop.units.write(shop.owner) as tx:
            with pytest.raises(IntegrityError):
                await tx.connection.execute(text(insert), {"tenant": tx.tenant_id, "version": version, "based_on": based_on})


async def taken(shop: Shop) -> list[decisions.Stored]:
    async with shop.units.read(shop.owner) as tx:
        return (await decisions.recent(tx, NOW - timedelta(days=1), 100))[1]


async def test_every_decision_is_kept_with_what_its_rule_was_asked(shop: Shop, desk: Desk) -> None:
    await desk.call(shop.staff, "issue_refund", {"order": "1004", "amount": "12.50"})
    await desk.call(shop.ana, "cancel_order", {"order": "1003"})
    address = {
        "order": "1001",
        "name": "Ana Silva",
        "line1": "5 Keizersgracht",
        "postal_code": "1015",
        "city": "Amsterdam",
        "country": "NL",
    }
    await desk.confirmed(shop.ana, "change_address", address)
    kept = {each.tool: each for each in await taken(shop)}
    assert {tool: (each.rule, each.verdict, each.role) for tool, each in kept.items()} == {
        "issue_refund": ("refund.within_limit", "allow", "staff"),
        "cancel_order": ("cancellation.before_shipping", "deny", "customer"),
        "change_address": ("address.confirm", "needs_confirmation", "customer"),
    }
    refund = kept["issue_refund"].inputs
    assert (refund["args"]["order"], refund["facts"]["plan"]["amount"]) == ("1004", {"minor": 1250, "currency": "EUR"})
    said = str(kept["change_address"].inputs)
    assert not [word for word in ("Ana", "Silva", "Keizersgracht", "Amsterdam", "1015") if word in said]
    assert "~" in said
    async with shop.units.read(shop.owner) as tx:
        assert (await audit.verify(tx)).broken_at is None
    linked = "SELECT count(*) FROM audit a JOIN decisions d ON d.id::text = a.body ->> 'decision' AND d.tenant_id = a.tenant_id"
    assert [row[0] for row in await rows(shop, linked)] == [4]


async def test_a_replayed_or_failed_call_is_no_decision(shop: Shop, desk: Desk) -> None:
    for _ in range(2):
        await desk.call(shop.staff, "issue_refund", {"order": "1004", "amount": "5"}, key="same")
    assert (await desk.call(shop.staff, "issue_refund", {"order": "9999"})).status is Outcome.FAILED
    assert len(await taken(shop)) == 1


async def test_a_customer_sees_no_decision(shop: Shop, desk: Desk) -> None:
    await desk.call(shop.ana, "cancel_order", {"order": "1003"})
    for who in (shop.ana, shop.other_owner):
        async with shop.units.read(who) as tx:
            assert (await tx.connection.execute(text("SELECT count(*) FROM decisions"))).scalar_one() == 0


async def refund_three_times(shop: Shop, desk: Desk) -> None:
    for order, amount in (("1004", "20"), ("1004", "75"), ("1005", "300")):
        await desk.call(shop.staff, "issue_refund", {"order": order, "amount": amount})


async def test_a_dry_run_says_what_would_have_been_decided(shop: Shop, desk: Desk) -> None:
    await refund_three_times(shop, desk)
    run = await desk.call(shop.manager, "policy_dry_run", {"changes": TIGHTER})
    assert (run.data["decisions"], run.data["retaken"], run.data["different"], run.data["unreadable"], run.data["drifted"]) == (
        3,
        3,
        1,
        0,
        0,
    )
    assert run.data["shifts"] == [{"tool": "issue_refund", "before": "done at once", "after": "approved by manager", "count": 1}]
    assert run.data["examples"][0]["about"] == "1004"
    assert await rows(shop, "SELECT 1 FROM policy_versions") == []
    looser = await desk.ok(shop.manager, "policy_dry_run", {"changes": [{"path": "refunds.staff_limit", "value": "500"}]})
    assert [(shift["before"], shift["after"]) for shift in looser["shifts"]] == [("approved by manager", "done at once")]


async def test_a_dry_run_makes_plans_again_that_hold_figures_of_the_policy(shop: Shop, desk: Desk) -> None:
    await desk.confirmed(shop.ana, "request_return", {"order": "1004", "item": "headset", "reason": "changed_mind"})
    shorter = await desk.ok(
        shop.staff, "policy_dry_run", {"changes": [{"path": "returns.categories.electronics.window_days", "value": "0"}]}
    )
    assert [(each["before"], each["after"]) for each in shorter["shifts"]] == [("confirmed by whoever asks", "refused")]
    dearer = await desk.ok(
        shop.staff, "policy_dry_run", {"changes": [{"path": "returns.categories.electronics.restocking_fee_percent", "value": "20"}]}
    )
    shift = dearer["shifts"][0]
    assert "restocking fee €15.00" in shift["before"]
    assert "restocking fee €20.00" in shift["after"]


async def test_a_dry_run_of_a_planned_version_looks_back_only_as_far_as_asked(shop: Shop, desk: Desk, watch: Watch) -> None:
    await refund_three_times(shop, desk)
    await change(shop, desk, TIGHTER, effective_at=(NOW + timedelta(days=30)).isoformat())
    assert (await desk.ok(shop.staff, "policy_dry_run", {"version": 1}))["different"] == 1
    watch.now = NOW + timedelta(days=8)
    old = await desk.call(shop.staff, "policy_dry_run", {"version": 1, "days": 7})
    assert (old.data["decisions"], old.text.startswith("Nothing was decided")) == (0, True)
    assert (await desk.call(shop.staff, "policy_dry_run", {})).status is Outcome.FAILED


async def forge(shop: Shop, inputs: str, tool: str = "issue_refund") -> None:
    """Store a decision as another release may have written it."""
    async with shop.units.write(shop.owner) as tx:
        decision = (
            f'{{"id": "{UUID(int=7)}", "at": "{NOW.isoformat()}", "tool": "{tool}", "rule": "r", "verdict": "allow", "outcome": "ok", '
            f'"policy_version": 0, "actor": "{UUID(int=8)}", "role": "staff", "approved": false, "inputs": {inputs}}}'
        )
        await tx.connection.exec_driver_sql("SELECT decision_append('a', 'b', '{}', %s::jsonb)", (decision,))


async def test_decisions_of_other_releases_are_read_as_far_as_they_go(shop: Shop, desk: Desk) -> None:
    euros = '{"minor": 6000, "currency": "EUR"}'
    plan = f'{{"order": "1", "items": [], "amount": {euros}, "refundable": {euros}, "refunded": {{"minor": 0, "currency": "EUR"}}'
    await forge(
        shop, f'{{"args": {{"later": 1}}, "facts": {{"new": 2, "plan": {plan}, "method": "~aa", "delivered": true, "unknown": []}}}}}}'
    )
    run = await desk.ok(shop.staff, "policy_dry_run", {"changes": TIGHTER})
    assert (run["different"], run["unreadable"]) == (1, 0)


@pytest.mark.parametrize(
    ("tool", "inputs"), [("issue_refund", "{}"), ("gone_tool", "{}"), ("issue_refund", '{"facts": {"plan": {"order": "1"}}}')]
)
async def test_decisions_that_lack_what_rules_need_are_counted(shop: Shop, desk: Desk, tool: str, inputs: str) -> None:
    await forge(shop, inputs, tool)
    run = await desk.ok(shop.staff, "policy_dry_run", {"changes": TIGHTER})
    assert (run["decisions"], run["retaken"], run["unreadable"]) == (1, 0, 1)


async def test_a_stored_version_of_another_release_is_read(shop: Shop, desk: Desk) -> None:
    async with shop.units.write(shop.owner) as tx:
        insert = (
            "INSERT INTO policy_versions (tenant_id, id, version, body, author, created_at, effective_at) VALUES "
            """(:tenant, gen_random_uuid(), 1, '{"refunds": {"staff_limit_minor": 700, "later": 1}, "new_area": {}}', 'x', :now, :now)"""
        )
        await tx.connection.execute(text(insert), {"tenant": tx.tenant_id, "now": tx.now})
    rules = {rule["path"]: rule["value"] for rule in (await desk.ok(shop.staff, "rules_in_force", {}))["rules"]}
    assert (rules["refunds.staff_limit"], rules["refunds.four_eyes"]) == ("€7.00", "€500.00")


async def test_approvers_and_expiry_are_figures_of_the_policy(shop: Shop, desk: Desk) -> None:
    changes = [
        {"path": "approvals.approvers[refund.over_limit].role", "value": "owner"},
        {"path": "approvals.approvers[refund.over_limit].four_eyes", "value": "yes"},
        {"path": "approvals.valid_days", "value": "2"},
    ]
    assert (await change(shop, desk, changes)).data["version"] == 1
    approval = await desk.pending(shop.owner, "issue_refund", {"order": "1005"})
    who: Principal
    for who in (shop.manager, shop.owner):
        with pytest.raises(Forbidden):
            await desk.decide(who, approval)
    [row] = await rows(shop, "SELECT role, four_eyes, expires_at - created_at AS valid FROM approvals WHERE id = :id", id=approval)
    assert (row.role, row.four_eyes, row.valid) == ("owner", True, timedelta(days=2))
