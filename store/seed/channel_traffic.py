"""What came from the channels: pulls of orders, what was learned of listings, and buyers' messages."""

from collections.abc import Iterator
from datetime import timedelta

from core.selling import FixSource, MessageStatus, RuleStatus, SyncStatus, SyncTrigger
from core.statuses import IssueType
from store.seed.model import Batch, Row, Shop
from store.seed.specials import FIRST_NUMBER

_RUNS: tuple[tuple[str, SyncTrigger, SyncStatus, int, int, int, float, str], ...] = (
    ("amazon", SyncTrigger.SCHEDULED, SyncStatus.SUCCEEDED, 4, 2, 0, 50, ""),
    ("ebay", SyncTrigger.SCHEDULED, SyncStatus.FAILED, 0, 0, 0, 26, "503: the service is under maintenance."),
    ("ebay", SyncTrigger.MANUAL, SyncStatus.SUCCEEDED, 3, 0, 0, 25, ""),
    ("shopify", SyncTrigger.WEBHOOK, SyncStatus.SUCCEEDED, 1, 0, 0, 9, ""),
    ("amazon", SyncTrigger.SCHEDULED, SyncStatus.PARTIAL, 2, 4, 1, 2, ""),
)
"""Channel, cause, outcome, orders imported, known and blocked, hours ago, and the channel's own words."""
_RULES: tuple[tuple[str, str, FixSource, int, int], ...] = (
    ("ebay", "description", FixSource.DESCRIPTION, 95, 6),
    ("amazon", "brand", FixSource.BRAND, 75, 0),
)
"""Channel, field, source, confidence and how often it was applied."""
_MESSAGES: tuple[tuple[str, str, str, str, str, MessageStatus, float], ...] = (
    ("ebay", "EB-2041", "dora_k", "Does it fit a socket E27?", "Hello, does the lamp take an E27 bulb? Thanks", MessageStatus.OPEN, 5),
    ("amazon", "AM-7730", "Jonas W.", "Invoice", "I need an invoice with my company's tax number, please.", MessageStatus.OPEN, 21),
    ("ebay", "EB-1987", "m.brandt", "Colour", "Is the blue more like navy?", MessageStatus.ANSWERED, 75),
)
"""Channel, conversation, author, subject, words, status, hours ago."""
LAST_RUN, LAST_RULE = FIRST_NUMBER + len(_RUNS) - 1, FIRST_NUMBER + len(_RULES) - 1


def batches(shop: Shop) -> Iterator[Batch]:
    """Yield synchronisations, learned corrections, an order that is stuck, and messages."""
    yield Batch(shop.tenant_id, "sync_runs", [_run(shop, number) for number in range(len(_RUNS))])
    yield Batch(shop.tenant_id, "correction_rules", [_rule(shop, number) for number in range(len(_RULES))])
    seen = {"first_seen_at": shop.now - timedelta(hours=2), "last_seen_at": shop.now - timedelta(hours=2)}
    stuck = {"external_id": "403-7716254-11", "status": "blocked", "order_id": None, "problems": ["SKU GFT-WRAP is unknown"]}
    order = shop.row("channel_orders", "stuck", channel_id=shop.id_of("channels", "amazon"), **stuck, times_seen=1, **seen)
    yield Batch(shop.tenant_id, "channel_orders", [order])
    yield Batch(shop.tenant_id, "channel_messages", [_message(shop, number) for number in range(len(_MESSAGES))])


def _run(shop: Shop, number: int) -> Row:
    code, trigger, status, imported, known, blocked, hours, note = _RUNS[number]
    began = shop.now - timedelta(hours=hours)
    return shop.row(
        "sync_runs",
        number,
        number=f"S-{FIRST_NUMBER + number}",
        channel_id=shop.id_of("channels", code),
        trigger=trigger.value,
        status=status.value,
        imported=imported,
        known=known,
        blocked=blocked,
        note=note,
        started_by="Mara Lindqvist" if trigger is SyncTrigger.MANUAL else "schedule",
        started_at=began,
        finished_at=began + timedelta(seconds=40),
    )


def _rule(shop: Shop, number: int) -> Row:
    code, field, source, confidence, applied = _RULES[number]
    learned = shop.now - timedelta(days=30) if applied else None
    return shop.row(
        "correction_rules",
        number,
        number=f"C-{FIRST_NUMBER + number}",
        channel_id=shop.id_of("channels", code),
        field=field,
        type=IssueType.MISSING_REQUIRED_FIELD.value,
        source=source.value,
        confidence_pct=confidence,
        status=(RuleStatus.ACTIVE if applied else RuleStatus.SUGGESTED).value,
        applied=applied,
        learned_at=learned,
        revoked_at=None,
        revoked_by="",
    )


def _message(shop: Shop, number: int) -> Row:
    code, conversation, author, subject, body, status, hours = _MESSAGES[number]
    return shop.row(
        "channel_messages",
        conversation,
        channel_id=shop.id_of("channels", code),
        conversation=conversation,
        external_id=f"{conversation}-1",
        author=author,
        body=body,
        subject=subject,
        status=status.value,
        created_at=shop.now - timedelta(hours=hours),
        sent_at=None,
    )
