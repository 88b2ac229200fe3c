"""Codes that take something off an order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from core.identity import Permission, RunContext
from core.money import Money
from store.queries import placing, tenants
from store.tables.coupons import Coupon
from store.unit import Tx
from tools.arguments import Amount, Days
from tools.orders.cart import Code
from tools.orders.module import module
from tools.phrases import day, plural
from tools.policy import Policy
from tools.policy.placing import CouponPlan, decide_coupon
from tools.result import Result
from tools.spec import Args, Audience, Effect


class CreateCoupon(Args):
    """What the code takes off, and for how many orders. Either a percentage or an amount."""

    code: Code
    percent: Annotated[int, Field(ge=1, le=90, description="Takes off so many per cent of the goods")] | None = None
    amount: Amount | None = None
    """Takes off this amount, in the store's currency."""
    minimum: Amount | None = None
    """The goods must be worth this much."""
    max_uses: Annotated[int, Field(ge=1, le=1_000_000, description="How many orders may use it")] = 100
    days: Days = 30
    """It counts for so many days."""

    @model_validator(mode="after")
    def _one_worth(self) -> Self:
        if (self.percent is None) == (self.amount is None):
            raise ValueError("a code takes off either a percentage or an amount: give percent or amount")
        return self


class CouponCreated(Result):
    """A code that counts from now on."""

    code: str
    worth: str
    minimum: Money
    max_uses: int
    expires_at: datetime

    def text(self) -> str:
        """Confirm the code."""
        least = f" from {self.minimum}" if self.minimum.minor else ""
        return (
            f"The code **{self.code}** takes off {self.worth}{least}, for {plural(self.max_uses, 'order')}, until {day(self.expires_at)}."
        )


@dataclass(frozen=True, slots=True)
class _NewCoupon:
    plan: CouponPlan
    amount_minor: int


async def _new(tx: Tx, args: CreateCoupon, _ctx: RunContext, _policy: Policy) -> _NewCoupon:
    currency = (await tenants.current(tx)).currency
    amount = Money.parse(args.amount, currency) if args.amount else Money.zero(currency)
    plan = CouponPlan(
        code=args.code,
        taken=await placing.coupon_exists(tx, args.code),
        worth=f"{args.percent} %" if args.percent else str(amount),
        minimum=Money.parse(args.minimum, currency) if args.minimum else Money.zero(currency),
        max_uses=args.max_uses,
        until=day(tx.now + timedelta(days=args.days)),
    )
    return _NewCoupon(plan, amount.minor)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.COUPON_WRITE,
    audience=Audience.STAFF,
    facts=_new,
    policy=lambda _policy, facts, _args, _principal: decide_coupon(facts.plan),
    examples=(
        "create a discount code SPRING10 for 10 percent off, 200 orders",
        "new coupon WELCOMEBACK, 5 euro off from 40 euro",
        "make a voucher code VIP20 with 20 % for 30 days",
        "we need a promo code for the newsletter, 15 percent",
        "add the code FREE5 worth 5.00",
        "launch a coupon campaign with code XMAS",
    ),
)
async def create_coupon(tx: Tx, args: CreateCoupon, _ctx: RunContext, facts: _NewCoupon) -> CouponCreated:
    """Create a discount code with its worth, its number of uses and its end."""
    expires = tx.now + timedelta(days=args.days)
    tx.add(
        Coupon(
            tenant_id=tx.tenant_id,
            code=args.code,
            percent=args.percent or 0,
            amount_minor=facts.amount_minor,
            minimum_minor=facts.plan.minimum.minor,
            max_uses=args.max_uses,
            created_at=tx.now,
            expires_at=expires,
        )
    )
    tx.emit("coupon.created", code=args.code, worth=facts.plan.worth, max_uses=args.max_uses)
    return CouponCreated(code=args.code, worth=facts.plan.worth, minimum=facts.plan.minimum, max_uses=args.max_uses, expires_at=expires)
