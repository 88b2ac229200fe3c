"""What customers pay with: methods on file, the movements of gift cards and store credit, and changes of orders' items."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from core.statuses import PaymentKind, TransactionState, TransactionType
from store.seed import payments
from store.seed.catalogue import Catalogue
from store.seed.draft import Draft
from store.seed.model import Batch, Row, Rows, Shop
from store.seed.people import People

_SPARE = 1_500
"""What a gift card still holds beside what it paid."""
_CHANGED_EVERY = 7
"""Among so many orders one customer changed the colour or the size before it shipped."""


class Wallets:
    """The methods of a shop's customers; each is written when it first pays."""

    def __init__(self, shop: Shop, people: People) -> None:
        self._shop, self._people = shop, people
        self._known: set[UUID] = set()

    def credits(self) -> Iterator[Batch]:
        """Yield store credit with its opening movement; the trigger repeats the balance at the customer."""
        owners = [row for row in self._people.rows if row["store_credit_minor"]]
        methods = [self._credit(row["id"], row["created_at"]) for row in owners]
        self._known.update(method["id"] for method in methods)
        yield Batch(self._shop.tenant_id, "payment_methods", methods)
        moved = [
            self._movement(method["id"], row["store_credit_minor"], "goodwill", "opening", row["created_at"])
            for method, row in zip(methods, owners, strict=True)
        ]
        yield Batch(self._shop.tenant_id, "balance_movements", moved)

    def add(self, chunk: Rows, draft: Draft) -> None:
        """Add the methods that an order was paid with and refunded to, unless they are known, and what was moved on a balance."""
        plan = draft.plan
        method = self._shop.id_of("payment_methods", payments.method_key(draft))
        if method not in self._known:
            self._known.add(method)
            chunk["payment_methods"].append(self._of_plan(draft))
        card = plan.method == PaymentKind.GIFT_CARD
        if card:
            chunk["balance_movements"].append(
                self._movement(method, draft.total + _SPARE, "sold", f"sold:{draft.number}", plan.times.placed - timedelta(days=9))
            )
        for position, row in enumerate(payments.transactions(draft) if card or payments.into_credit(draft) else ()):
            if row["state"] != TransactionState.SUCCEEDED:
                continue
            if credit := row["payment_method_id"]:
                self._refund(chunk, draft, credit, row)
                continue
            if not card:
                continue
            sign = 1 if row["type"] == TransactionType.REFUND else -1
            reference = f"{row['type']}:{draft.number}:{position}"
            moved = self._movement(method, sign * row["amount_minor"], f"order {draft.number}", reference, row["created_at"])
            chunk["balance_movements"].append(moved)

    def _refund(self, chunk: Rows, draft: Draft, credit: UUID, transaction: Row) -> None:
        if credit not in self._known:
            self._known.add(credit)
            chunk["payment_methods"].append(self._credit(draft.plan.buyer.id, transaction["created_at"]))
        reference = f"refund:{transaction['id']}"
        moved = self._movement(credit, transaction["amount_minor"], transaction["reason"], reference, transaction["created_at"])
        chunk["balance_movements"].append(moved)

    def changes(self, chunk: Rows, draft: Draft, catalogue: Catalogue) -> None:
        """Add a change of items to some orders: the same product in another colour or size, at the same price."""
        good, quantity = draft.plan.lines[0]
        before = catalogue.sibling(good)
        confirmed = draft.plan.times.confirmed
        if draft.number % _CHANGED_EVERY or before.price != good.price or before is good or not draft.happened(confirmed):
            return
        change = draft.shop.row(
            "order_changes",
            draft.number,
            order_id=draft.order_id,
            difference_minor=0,
            currency=draft.shop.profile.currency,
            payment_method_id=None,
            created_at=confirmed,
        )
        chunk["order_changes"].append(change)
        line = draft.shop.row(
            "order_change_lines",
            draft.number,
            order_change_id=change["id"],
            order_line_id=draft.line_id(0),
            old_variant_id=before.id,
            new_variant_id=good.id,
            quantity=quantity,
            old_price_minor=before.price,
            new_price_minor=good.price,
        )
        chunk["order_change_lines"].append(line)

    def _of_plan(self, draft: Draft) -> Row:
        plan, kind = draft.plan, PaymentKind(draft.plan.method)
        brand, _, last = plan.label.partition(" ending ")
        reference = f"{'GC' if kind is PaymentKind.GIFT_CARD else 'pm'}-{draft.number}-{last or 'paypal'}"
        row = self._method(payments.method_key(draft), plan.buyer.id, kind, reference, plan.times.placed)
        card = {"brand": brand.lower(), "last_four": last} if kind is PaymentKind.CARD else {}
        return row | card

    def _credit(self, customer: UUID, at: datetime) -> Row:
        return self._method(payments.credit_key(customer), customer, PaymentKind.STORE_CREDIT, f"credit-{customer}", at)

    def _method(self, key: str, customer: UUID, kind: PaymentKind, reference: str, at: datetime) -> Row:
        return self._shop.row(
            "payment_methods",
            key,
            customer_id=customer,
            kind=kind.value,
            reference=reference,
            brand=None,
            last_four=None,
            currency=self._shop.profile.currency,
            balance_minor=0,
            active=True,
            created_at=at,
        )

    def _movement(self, method: UUID, delta: int, reason: str, reference: str, at: datetime) -> Row:
        return self._shop.row(
            "balance_movements",
            f"{method}:{reference}",
            payment_method_id=method,
            delta_minor=delta,
            reason=reason,
            reference=reference,
            created_at=at,
        )
