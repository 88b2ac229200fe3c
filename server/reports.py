"""What providers report on their own: each kind of report becomes a call of the tool that records it, once a report."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import JsonValue

from core.errors import StorehandError, Unavailable
from core.identity import RunContext, system
from core.ids import TenantId
from core.log import get_logger
from core.money import Money
from core.providers import ProviderKind
from server.outbound.adapters.rest_channel import sold_order
from server.outbound.channels import SoldLine, SoldOrder
from server.outbound.failure import ProviderDown
from server.outbound.routes import import_args
from server.wiring import Runtime
from store.queries import providers
from store.tables.providers import ReportStatus
from tools.result import Outcome, ToolResult

_log = get_logger(__name__)
_AGAIN = frozenset({"conflict", "timeout", "not_found", "unknown_tool"})
"""Codes of a tool's failure that may pass: a report can come before the change that it is about is committed here."""


@dataclass(frozen=True, slots=True)
class Source:
    """The connection that a report came in by."""

    tenant_id: UUID
    connection_id: UUID
    kind: ProviderKind
    adapter: str
    code: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report that is believed."""

    event_id: str
    type: str
    data: Mapping[str, Any]


async def record(runtime: Runtime, source: Source, report: Report) -> ReportStatus:
    """Record a report and return what became of it. One that is known already has no second effect.

    Raises:
        Unavailable: it cannot be recorded now; the provider shall send it again.
    """
    who = system(TenantId(source.tenant_id), source.kind.value.replace("payments", "payment provider"))
    async with runtime.units.write(who) as tx:
        known = await providers.receive(tx, source.connection_id, report.event_id, report.type[:60])
    if known is ReportStatus.RECORDED:
        return known
    status, reason = ReportStatus.REFUSED, "not of interest"
    call = _call(source, report)
    if call is not None:
        digest = hashlib.sha256(report.event_id.encode()).hexdigest()[:40]
        ctx = RunContext(who, idempotency_key=f"report:{source.connection_id}:{digest}")
        result = await _execute(runtime, ctx, *call)
        status = ReportStatus.RECORDED if result.status is Outcome.OK else ReportStatus.REFUSED
        reason = "" if status is ReportStatus.RECORDED else result.text
        if result.code in _AGAIN:
            reason, status = result.text, ReportStatus.RECEIVED
    async with runtime.units.write(who) as tx:
        await providers.end(tx, source.connection_id, report.event_id, status, reason)
    if status is ReportStatus.RECEIVED:
        raise Unavailable("the report cannot be recorded yet; send it again", code="report_not_recorded")
    if status is ReportStatus.REFUSED:
        _log.warning("a provider's report was not recorded", provider=source.code, type=report.type[:60], reason=reason[:200])
    return status


async def _execute(runtime: Runtime, ctx: RunContext, tool: str, args: Mapping[str, JsonValue]) -> ToolResult:
    try:
        return await runtime.executor.execute(ctx, tool, dict(args))
    except Unavailable:
        raise
    except StorehandError as error:
        return ToolResult(tool=tool, status=Outcome.FAILED, code=error.code, text=error.message)


def _call(source: Source, report: Report) -> tuple[str, dict[str, JsonValue]] | None:
    """Return the tool that records a report with its arguments, None for what is not of interest."""
    try:
        if source.adapter == "shopify":
            return _shopify(source, report)
        match source.kind, report.type:
            case ProviderKind.PAYMENTS, "movement.succeeded" | "movement.failed":
                return "settle_payment", {
                    "transaction": str(report.data["transaction"]),
                    "outcome": report.type.partition(".")[2],
                    "provider_reference": str(report.data.get("id", ""))[:120],
                    "reason": str(report.data.get("reason") or "")[:300],
                }
            case ProviderKind.CARRIER, "tracking.updated":
                return "record_tracking_event", {
                    "tracking_number": str(report.data["tracking_number"]),
                    "status": str(report.data["status"]),
                    "place": str(report.data.get("place", ""))[:80],
                    "text": str(report.data.get("text", ""))[:200],
                    "at": str(report.data["at"]),
                    "event_id": report.event_id[:80],
                }
            case ProviderKind.CHANNEL, "order.created":
                return "import_channel_order", import_args(source.code, sold_order(report.data["order"]))
            case ProviderKind.CHANNEL, "message.created":
                return "record_channel_message", {
                    "channel": source.code,
                    "conversation": str(report.data["conversation"])[:80],
                    "message": str(report.data["id"])[:80],
                    "author": str(report.data["author"])[:120],
                    "subject": str(report.data.get("subject") or "")[:160],
                    "text": str(report.data["text"])[:2000],
                    "written_at": str(report.data["written_at"]),
                }
            case ProviderKind.CHANNEL, "listing.reviewed":
                problems: list[JsonValue] = list(report.data.get("problems", []))
                about: dict[str, JsonValue] = {"channel": source.code, "listing": str(report.data["listing"])}
                return "record_channel_result", {**about, "accepted": not problems, "problems": problems}
            case _:
                return None
    except (KeyError, TypeError, ValueError, AttributeError, ProviderDown):
        return None


def _shopify(source: Source, report: Report) -> tuple[str, dict[str, JsonValue]] | None:
    """Read Shopify's `orders/create`, whose body is the order of its REST API."""
    if report.type != "orders/create":
        return None
    data, currency = report.data, str(report.data["currency"])
    address: Mapping[str, Any] = data.get("shipping_address") or {}
    shipping = sum(Money.parse(str(line["price"]), currency).minor for line in data.get("shipping_lines", []))
    order = SoldOrder(
        external_id=str(data["name"]).lstrip("#"),
        placed_at=str(data["created_at"]),
        buyer_name=str(address.get("name", "")),
        buyer_email=str(data.get("email") or ""),
        ship_to={
            "name": address.get("name"),
            "line1": address.get("address1"),
            "line2": address.get("address2"),
            "city": address.get("city"),
            "postal_code": address.get("zip"),
            "country": address.get("country_code"),
        },
        lines=[SoldLine(str(line["sku"]), int(line["quantity"]), Money.parse(str(line["price"]), currency)) for line in data["line_items"]],
        shipping=Money(minor=shipping, currency=currency),
        ip=str(data.get("browser_ip") or ""),
    )
    return "import_channel_order", import_args(source.code, order)
