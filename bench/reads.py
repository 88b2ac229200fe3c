"""Plausible calls of every read tool, with values that the shop at hand really holds."""

from dataclasses import dataclass
from typing import Any

from core.identity import Principal, Role, RunContext
from core.ids import CustomerId
from server.wiring import Runtime
from tools.result import ToolResult
from tools.spec import Audience, Tool

_VALUES = {
    "order": "SELECT number FROM orders WHERE status = 'delivered' ORDER BY placed_at DESC LIMIT 1",
    "open order": "SELECT number FROM orders WHERE status = 'processing' AND NOT on_hold ORDER BY placed_at DESC LIMIT 1",
    "held order": "SELECT number FROM orders WHERE on_hold ORDER BY placed_at LIMIT 1",
    "item": "SELECT v.sku FROM listings l JOIN variants v ON v.tenant_id = l.tenant_id AND v.id = l.variant_id JOIN channels c "
    "ON c.tenant_id = l.tenant_id AND c.id = l.channel_id ORDER BY c.code, v.mean_daily_sales DESC, v.sku LIMIT 1",
    "product": "SELECT slug FROM products ORDER BY slug LIMIT 1",
    "other product": "SELECT slug FROM products ORDER BY slug DESC LIMIT 1",
    "return_number": "SELECT number FROM returns ORDER BY requested_at DESC LIMIT 1",
    "ticket": "SELECT number FROM tickets ORDER BY created_at DESC LIMIT 1",
    "claim": "SELECT number FROM warranty_claims ORDER BY number DESC LIMIT 1",
    "channel": "SELECT code FROM channels ORDER BY code LIMIT 1",
    "source": "SELECT slug FROM knowledge_sources WHERE kind = 'file' ORDER BY slug LIMIT 1",
    "document": "SELECT number FROM documents ORDER BY number LIMIT 1",
}
_CUSTOMER = (
    "SELECT c.id, c.email, c.name FROM returns r JOIN customers c ON c.tenant_id = r.tenant_id AND c.id = r.customer_id "
    "ORDER BY r.requested_at DESC LIMIT 1"
)
_WORDS: dict[str, dict[str, Any]] = {
    "find_customers": {"words": "moreau"},
    "search_products": {"query": "wireless headset"},
    "policy_dry_run": {"changes": [{"path": "refunds.staff_limit", "value": "150.00"}]},
    "search_articles": {"query": "how long may I return shoes"},
}
_ORDERS = {
    "fulfilment_options": "open order", "backorder_options": "open order", "carrier_quotes": "open order", "explain_hold": "held order",
}  # fmt: skip
"""Which order a tool is asked about, where a delivered one would say little."""
_OWNED = ("order", "return_number", "ticket", "claim", "document")
"""What a customer may ask about only where it is theirs; who has none of a kind is not asked to."""
_MORE: dict[str, tuple[dict[str, Any], ...]] = {
    "find_orders": ({"status": "delivered"}, {"item": "headset"}, {"customer": "moreau"}, {"channel": "amazon", "days": 30}),
    "list_returns": ({"status": "completed"},),
    "list_tickets": ({"status": "closed"}, {"overdue_only": True}),
    "sales_report": ({"by": "channel"}, {"days": 90}, {"days": 90, "by": "category"}, {"days": 90, "by": "day"}),
    "order_stats": ({"days": 90},),
    "kpi_report": ({"days": 90},),
    "carrier_performance": ({"days": 90},),
}
"""Other ways of asking, whose statements differ."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool, its caller and its arguments."""

    tool: Tool[Any, Any]
    caller: Principal
    args: dict[str, Any]

    @property
    def name(self) -> str:
        """The call as people read it."""
        words = " ".join(f"{name}={value}" for name, value in self.args.items())
        return f"{self.tool.name}({words}){' by a customer' if self.caller.is_customer else ''}"

    async def make(self, runtime: Runtime) -> ToolResult:
        """Make the call through the executor."""
        return await runtime.executor.execute(RunContext(self.caller), self.tool.name, self.args)


async def read_calls(runtime: Runtime, who: Principal) -> list[Call]:
    """Return calls of every read tool that there is something to ask about: by a shop's person, and by a customer where customers may."""
    async with runtime.units.read(who) as tx:
        values = {name: next((row[0] for row in await tx.run(query)), None) for name, query in _VALUES.items()}
        customer_id, email, name = (await tx.run(_CUSTOMER))[0]
    customer = Principal(who.tenant_id, who.user_id, Role.CUSTOMER, CustomerId(customer_id), name)
    async with runtime.units.read(customer) as tx:
        own = {name: next((row[0] for row in await tx.run(_VALUES[name])), None) for name in _OWNED}
    calls: list[Call] = []
    for tool in runtime.toolbox.values():
        if tool.writes:
            continue
        args = _arguments(tool, values | {"customer": email})
        needed = set(tool.schema.get("required", ()))
        if args.keys() >= needed:
            calls += [Call(tool, who, args | more) for more in ({}, *_MORE.get(tool.name, ()))]
        if tool.audience is Audience.EVERYONE:
            theirs = _arguments(tool, values | own | {"open order": own["order"]})
            if theirs.keys() >= needed:
                calls.append(Call(tool, customer, theirs))
    return calls


def _arguments(tool: Tool[Any, Any], values: dict[str, Any]) -> dict[str, Any]:
    known = {**values, "order": values[_ORDERS.get(tool.name, "order")], "products": [values["product"], values["other product"]]}
    known |= _WORDS.get(tool.name, {})
    asked = [
        *tool.schema.get("required", ()),
        *_WORDS.get(tool.name, ()),
        *(["customer"] if tool.audience is Audience.EVERYONE and "customer" in values else []),
    ]
    return {name: known[name] for name in asked if name in tool.schema.get("properties", {}) and known.get(name) is not None}
