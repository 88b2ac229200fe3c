"""Quote a cart, and place it as an order."""

from datetime import timedelta
from uuid import UUID, uuid5

from pydantic import BaseModel

from core.identity import Permission, RunContext
from core.ids import new_id
from core.money import Money
from core.statuses import (
    HOLDS_BALANCE,
    ORDER_TRANSITIONS,
    FraudDecision,
    FulfilmentStatus,
    OrderStatus,
    PaymentKind,
    PaymentStatus,
    TransactionState,
    TransactionType,
    change,
)
from store.queries import counters, methods, orders, placing, stock
from store.tables.coupons import CouponUse
from store.tables.inventory import Reservation
from store.tables.orders import Order, OrderLine
from store.tables.payments import Payment, PaymentMethod, PaymentTransaction
from store.unit import ReadTx, Tx
from tools.fraud.scoring import score
from tools.orders.cart import Cart, Checkout, PlaceOrder, QuoteOrder, checkout, price, take
from tools.orders.module import module
from tools.phrases import bullets, day, joined
from tools.policy import Policy
from tools.policy.placing import CartLine, OrderPlan, decide_place
from tools.result import Quote, Result
from tools.spec import Effect


class LinePriced(BaseModel):
    """An item of a cart at today's price. `available` is filled for staff."""

    sku: str
    title: str
    quantity: int
    unit_price: Money
    total: Money
    in_stock: bool
    available: int | None = None

    @property
    def shown(self) -> str:
        """The item on one line."""
        missing = "" if self.in_stock else " (**not enough in stock**)"
        return f"{self.quantity} x {self.title} (`{self.sku}`) at {self.unit_price}: {self.total}{missing}"


class OrderQuoted(Result):
    """What an order would cost today."""

    items: list[LinePriced]
    subtotal: Money
    discount: Money
    shipping: Money
    total: Money
    coupon: str | None
    coupon_refused: str
    loyalty: str = ""
    free_shipping_from: Money
    delivery_days: int

    def text(self) -> str:
        """Return the sum and how it comes about."""
        lines = bullets(item.shown for item in self.items)
        by = joined([each for each in (self.coupon, self.loyalty) if each])
        off = f", {self.discount} off with {by}" if self.discount.minor else f" ({self.loyalty})" if self.loyalty else ""
        refused = f"\n{self.coupon_refused}" if self.coupon_refused else ""
        delivery = f"delivery {self.shipping}" if self.shipping.minor else "free delivery"
        return "\n".join([f"That would be **{self.total}**: goods {self.subtotal}{off}, {delivery}, taxes included.", *lines]) + refused


class OrderPlaced(Result):
    """An order that was placed."""

    order: str
    status: OrderStatus
    payment_status: PaymentStatus
    items: list[LinePriced]
    discount: Money
    shipping: Money
    total: Money
    pay_with: str
    deliver_to: Quote
    promised_at: str
    being_checked: bool
    """Whether somebody looks at it before it ships."""

    def text(self) -> str:
        """Confirm the order."""
        checked = " It is being checked before it ships." if self.being_checked else ""
        head = f"Order **{self.order}** is placed: **{self.total}** with {self.pay_with}, promised for {self.promised_at}.{checked}"
        return "\n".join([head, *bullets(item.shown for item in self.items), f"It goes to {self.deliver_to.text}."])


async def _quote(_tx: ReadTx, _args: QuoteOrder, _ctx: RunContext, policy: Policy) -> Policy:
    return policy


@module.tool(
    effect=Effect.READ,
    permission=Permission.PRODUCT_READ,
    facts=_quote,
    examples=(
        "what would two headsets and a mug cost with delivery",
        "how much is it if I take 3 merino tees",
        "price for a desk lamp including shipping",
        "what does the cart come to with the code WELCOME10",
        "total for one oak desk delivered",
        "quote 5 power banks",
        "is delivery free if I buy two speakers",
    ),
)
async def quote_order(tx: ReadTx, args: QuoteOrder, _ctx: RunContext, policy: Policy) -> OrderQuoted:
    """Work out what items would cost together today: goods, discount code, delivery, total."""
    own = tx.principal.customer_id
    plan = (await price(tx, args, policy, await placing.customer(tx, own) if own is not None else None, lock=False)).plan
    return OrderQuoted(
        items=_lines(plan, staff=not tx.principal.is_customer),
        subtotal=plan.subtotal,
        discount=plan.discount,
        shipping=plan.shipping,
        total=plan.total,
        coupon=plan.coupon,
        coupon_refused=plan.coupon_refused,
        loyalty=plan.loyalty,
        free_shipping_from=Money(minor=policy.placing.free_shipping_from_minor, currency=plan.total.currency),
        delivery_days=policy.placing.delivery_days,
    )


@module.tool(
    effect=Effect.OUTBOUND,
    permission=Permission.ORDER_PLACE,
    facts=checkout,
    policy=lambda policy, facts, _args, principal: decide_place(policy.placing, facts.plan, principal),
    examples=(
        "I'd like to buy two headsets in black",
        "buy the desk lamp with my visa card",
        "I'll take one merino tee in grey, size M",
        "place an order for 3 mugs for clara.jensen@mail.example",
        "checkout: one speaker, pay with PayPal",
        "purchase the trail shoes and send them to my address on file",
        "yes please, order it for me",
        "get me a power bank with code WELCOME10",
    ),
)
async def place_order(tx: Tx, args: PlaceOrder, ctx: RunContext, facts: Checkout) -> OrderPlaced:
    """Buy items: place an order at today's prices, reserve its stock and have the payment authorized."""
    plan, policy = facts.plan, facts.policy
    cart, before = facts.cart, stock.available(facts.cart.levels)
    number = str(await counters.take(tx, "order"))
    order = tx.add(
        Order(
            tenant_id=tx.tenant_id,
            id=new_id(),
            number=number,
            customer_id=facts.buyer.id,
            channel="web",
            external_id=number,
            status=OrderStatus.PENDING,
            payment_status=PaymentStatus.PENDING,
            fulfilment_status=FulfilmentStatus.UNFULFILLED,
            currency=plan.total.currency,
            subtotal_minor=plan.subtotal.minor,
            shipping_minor=plan.shipping.minor,
            discount_minor=plan.discount.minor,
            total_minor=plan.total.minor,
            ship_to=facts.address._asdict(),
            bill_to=facts.bill_to._asdict(),
            placed_at=tx.now,
            promised_at=tx.now + timedelta(days=policy.placing.delivery_days),
        )
    )
    await tx.session.flush()
    await _fill(tx, order, cart)
    orders.note(tx, order, "order.placed", f"Order placed for {plan.total}")
    if cart.coupon is not None:
        tx.add(CouponUse(tenant_id=tx.tenant_id, coupon_id=cart.coupon.id, order_id=order.id, used_at=tx.now))
    transaction = await pay(tx, ctx, order, facts.method)
    scored = await score(tx, order, policy)
    tx.emit(
        "order.placed",
        order=number,
        total=plan.total.model_dump(),
        channel=order.channel,
        items=[{"sku": line.sku, "quantity": line.quantity} for line in plan.lines],
        score=scored.score,
    )
    if order.payment_status == PaymentStatus.PENDING and scored.decision is not FraudDecision.BLOCK:
        request_authorization(tx, order, transaction, facts.method, "order_placed")
    tx.emit("email.requested", customer=str(facts.buyer.id), template="order_placed", order=number, data={"total": str(plan.total)})
    await stock.warn_low(tx, before)
    return OrderPlaced(
        order=number,
        status=order.status,
        payment_status=order.payment_status,
        items=_lines(plan, staff=not tx.principal.is_customer, placed=True),
        discount=plan.discount,
        shipping=plan.shipping,
        total=plan.total,
        pay_with=plan.pay_with,
        deliver_to=Quote.customer(plan.deliver_to),
        promised_at=day(tx.now + timedelta(days=policy.placing.delivery_days)),
        being_checked=order.on_hold,
    )


async def pay(tx: Tx, ctx: RunContext, order: Order, method: PaymentMethod) -> PaymentTransaction:
    """Add an order's payment: charged at once from a balance, else an authorization that the provider has yet to grant."""
    held = PaymentKind(method.kind) in HOLDS_BALANCE
    payment = tx.add(
        Payment(
            tenant_id=tx.tenant_id,
            id=new_id(),
            order_id=order.id,
            method=method.kind,
            payment_method_id=method.id,
            label=method.label,
            currency=order.currency,
            created_at=tx.now,
        )
    )
    await tx.session.flush()
    transaction = tx.add(
        PaymentTransaction(
            tenant_id=tx.tenant_id,
            id=new_id(),
            payment_id=payment.id,
            type=TransactionType.CHARGE if held else TransactionType.AUTHORIZATION,
            state=TransactionState.SUCCEEDED if held else TransactionState.PENDING,
            amount_minor=order.total_minor,
            currency=order.currency,
            reason="order_placed",
            idempotency_key=str(uuid5(payment.id, f"{ctx.approval_id or ctx.call_key}:placed")),
            created_at=tx.now,
            settled_at=tx.now if held else None,
        )
    )
    await tx.session.flush()
    if held:
        await methods.move(tx, method, -order.total_minor, "order", f"order:{order.number}")
        order.payment_status = PaymentStatus.PAID
        order.status = change(f"order {order.number}", OrderStatus.PENDING, OrderStatus.CONFIRMED, ORDER_TRANSITIONS)
        tx.session.add(order)
    return transaction


def request_authorization(tx: Tx, order: Order, transaction: PaymentTransaction, method: PaymentMethod, reason: str) -> None:
    """Ask the provider to set the order's amount aside, after the commit."""
    tx.emit(
        "payment.authorization.requested",
        order=order.number,
        payment=str(transaction.payment_id),
        transaction=str(transaction.id),
        method=str(method.kind),
        amount=Money(minor=transaction.amount_minor, currency=transaction.currency).model_dump(),
        reason=reason,
    )


async def _fill(tx: Tx, order: Order, cart: Cart) -> None:
    """Add the lines of an order and reserve their units."""
    line_ids: dict[UUID, UUID] = {}
    for variant, units in cart.wanted.items():
        good = cart.goods[variant]
        line = tx.add(
            OrderLine(
                tenant_id=tx.tenant_id,
                id=new_id(),
                order_id=order.id,
                variant_id=variant,
                sku=good.sku,
                title=good.title[:200],
                category=good.category,
                quantity=units,
                unit_price_minor=good.price_minor,
                unit_cost_minor=good.cost_minor,
            )
        )
        line_ids[variant] = line.id
    await tx.session.flush()
    for variant, warehouse, units in take(cart.levels, cart.wanted):
        tx.add(
            Reservation(
                tenant_id=tx.tenant_id,
                order_line_id=line_ids[variant],
                variant_id=variant,
                warehouse_id=warehouse,
                quantity=units,
                created_at=tx.now,
            )
        )
        await stock.change(tx, variant, warehouse, reserved=units)


def _lines(plan: OrderPlan, *, staff: bool, placed: bool = False) -> list[LinePriced]:
    return [_line(line, staff=staff, placed=placed) for line in plan.lines]


def _line(line: CartLine, *, staff: bool, placed: bool) -> LinePriced:
    return LinePriced(
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        unit_price=line.unit_price,
        total=line.total,
        in_stock=placed or line.quantity <= line.available,
        available=line.available if staff else None,
    )
