"""The policy in words: pages that customers and agents read, rendered from the figures that the tools enforce."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from agents.prompts import load
from core.money import Money
from tools.policy import Policy
from tools.policy.approvals import Approver
from tools.policy.fraud import FraudPolicy
from tools.policy.returns import CategoryRule

Visibility = Literal["public", "internal"]
_ROOT = Path(__file__).parent.parent / "prompts" / "policy"
_CHANNEL_NAMES = {"ebay": "eBay", "cdiscount": "CDiscount", "backmarket": "BackMarket"}
_RULE_WORDS = {
    "refund.customer_asks_shop": "A refund without a return that a customer asks for",
    "refund.over_limit": "A refund over the limit",
    "stock.adjust_over_limit": "A correction of stock over the limit",
    "fraud.release_held": "The release of a held order",
    "listing.publish": "A change on a sales channel",
    "listing.bulk": "A change of many listings on sales channels",
    "channel.reply": "An answer to a buyer on a sales channel",
    "pricing.over_step": "A big change of a price",
    "pricing.bulk": "A change of many prices, or taking one back",
    "product.archive_listed": "Archiving a product that is listed on channels",
    "address.held_order": "A new address for an order that is being checked",
    "order_items.held_order": "Other items for an order that is being checked",
    "payment_method.held_order": "Another payment method for an order that is being checked",
    "credit.over_limit": "Store credit or a gift card over the limit",
    "purchase.over_limit": "A purchase order over the limit",
    "policy.loosens": "A change of these rules that gives more away",
}
_PAGES = ("returns", "cancellation", "refunds", "delivery", "warranty", "service", "loyalty", "internal-approvals")


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """A page of the policy; `body` is Markdown. Internal pages are for staff only."""

    slug: str
    title: str
    body: str
    visibility: Visibility


class _Head(BaseModel):
    """What the front matter of a page says of it."""

    model_config = ConfigDict(extra="ignore")

    title: str
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class _Category:
    title: str
    items: str
    rule: CategoryRule


@dataclass(frozen=True, slots=True)
class _Signal:
    label: str
    points: int


@dataclass(frozen=True, slots=True)
class _Commission:
    name: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class _Approver:
    what: str
    who: str


def render_policy_pages(policy: Policy, currency: str) -> list[PolicyPage]:
    """Return every page of the policy, with amounts in the shop's currency."""
    words = _words(policy, currency)
    return [_page(name, words) for name in _PAGES]


def render_policy_digest(policy: Policy, currency: str, audience: Literal["customer", "staff"] | str) -> str:
    """Return the policy as a few bullets for a system prompt; limits and thresholds are for staff only."""
    return load("policy/digest").render(**_words(policy, currency), audience=audience)


def _page(name: str, words: dict[str, Any]) -> PolicyPage:
    prompt = load(f"policy/{name}")
    head = _head(name)
    return PolicyPage(prompt.name, head.title, prompt.render(**words), head.visibility)


@cache
def _head(name: str) -> _Head:
    import yaml

    source = (_ROOT / f"{name}.md").read_text(encoding="utf-8")
    return _Head.model_validate(yaml.safe_load(source.split("---\n", 2)[1]))


def _words(policy: Policy, currency: str) -> dict[str, Any]:
    """Return what the templates may name; a template takes what it needs."""

    def money(minor: int) -> str:
        return str(Money(minor=minor, currency=currency))

    credit = [category for category, rule in policy.returns.categories.items() if rule.refund_as == "store_credit"]
    return {
        "policy": policy,
        "returns": policy.returns,
        "cancellation": policy.cancellation,
        "refunds": policy.refunds,
        "changes": policy.order_changes,
        "service": policy.service,
        "documents": policy.documents,
        "fulfilment": policy.fulfilment,
        "loyalty": policy.loyalty,
        "warranty": policy.warranty,
        "categories": _categories(policy),
        "credit_categories": " and ".join(credit),
        "signals": _signals(policy.fraud, money(policy.fraud.order_total_over_minor)),
        "commissions": [_Commission(_channel(code), rate) for code, rate in policy.pricing.commission_by_channel.items()],
        "approvers": [_Approver(_rule(rule), _who(policy, rule)) for rule in policy.approvals.approvers],
        "who": partial(_who, policy),
        "money": money,
        "percent": _percent,
        "days": partial(_counted, "day"),
        "hours": partial(_counted, "hour"),
        "minutes": partial(_counted, "minute"),
        "months": partial(_counted, "month"),
    }


def _categories(policy: Policy) -> list[_Category]:
    named = [(name.replace("_", " ").capitalize(), rule) for name, rule in policy.returns.categories.items()]
    return [*(_Category(name, name, rule) for name, rule in named), _Category("Everything else", "All other items", policy.returns.general)]


def _signals(fraud: FraudPolicy, limit: str) -> list[_Signal]:
    changes = f"More than {fraud.method_changes_over} changes of the payment method in {_counted('day', fraud.method_change_days)}"
    labels = {
        "order_total": f"Order total over {limit}",
        "new_account": f"Account younger than {_counted('hour', fraud.new_account_hours)}",
        "order_velocity": f"More than {fraud.velocity_orders} orders in {_counted('hour', fraud.velocity_hours)}",
        "failed_payments": f"More than {fraud.failed_payments_over} failed payments on the order",
        "address_mismatch": "Billing and shipping address differ",
        "many_units": f"More than {fraud.units_over} units",
        "payment_method_changes": changes,
        "block_list": "E-mail, card, address or IP on the block list",
    }
    return [_Signal(labels.get(name, name.replace("_", " ").capitalize()), points) for name, points in fraud.points.items()]


def _rule(rule: str) -> str:
    return _RULE_WORDS.get(rule, re.sub(r"[._]", " ", rule).capitalize())


def _who(policy: Policy, rule: str) -> str:
    """Return who approves what a rule holds back, in words."""
    approver = policy.approvals.approvers.get(rule, Approver())
    role = "the owner" if approver.role == "owner" else "a manager"
    return f"{role} other than the one who asked" if approver.four_eyes else role


def _channel(code: str) -> str:
    return _CHANNEL_NAMES.get(code, code.capitalize())


def _percent(rate: Decimal | int) -> str:
    return f"{Decimal(rate).normalize():f} %"


def _counted(unit: str, count: int) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
