"""Care after the sale in the demo shop: surveys, what was written on tickets, warranty claims, inspections."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from core.aftersales import DefectKind, InspectionKind, InspectionStatus, WarrantyRemedy, WarrantyStatus
from core.statuses import OrderStatus, TicketStatus
from store.seed.catalogue import Good
from store.seed.draft import Draft
from store.seed.model import Batch, Row, Shop

_ASKED_AFTER = timedelta(hours=24)
_COVERED = timedelta(days=730)
_COLLEAGUE = "Teo Barros"
_RATINGS = ((1, 2, 3, 4, 5), (5, 6, 14, 35, 40))
_COMMENTS = {
    1: ("It broke on the second day.", "Nobody answered for a week."),
    2: ("The box was torn and the item scratched.", "Slower than promised."),
    3: ("Fine, but nothing special.", "Good item, slow parcel."),
    4: ("Exactly as described.", "Fast, well packed."),
    5: ("Lovely quality, I will order again.", "Here a day early. Thank you!"),
}
_ANSWER = "Thank you for writing. I have looked into it and come back to you within the day."
_QUESTION = "Could you send us a photo, and the number on the label?"
_THANKS = "Thank you, that is clear now."
_PROBLEMS = (
    "It came apart at one side without any strain.",
    "It failed from one day to the next.",
    "One part has come loose.",
    "It does not do any more what it was made for.",
)
_CLAIMS = (
    (WarrantyStatus.OPEN, None),
    (WarrantyStatus.OPEN, None),
    (WarrantyStatus.APPROVED, WarrantyRemedy.REPAIR),
    (WarrantyStatus.REJECTED, None),
    (WarrantyStatus.APPROVED, WarrantyRemedy.REPAIR),
)
_LOTS = (
    (InspectionKind.INCOMING, 200, 0, -40), (InspectionKind.OUTGOING, 80, 0, -33), (InspectionKind.INCOMING, 150, 2, -26),
    (InspectionKind.OUTGOING, 60, 0, -21), (InspectionKind.INCOMING, 300, 1, -15), (InspectionKind.OUTGOING, 120, 0, -9),
    (InspectionKind.INCOMING, 100, 1, -4), (InspectionKind.OUTGOING, 90, None, 1), (InspectionKind.INCOMING, 250, None, 3),
)  # fmt: skip
"""Kind, units, defective ones of the sample (None: not inspected yet), and in how many days."""


def survey(draft: Draft) -> Iterator[Row]:
    """Yield what the customer of a delivered order was asked, and often answered."""
    arrived, shop = draft.plan.times.arrives, draft.shop
    if draft.status not in {OrderStatus.DELIVERED, OrderStatus.RETURNED} or draft.plan.channel != "web" or arrived is None:
        return
    sent = arrived + _ASKED_AFTER
    if sent > shop.now:
        return
    rng = shop.rng(f"survey:{draft.number}")
    at = sent + timedelta(hours=rng.uniform(1, 70))
    answered = rng.random() < 0.42 and at <= shop.now
    rating = rng.choices(*_RATINGS)[0]
    said = rng.choice(_COMMENTS[rating]) if rng.random() < 0.5 else ""
    yield shop.row(
        "surveys",
        draft.number,
        customer_id=draft.plan.buyer.id,
        order_id=draft.order_id,
        sent_at=sent,
        answered_at=at if answered else None,
        rating=rating if answered else None,
        recommends=rating >= 4 if answered else None,
        comment=said if answered else "",
    )


def conversation(shop: Shop, ticket: Row, customer: str) -> Iterator[Row]:
    """Yield the replies of a ticket that was answered, as its state tells."""
    first, solved = ticket["first_replied_at"], ticket["resolved_at"]
    if first is None:
        return
    waits = ticket["status"] == TicketStatus.WAITING_CUSTOMER
    told = [(first, _COLLEAGUE, False, _QUESTION if waits else _ANSWER)]
    if solved is not None and solved > first:
        told.append((first + (solved - first) / 2, customer, True, _THANKS))
    for position, (at, author, from_customer, text) in enumerate(told):
        yield shop.row(
            "ticket_messages",
            f"{ticket['number']}-{position}",
            ticket_id=ticket["id"],
            author=author,
            from_customer=from_customer,
            text=text,
            at=at,
        )


def claims(shop: Shop, recent: Sequence[Draft], first: int) -> list[Row]:
    """Return a few warranty claims for orders that were delivered a while ago, numbered from `first`."""
    old = [draft for draft in recent if draft.status is OrderStatus.DELIVERED and draft.plan.comeback is None]
    found: list[Row] = []
    for position, (status, remedy) in enumerate(_CLAIMS if shop.first else _CLAIMS[::2]):
        if position * 7 >= len(old):
            break
        draft = old[position * 7]
        arrived = draft.plan.times.arrives
        assert arrived is not None, "it was delivered"
        opened = arrived + (shop.now - arrived) * 0.8
        decided = None if status is WarrantyStatus.OPEN else opened + (shop.now - opened) / 2
        found.append(
            shop.row(
                "warranty_claims",
                first + position,
                number=f"W-{first + position}",
                customer_id=draft.plan.buyer.id,
                order_id=draft.order_id,
                order_line_id=draft.line_id(0),
                quantity=1,
                status=status.value,
                problem=_PROBLEMS[position % len(_PROBLEMS)],
                remedy=remedy.value if remedy else None,
                note="Damaged by a fall; the warranty does not cover it." if status is WarrantyStatus.REJECTED else "",
                refunded_minor=0,
                replacement_order_id=None,
                covered_until=arrived + _COVERED,
                policy_version=1,
                opened_at=opened,
                decided_at=decided,
            )
        )
    return found


def inspections(shop: Shop, goods: Sequence[Good], first: int) -> Iterator[Batch]:
    """Yield inspections of lots, and the defects that they found."""
    rows, defects = list[Row](), list[Row]()
    for position, (kind, units, defective, days) in enumerate(_LOTS):
        good = goods[position * 5 % len(goods)]
        sample, at = max(1, -(-units // 10)), shop.now + timedelta(days=days)
        passed = defective is not None and defective * 20 <= sample
        status = InspectionStatus.SCHEDULED if defective is None else InspectionStatus.PASSED if passed else InspectionStatus.FAILED
        row = shop.row(
            "inspections",
            first + position,
            number=f"Q-{first + position}",
            kind=kind.value,
            status=status.value,
            variant_id=good.id,
            lot_units=units,
            sample_units=sample,
            defective_units=defective or 0,
            note="",
            planned_at=at,
            created_at=min(at, shop.now) - timedelta(days=2),
            inspected_at=None if defective is None else at,
            inspected_by="" if defective is None else _COLLEAGUE,
        )
        rows.append(row)
        if defective:
            defects.append(
                shop.row(
                    "defects",
                    row["number"],
                    product_id=good.product_id,
                    variant_id=good.id,
                    kind=DefectKind.COSMETIC.value,
                    units=defective,
                    return_line_id=None,
                    inspection_id=row["id"],
                    found_at=at,
                )
            )
    yield Batch(shop.tenant_id, "inspections", rows)
    yield Batch(shop.tenant_id, "defects", defects)


INSPECTIONS = len(_LOTS)
"""How many inspections each shop has."""
