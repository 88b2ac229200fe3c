"""A stopped order is decided on once, before it ships, and by whom it should be; the shop never blocks itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import Role
from core.statuses import BlockKind, FraudOutcome, OrderStatus
from tests.support.rules import MANAGER, STAFF, euros, shown, sound, told
from tools.policy.decision import Decision, Verdict
from tools.policy.fraud import FraudPolicy, ReleasePlan, decide_release
from tools.policy.rulings import BlockPlan, RulingPlan, ScorePlan, decide_block, decide_ruling, decide_score, decide_unblock

POLICY = FraudPolicy()
EARLY = {"pending", "confirmed", "processing"}
COMMON = (("Order", "1042"), ("Total", "€20.00"), ("Fraud score", "80 of 100 (review from 50)"), ("Signal", "Total over"))


def ruling(outcome: FraudOutcome = FraudOutcome.APPROVE, **more: Any) -> Decision:
    values = {"status": OrderStatus.CONFIRMED, "on_hold": True, "score": 80, "signals": ["Total over"], "decided": "", **more}
    return decide_ruling(POLICY, RulingPlan(order="1042", outcome=outcome, total=euros(2_000), refund=euros(500), **values), STAFF)


def test_letting_go_and_blocking_are_approved_and_holding_is_not() -> None:
    assert (ruling(FraudOutcome.HOLD).verdict, ruling(FraudOutcome.HOLD).rule) == (Verdict.ALLOW, "fraud.hold")
    go, block = ruling(), ruling(FraudOutcome.BLOCK)
    assert (go.rule, go.verdict, go.role) == ("fraud.release_held", Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert (block.rule, block.verdict, block.role) == ("fraud.block_order", Verdict.NEEDS_APPROVAL, Role.MANAGER)
    assert shown(go) == COMMON
    assert shown(block) == (*COMMON, ("Paid back", "€5.00"))


def test_each_refusal_of_a_ruling() -> None:
    assert told(ruling(score=None)) == ("fraud.no_check", ("score the order first",))
    assert ruling(score=0).verdict is Verdict.NEEDS_APPROVAL
    assert told(ruling(decided="block by Max")) == ("fraud.already_decided", ("explain the decision",))
    assert told(ruling(status=OrderStatus.SHIPPED)) == ("fraud.too_late", ("open a ticket",))


@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_scored_again_until_it_ships_or_somebody_decided(status: OrderStatus) -> None:
    decision = decide_score(ScorePlan(order="1042", status=status, decided=""))
    decided = decide_score(ScorePlan(order="1042", status=status, decided="block by Max"))
    if status in EARLY:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "fraud.score")
        assert told(decided) == ("fraud.already_decided", ("put the order on hold with a reason",))
    else:
        assert told(decision) == told(decided) == ("fraud.too_late", ("show the order",))


@given(st.sampled_from(BlockKind), st.sampled_from(["", "Chargebacks"]), st.booleans())
def test_something_is_blocked_once_and_never_the_shop(kind: BlockKind, listed: str, own: bool) -> None:
    plan = BlockPlan(kind=kind, value="x", expires_at=datetime(2026, 12, 1, tzinfo=UTC), listed=listed, self_block=own)
    decision = decide_block(plan)
    assert sound(decision)
    if own:
        assert told(decision) == ("fraud.block_self", ("block the customer's",))
    elif listed:
        assert told(decision) == ("fraud.block_listed", ("unblock it first, to give it another reason or expiry",))
    else:
        assert (decision.verdict, decision.rule) == (Verdict.ALLOW, "fraud.block")


def test_something_new_is_blocked_and_anything_unblocked() -> None:
    assert decide_block(BlockPlan(kind=BlockKind.IP, value="x", expires_at=None, listed="")).rule == "fraud.block"
    assert (decide_unblock(BlockKind.IP).verdict, decide_unblock(BlockKind.IP).rule) == (Verdict.ALLOW, "fraud.unblock")


def release(**more: Any) -> Decision:
    values = {"on_hold": True, "score": 80, "signals": ["Total over"], **more}
    return decide_release(POLICY, ReleasePlan(order="1042", hold_reason="score", total="€20.00", **values), MANAGER)


def test_a_held_order_is_released_with_a_managers_approval() -> None:
    decision = release()
    assert (decision.verdict, decision.rule, decision.role) == (Verdict.NEEDS_APPROVAL, "fraud.release_held", Role.MANAGER)
    assert shown(decision) == (COMMON[0], COMMON[1], ("On hold because", "score"), COMMON[2], COMMON[3])
    assert [label for label, _ in shown(release(score=None, signals=[]))] == ["Order", "Total", "On hold because"]
    assert ("Fraud score", "0 of 100 (review from 50)") in shown(release(score=0))
    assert told(release(on_hold=False)) == ("fraud.not_on_hold", ("show the order",))
