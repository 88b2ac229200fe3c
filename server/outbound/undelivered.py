"""What is recorded of a message that will not arrive: refused for good, or given up after too many tries."""

from pydantic import JsonValue

from store.queries.deliveries import Claimed, Settlement
from store.tables.providers import DeliveryStatus

_MONEY = ("payment.", "channel.refund.")


def no_answer(claimed: Claimed, ended: Settlement) -> tuple[str, dict[str, JsonValue]]:
    """Return the tool that records the end of a message, and its arguments.

    A refused movement of money failed. One that was given up may have been made, so a person looks at it, as at any other message.
    """
    body, reason, refused = claimed.body, ended.reason, ended.status is DeliveryStatus.FAILED
    if claimed.topic.startswith(_MONEY) and refused:
        return "settle_payment", {"transaction": body["transaction"], "outcome": "failed", "reason": reason}
    if claimed.topic == "channel.orders.pull" and body.get("sync_run") is not None:
        return "record_sync_result", {"sync_run": body["sync_run"], "outcome": "failed", "reason": reason}
    if claimed.topic == "channel.listing.push" and refused:
        problem: JsonValue = {"field": "listing", "message": reason, "code": "business_rule_violation"}
        return "record_channel_result", {
            "channel": body["channel"],
            "listing": body["listing"],
            "accepted": False,
            "problems": [problem],
        }
    if claimed.topic == "channel.message.reply":
        about: dict[str, JsonValue] = {name: body[name] for name in ("channel", "conversation", "message")}
        return "record_reply_refused", {**about, "reason": reason}
    return "record_undelivered", {"topic": claimed.topic, "about": claimed.lane.partition(":")[2][:80], "reason": reason}
