"""What tests on customers, fraud and the back office share: their desk, and an order that is placed in a transaction of its own."""

from datetime import timedelta
from typing import Any

from core.identity import Principal
from core.statuses import FulfilmentStatus, OrderStatus, PaymentStatus, TransactionState, TransactionType
from store.queries import fraud_facts
from store.tables.orders import Order, OrderLine
from store.tables.payments import Payment, PaymentTransaction
from store.unit import Tx
from tests.support.desk import Desk
from tests.support.placing import ADDRESS
from tests.support.shop import Shop
from tools import aftersales, backoffice, customers, fraud, orders, payments
from tools.executor import Executor
from tools.registry import Toolbox


def people_desk(shop: Shop) -> Desk:
    """Return the executor over customers, fraud, the back office, orders and after-sales."""
    desk = Desk(shop.units)
    tools = (*customers.TOOLS, *fraud.TOOLS, *backoffice.TOOLS, *orders.TOOLS, *payments.TOOLS, *aftersales.TOOLS)
    desk.executor = Executor(shop.units, Toolbox(tools), {})
    return desk


async def place(
    tx: Tx,
    shop: Shop,
    buyer: Principal,
    number: str,
    *,
    quantity: int = 1,
    total: int = 2_000,
    ago: timedelta = timedelta(0),
    bill_to: dict[str, Any] | None = None,
    label: str = "Visa ending 4242",
    declines: int = 0,
    ip: str = "",
    card: str = "",
) -> Order:
    """Insert an order of lamps as a module that takes orders would, up to the point where it is scored."""
    at = tx.now - ago
    order = Order(
        tenant_id=tx.tenant_id,
        number=number,
        customer_id=buyer.customer_id,
        external_id=number,
        status=OrderStatus.PENDING,
        payment_status=PaymentStatus.PENDING,
        fulfilment_status=FulfilmentStatus.UNFULFILLED,
        currency="EUR",
        subtotal_minor=total,
        total_minor=total,
        ship_to=ADDRESS,
        bill_to=bill_to or ADDRESS,
        placed_at=at,
    )
    tx.add(order)
    await tx.session.flush()
    line: dict[str, Any] = {"sku": "LAMP", "title": "Desk Lamp", "category": "home", "unit_price_minor": 2_000, "unit_cost_minor": 1_000}
    tx.add(OrderLine(tenant_id=tx.tenant_id, order_id=order.id, variant_id=shop.variants["LAMP"], quantity=quantity, **line))
    payment = tx.add(Payment(tenant_id=tx.tenant_id, order_id=order.id, method="card", label=label, currency="EUR", created_at=at))
    await tx.session.flush()
    for decline in range(declines):
        tx.add(
            PaymentTransaction(
                tenant_id=tx.tenant_id,
                payment_id=payment.id,
                type=TransactionType.AUTHORIZATION,
                state=TransactionState.FAILED,
                amount_minor=total,
                currency="EUR",
                idempotency_key=f"{number}:{decline}",
                created_at=at,
            )
        )
    if ip or card:
        fraud_facts.came_from(tx, order.id, ip=ip, card=card)
    return order
