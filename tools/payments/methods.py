"""Which of a customer's payment methods somebody means."""

from collections.abc import Iterable, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.errors import InvalidInput
from core.money import Money
from core.statuses import HOLDS_BALANCE, PaymentKind
from store.queries import methods
from store.tables.payments import Payment, PaymentMethod
from store.unit import ReadTx
from tools.items import terms
from tools.payments.paying_back import CHANNEL

PaymentMethodRef = Annotated[
    str,
    Field(
        min_length=1,
        max_length=80,
        description="Which payment method: visa 4242, PayPal, gift card, store credit, or its reference",
        json_schema_extra={"format": "payment-method"},
    ),
]
_FILLER = frozenset({"my", "the", "a", "with", "on", "to", "ending", "in", "account"})


async def chosen(tx: ReadTx, ref: str, customer_id: UUID, *, lock: bool = False) -> PaymentMethod:
    """Return the one method of a customer that `ref` means.

    Raises:
        InvalidInput: nothing or more than one fits; the message lists the choices.
    """
    return which(ref, await methods.of_customer(tx, customer_id, lock=lock))


def which(ref: str, known: Sequence[PaymentMethod]) -> PaymentMethod:
    """Return the one method that `ref` means: by its reference, else by words such as visa 4242 or gift card.

    Raises:
        InvalidInput: nothing or more than one fits; the message lists the choices.
    """
    exact = [method for method in known if method.reference.lower() == ref.strip().lower()]
    if exact:
        return exact[0]
    wanted = terms(ref) - _FILLER
    fitting = [method for method in known if wanted and wanted <= _words(method)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InvalidInput(f"“{ref}” fits several; which one: {offered(fitting)}?", field="payment_method", code="payment_method_unclear")
    on_file = offered(known) or "none is on file"
    raise InvalidInput(f"there is no payment method “{ref}”; there are: {on_file}", field="payment_method", code="payment_method_unknown")


def offered(known: Iterable[PaymentMethod]) -> str:
    """Return methods as a person would be asked about them."""
    return ", ".join(f"{method.label} ({method.reference})" for method in known)


def admit_target(method: PaymentMethod | None, sources: Sequence[Payment]) -> None:
    """Let money go back to `method`, unless a sales channel collected it: that goes back through the channel, or into a balance here.

    Raises:
        InvalidInput: the message says where it can go.
    """
    paid = next((each.label for each in sources if each.method == CHANNEL and each.captured_minor > each.refunded_minor), None)
    if paid is not None and method is not None and PaymentKind(method.kind) not in HOLDS_BALANCE:
        reason = f"this order was {paid[:1].lower()}{paid[1:]}, which pays back itself; leave the method out, or choose store credit"
        raise InvalidInput(reason, field="payment_method", code="channel_pays_back")


def balance(method: PaymentMethod) -> Money | None:
    """Return what a gift card or store credit holds; nothing for what a provider charges."""
    if PaymentKind(method.kind) not in HOLDS_BALANCE:
        return None
    return Money(minor=method.balance_minor, currency=method.currency)


def _words(method: PaymentMethod) -> frozenset[str]:
    plain = {"card": "credit debit card", "paypal": "paypal", "gift_card": "gift card voucher", "store_credit": "store credit"}
    return terms(f"{plain[method.kind]} {method.label}")
