"""Documents of the demo shops, printed by the tools that print them for people."""

from typing import Any

from core.identity import Principal, RunContext
from store.queries import documents
from store.unit import Tx, Units
from tools.documents.invoices import create_invoice
from tools.documents.labels import create_packing_slip, create_return_label, create_shipping_label
from tools.documents.reports import create_sales_report
from tools.policy import Policy
from tools.policy.decision import Verdict
from tools.spec import Tool

_DAYS = 30
_SLIPS = 3


async def print_documents(units: Units, keeper: Principal) -> int:
    """Print documents of a freshly loaded shop and return how many; no event of them leaves, as of nothing that is loaded."""
    async with units.write(keeper) as tx:
        found = await documents.worth_printing(tx)
        wanted: list[tuple[Tool[Any, Any], dict[str, Any]]] = [(create_invoice, {"order": number}) for number in found.orders]
        wanted += [(create_packing_slip, {"order": number}) for number in found.orders[:_SLIPS]]
        wanted += [(create_shipping_label, {"shipment": number}) for number in found.shipments]
        wanted += [(create_return_label, {"return_number": number}) for number in found.returns]
        made = [await _print(tx, keeper, tool, args) for tool, args in [*wanted, (create_sales_report, {"days": _DAYS})]]
        tx.outbox.clear()
    return sum(made)


async def _print(tx: Tx, keeper: Principal, tool: Tool[Any, Any], raw: dict[str, Any]) -> bool:
    policy, ctx, args = Policy(), RunContext(keeper), tool.args.model_validate(raw)
    assert tool.facts is not None
    facts = await tool.facts(tx, args, ctx, policy)
    if tool.decide(policy, facts, args, keeper).verdict is not Verdict.ALLOW:
        return False
    await tool.body(tx, args, ctx, facts)
    return True
