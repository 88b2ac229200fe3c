"""What the shop knows of its customers beyond orders, its alerts, and the merchants who apply."""

from collections.abc import Iterator, Sized
from datetime import timedelta
from typing import Any

from core.statuses import ConsentPurpose
from store.seed.data.relations import ALERT_ROWS, APPLICATION_ROWS, CONTACTS, SEGMENTS
from store.seed.model import Batch, Row, Shop
from store.seed.people import ALICE, BRUNO, CLARA, People

_FIRST = 1001
_FEW = 2
"""The second shop has only some of the alerts and applications."""
_ASKED = (ConsentPurpose.EMAIL_MARKETING, ConsentPurpose.PROFILING)


def batches(shop: Shop, people: People) -> Iterator[Batch]:
    """Yield segments with members, contacts, consents, alerts and applications."""
    yield Batch(shop.tenant_id, "segments", list(_segments(shop)))
    yield Batch(shop.tenant_id, "segment_members", list(_members(shop, people)))
    yield Batch(shop.tenant_id, "interactions", list(_contacts(shop, people)))
    yield Batch(shop.tenant_id, "consents", list(_consents(shop, people)))
    yield Batch(shop.tenant_id, "alerts", list(_alerts(shop)))
    yield Batch(shop.tenant_id, "merchant_applications", list(_applications(shop)))


def last_numbers(shop: Shop) -> dict[str, int]:
    """Return the last number of each series."""
    return {"alert": _FIRST - 1 + _count(shop, ALERT_ROWS), "application": _FIRST - 1 + _count(shop, APPLICATION_ROWS)}


def _count(shop: Shop, rows: Sized) -> int:
    return len(rows) if shop.first else _FEW


def _segments(shop: Shop) -> Iterator[Row]:
    at = shop.now - timedelta(days=shop.size.days)
    for slug, name, description, rule in SEGMENTS:
        yield shop.row(
            "segments", slug, slug=slug, name=name, description=description, rule=rule, members=0, counted_at=None, created_at=at
        )


def _members(shop: Shop, people: People) -> Iterator[Row]:
    chosen = [ALICE, CLARA, people.pinned] if shop.first else [0, 1]
    for position in chosen:
        yield shop.row(
            "segment_members",
            f"vip-{position}",
            segment_id=shop.id_of("segments", "vip"),
            customer_id=people.everyone[position].id,
            added_by="Teo Barros",
            added_at=shop.now - timedelta(days=12),
        )


def _contacts(shop: Shop, people: People) -> Iterator[Row]:
    who = [ALICE, BRUNO, CLARA, ALICE, CLARA] if shop.first else range(len(CONTACTS))
    for position, ((channel, direction, summary, days), person) in enumerate(zip(CONTACTS, who, strict=False)):
        yield shop.row(
            "interactions",
            position,
            customer_id=people.everyone[person].id,
            order_id=None,
            channel=channel,
            direction=direction,
            summary=summary,
            by="Nora Feld",
            at=shop.now - timedelta(days=days),
        )


def _consents(shop: Shop, people: People) -> Iterator[Row]:
    rng = shop.rng("consents")
    for position, person in enumerate(people.everyone):
        for purpose in _ASKED:
            granted = rng.random() < 0.6
            at = person.created_at
            row: dict[str, Any] = {"customer_id": person.id, "purpose": purpose.value, "granted": granted, "source": "sign-up", "at": at}
            yield shop.row("consents", f"{position}-{purpose}", **row)


def _alerts(shop: Shop) -> Iterator[Row]:
    for number, row in enumerate(ALERT_ROWS[: _count(shop, ALERT_ROWS)], start=_FIRST):
        at = shop.now - timedelta(hours=row.hours)
        resolved = at + timedelta(hours=2) if row.status == "resolved" else None
        yield shop.row(
            "alerts",
            number,
            number=f"A-{number}",
            kind=row.kind,
            subject=row.subject,
            level=row.level,
            status=row.status,
            title=row.title,
            detail=row.detail,
            data={},
            times=row.times,
            created_at=at,
            raised_at=at,
            expires_at=at + timedelta(days=7),
            handled_by="" if row.status == "active" else "Teo Barros",
            note="",
            acknowledged_at=at + timedelta(hours=1) if row.status == "acknowledged" else None,
            resolved_at=resolved,
        )


def _applications(shop: Shop) -> Iterator[Row]:
    for number, row in enumerate(APPLICATION_ROWS[: _count(shop, APPLICATION_ROWS)], start=_FIRST):
        at = shop.now - timedelta(days=row.days)
        decided = at + timedelta(days=1) if row.status in {"approved", "rejected"} else None
        yield shop.row(
            "merchant_applications",
            number,
            number=f"M-{number}",
            company=row.company,
            contact=row.contact,
            email=row.email,
            country=row.country,
            monthly_orders=row.monthly_orders,
            licence=row.licence,
            tax_certificate=row.tax_certificate,
            status=row.status,
            requested=["tax_certificate"] if row.status == "documents_required" else [],
            commission_bp=(1200 if row.monthly_orders > 1000 else 1500) if row.status == "approved" else None,
            note=row.note,
            submitted_at=at,
            updated_at=decided or at,
            decided_at=decided,
            decided_by="Teo Barros" if decided else "",
        )
