"""What somebody wants to buy, priced from the store's rows."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.errors import InvalidInput, NotFound
from core.identity import RunContext
from core.money import Money
from core.statuses import BlockKind, LoyaltyTier, PaymentKind
from store.queries import customers, fraud_facts, methods, placing, stock
from store.queries.placing import Priced
from store.queries.stock import Level
from store.tables.coupons import Coupon
from store.tables.customers import Customer
from store.tables.payments import PaymentMethod
from store.unit import ReadTx
from tools.addresses import one_line
from tools.arguments import CustomerRef, ItemRef, Quantity
from tools.customers.standing import standing
from tools.fraud.scoring import written
from tools.payments.methods import PaymentMethodRef, balance, which
from tools.phrases import joined
from tools.policy import Policy
from tools.policy.loyalty import TierRule
from tools.policy.placing import CartLine, CouponTerms, OrderPlan
from tools.products import match
from tools.spec import Args

_MORE = 19
_BLOCKED = {BlockKind.EMAIL: "e-mail address", BlockKind.ADDRESS: "address", BlockKind.CARD: "card", BlockKind.IP: "network address"}


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _short(length: int, what: str) -> Any:
    return Field(min_length=1, max_length=length, description=what)


Code = Annotated[
    str, Field(pattern=r"^[A-Z0-9][A-Z0-9_-]{1,39}$", description="A discount code, such as WELCOME10"), BeforeValidator(_upper)
]


class CartItem(BaseModel):
    """One item of a cart."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    item: ItemRef
    quantity: Quantity = 1
    """How many units."""


class QuoteOrder(Args):
    """What the customer wants to buy. Prices are the store's, never an argument."""

    item: ItemRef
    quantity: Quantity = 1
    """How many units."""
    more: Annotated[list[CartItem], Field(default_factory=list, max_length=_MORE)]
    """Further items of the same order."""
    coupon: Code | None = None


class PlaceOrder(QuoteOrder):
    """What is bought, by whom, where it goes and how it is paid. Without an address, the one on file."""

    customer: CustomerRef | None = None
    """Whom staff place it for; a customer orders for themselves."""
    payment_method: PaymentMethodRef | None = None
    """How it is paid; may be left out when the customer has one method only."""
    name: Annotated[str, _short(120, "Who receives it")] | None = None
    line1: Annotated[str, _short(160, "Street and house number")] | None = None
    line2: Annotated[str, _short(160, "Floor, apartment or care of")] | None = None
    city: Annotated[str, _short(80, "City")] | None = None
    postal_code: Annotated[str, _short(16, "Postal code")] | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Country as two letters"), BeforeValidator(_upper)] | None = None

    @model_validator(mode="after")
    def _whole_address(self) -> Self:
        parts = (self.line1, self.city, self.postal_code, self.country)
        if any(parts) and not all(parts):
            raise ValueError("an address needs line1, city, postal_code and country; leave all out to use the address on file")
        return self


class Address(NamedTuple):
    """Where an order goes, as it is kept with the order."""

    name: str
    line1: str
    line2: str | None
    city: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Cart:
    """A priced cart with the rows that it was computed from."""

    plan: OrderPlan
    wanted: dict[UUID, int]
    """Units by variant."""
    goods: dict[UUID, Priced]
    levels: list[Level]
    coupon: Coupon | None


@dataclass(frozen=True, slots=True)
class Checkout:
    """A cart with who buys it, where it goes and how it is paid."""

    plan: OrderPlan
    cart: Cart
    buyer: Customer
    method: PaymentMethod
    address: Address
    bill_to: Address
    policy: Policy


async def price(tx: ReadTx, args: QuoteOrder, policy: Policy, buyer: Customer | None, *, lock: bool) -> Cart:
    """Price a cart for a customer, whose loyalty tier counts; with `lock`, its stock and its code are locked until the transaction ends.

    Raises:
        InvalidInput: an item or the code is unknown, unclear or no longer sold.
    """
    wanted = await _wanted(tx, args)
    goods = await placing.priced(tx, list(wanted))
    _sellable(goods.values())
    tier, rule = await _tier(tx, buyer, next(iter(goods.values())).currency, policy)
    levels = await stock.levels(tx, wanted, lock=lock)
    free = stock.available(levels)
    lines = [
        CartLine(
            sku=good.sku,
            title=good.title,
            quantity=wanted[good.id],
            unit_price=Money(minor=good.price_minor, currency=good.currency),
            available=max(free[good.id], 0),
        )
        for good in goods.values()
    ]
    subtotal = sum((line.total for line in lines[1:]), start=lines[0].total)
    discount, refused, coupon = Money.zero(subtotal.currency), "", None
    if args.coupon is not None:
        coupon = await placing.coupon(tx, args.coupon, lock=lock)
        terms = coupon_terms(coupon, subtotal.currency)
        refused = terms.refusal(subtotal, tx.now)
        discount = discount if refused else terms.discount(subtotal)
    by_tier = (subtotal - discount).percent(Decimal(rule.discount_percent))
    discount += by_tier
    usual = policy.placing.shipping(subtotal - discount)
    shipping = policy.placing.shipping(subtotal - discount, free=rule.free_shipping)
    worth = [f"{rule.discount_percent} % off"] if by_tier.minor else []
    worth += ["free delivery"] if shipping < usual else []
    plan = OrderPlan(
        lines=lines,
        subtotal=subtotal,
        discount=discount,
        shipping=shipping,
        total=subtotal - discount + shipping,
        loyalty=f"{tier.value}: {joined(worth)}" if worth else "",
        coupon=args.coupon,
        coupon_refused=refused,
        deliver_to="",
        pay_with="",
    )
    return Cart(plan, wanted, goods, levels, coupon)


async def checkout(tx: ReadTx, args: PlaceOrder, ctx: RunContext, policy: Policy) -> Checkout:
    """Price a cart under lock, and settle who buys, where it goes and how it is paid.

    Raises:
        InvalidInput: one of them is missing or unclear; the message says what to give.
        NotFound: no such customer.
    """
    buyer = await _buyer(tx, args, ctx)
    known = await methods.of_customer(tx, buyer.id, lock=True)
    method = _method(args.payment_method, known)
    home = await _on_file(tx, buyer)
    address = _address(args, buyer, home)
    blocked = await _blocked(tx, buyer, method, address, home)
    cart = await price(tx, args, policy, buyer, lock=True)
    if method.currency != cart.plan.total.currency:
        message = f"{method.label} is in {method.currency}, the order in {cart.plan.total.currency}; choose another method"
        raise InvalidInput(message, field="payment_method", code="payment_method_currency")
    plan = cart.plan.model_copy(
        update={
            "deliver_to": one_line(address._asdict()),
            "blocked": blocked,
            "pay_with": method.label,
            "balance": balance(method),
            "for_customer": None if ctx.principal.is_customer else f"{buyer.name} ({buyer.email})",
        }
    )
    return Checkout(plan, cart, buyer, method, address, home or address, policy)


async def _tier(tx: ReadTx, buyer: Customer | None, currency: str, policy: Policy) -> tuple[LoyaltyTier, TierRule]:
    """Return a customer's tier with what it is worth; nobody in particular has the least."""
    tier = LoyaltyTier.BRONZE if buyer is None else (await standing(tx, buyer, currency, policy.loyalty)).tier
    return tier, policy.loyalty.rule(tier)


async def _blocked(tx: ReadTx, buyer: Customer, method: PaymentMethod, address: Address, home: Address | None) -> str:
    """Return what of an order stands on the block list, empty when nothing does."""
    wanted = [(BlockKind.EMAIL, buyer.email), *written(address._asdict()), *(written(home._asdict()) if home else [])]
    wanted += [(BlockKind.CARD, method.reference)] if PaymentKind(method.kind) is PaymentKind.CARD and method.reference else []
    hits = await fraud_facts.block_hits(tx, [(kind.value, value) for kind, value in wanted])
    return joined(sorted({_BLOCKED[BlockKind(kind)] for kind, *_ in hits})) if hits else ""


def coupon_terms(coupon: Coupon, currency: str) -> CouponTerms:
    """Return what a code is worth."""
    return CouponTerms(
        code=coupon.code,
        percent=coupon.percent,
        amount=Money(minor=coupon.amount_minor, currency=currency),
        minimum=Money(minor=coupon.minimum_minor, currency=currency),
        left=coupon.max_uses - coupon.uses,
        expires_at=coupon.expires_at,
    )


def take(levels: Sequence[Level], wanted: Mapping[UUID, int]) -> list[tuple[UUID, UUID, int]]:
    """Return from which warehouse how many units of each variant are taken: from one that has all of the order, else piece by piece."""
    places = sorted({level.warehouse_id for level in levels})
    free = {(level.variant_id, level.warehouse_id): max(level.available, 0) for level in levels}
    whole = [place for place in places if all(free.get((variant, place), 0) >= units for variant, units in wanted.items())]
    taken: list[tuple[UUID, UUID, int]] = []
    for variant, units in sorted(wanted.items()):
        left = units
        for place in whole[:1] or sorted(places, key=lambda place: (-free.get((variant, place), 0), place)):
            part = min(left, free.get((variant, place), 0))
            if part:
                taken.append((variant, place, part))
                left -= part
    return taken


async def _wanted(tx: ReadTx, args: QuoteOrder) -> dict[UUID, int]:
    units: Counter[UUID] = Counter()
    for ref, quantity in [(args.item, args.quantity), *((each.item, each.quantity) for each in args.more)]:
        units[(await match.one(tx, ref)).id] += quantity
    return dict(units)


def _sellable(goods: Collection[Priced]) -> None:
    gone = [good.title for good in goods if not good.active]
    if gone:
        raise InvalidInput(f"{', '.join(gone)} is no longer sold; choose something else", field="item", code="not_sold")
    if len({good.currency for good in goods}) > 1:
        raise InvalidInput("the items have prices in different currencies; order them separately", field="more", code="currencies")


async def _buyer(tx: ReadTx, args: PlaceOrder, ctx: RunContext) -> Customer:
    if ctx.principal.customer_id is not None:
        return await placing.customer(tx, ctx.principal.customer_id, lock=True)
    if args.customer is None:
        raise InvalidInput("for whom is the order? Give the customer's e-mail address or name", field="customer", code="customer_missing")
    found = await customers.match(tx, args.customer)
    if not found:
        raise NotFound("customer", args.customer)
    if len(found) > 1:
        names = ", ".join(f"{each.name} ({each.email})" for each in found)
        raise InvalidInput(f"“{args.customer}” fits several customers; which one: {names}?", field="customer", code="customer_unclear")
    return await placing.customer(tx, found[0].id, lock=True)


def _method(ref: str | None, known: Sequence[PaymentMethod]) -> PaymentMethod:
    if ref is not None:
        return which(ref, known)
    if len(known) == 1:
        return known[0]
    offered = ", ".join(method.label for method in known) or "none is on file; add one first"
    raise InvalidInput(f"how is it paid? On file: {offered}", field="payment_method", code="payment_method_missing")


async def _on_file(tx: ReadTx, buyer: Customer) -> Address | None:
    row = await placing.address(tx, buyer.id)
    return Address(row.name, row.line1, row.line2, row.city, row.postal_code, row.country) if row else None


def _address(args: PlaceOrder, buyer: Customer, home: Address | None) -> Address:
    if args.line1 and args.city and args.postal_code and args.country:
        return Address(args.name or buyer.name, args.line1, args.line2, args.city, args.postal_code, args.country)
    if home is None:
        raise InvalidInput("where does it go? Give line1, city, postal_code and country", field="line1", code="address_missing")
    return home._replace(name=args.name or home.name)
