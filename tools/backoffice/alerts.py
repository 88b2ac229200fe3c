"""Alerts: raise one inside the transaction that finds the cause, list them, and put them aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from core.identity import Permission, RunContext
from core.statuses import ALERT_TRANSITIONS, AlertLevel, AlertStatus, change
from store.queries import alerts
from store.tables.alerts import Alert
from store.unit import ReadTx, Tx
from tools.arguments import AlertNumber, Limit, Note
from tools.backoffice.module import module
from tools.governance import versions
from tools.phrases import day, listing, plural, words
from tools.policy import Policy
from tools.policy.alerts import AlertPlan, decide_alert
from tools.result import Quote, Result
from tools.spec import Args, Audience, Effect


async def raise_alert(
    tx: Tx,
    *,
    kind: str,
    subject: str,
    level: AlertLevel,
    title: str,
    detail: str = "",
    data: Mapping[str, Any] | None = None,
) -> str:
    """Raise an alert with the caller's effect and return its number, such as A-1004.

    For every module, in whoever's transaction. While an alert of the same kind and subject is not resolved, it is raised again and
    no second one appears. It takes a number: call it after every other lock.

    Args:
        kind: what it is, named like an event: `stock.low`, `quality.defect_pattern`, `shipment.late`.
        subject: what it is about: a SKU, an order's or a parcel's number, a carrier's code.
        level: how bad it is; an alert that was acknowledged is active again when it gets worse.
        title: one line for people, without customers' words.
        detail: what else helps to decide; may quote people.
        data: figures and references for programs.
    """
    policy = await versions.in_force(tx)
    raised = await alerts.put(
        tx,
        kind=kind,
        subject=subject,
        level=level,
        title=title,
        detail=detail,
        data=data or {},
        expires_at=tx.now + timedelta(days=policy.alerts.expires_days),
    )
    if raised.fresh:
        tx.emit("alert.raised", alert=raised.number, kind=kind, subject=subject, level=level.value)
    return raised.number


class AlertShown(Result):
    """An alert."""

    alert: str
    kind: str
    subject: str
    level: AlertLevel
    status: AlertStatus
    title: str
    detail: Quote | None
    """May hold words of people outside the shop."""
    times: int
    since: datetime
    raised_at: datetime
    expires_at: datetime
    handled_by: str
    note: str

    @property
    def shown(self) -> str:
        """The alert on one line."""
        again = f", raised {self.times} times" if self.times > 1 else ""
        about = f" — {self.detail.text}" if self.detail else ""
        by = f", {words(self.status)} by {self.handled_by}" if self.handled_by else ""
        return f"**{self.alert}** [{self.level}] {self.title}{about} (since {day(self.since)}{again}{by})"

    def text(self) -> str:
        """Return the alert and where it stands."""
        note = f" Note: {self.note}." if self.note else ""
        return f"{self.shown}: {words(self.status)}.{note}"


class AlertsListed(Result):
    """Alerts that match, the worst first."""

    total: int
    status: AlertStatus
    alerts: list[AlertShown]

    def text(self) -> str:
        """Return one line an alert."""
        if not self.alerts:
            return f"No alert is {words(self.status)}."
        return listing(f"{plural(self.total, 'alert')} {words(self.status)}:", [each.shown for each in self.alerts[:10]], self.total)


class ListAlerts(Args):
    """Which alerts to list."""

    status: AlertStatus = AlertStatus.ACTIVE
    """Where they stand."""
    at_least: AlertLevel = AlertLevel.LOW
    """The least level."""
    kind: Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$", description="Only this kind, such as stock.low")] | None = None
    limit: Limit = 10


@module.tool(
    effect=Effect.READ,
    permission=Permission.ALERT_READ,
    audience=Audience.STAFF,
    examples=(
        "any alerts?",
        "show active alerts",
        "list critical alerts",
        "what alerts were acknowledged",
        "which warnings are open right now",
        "alerts about low stock",
        "did the system raise an alarm today",
    ),
)
async def list_alerts(tx: ReadTx, args: ListAlerts, _ctx: RunContext) -> AlertsListed:
    """List alerts by state and level, the worst and newest first: low stock, defects, late parcels, blocked orders."""
    total, rows = await alerts.find(tx, status=args.status, at_least=args.at_least, kind=args.kind, limit=args.limit)
    return AlertsListed(total=total, status=args.status, alerts=[_shown(row) for row in rows])


class AcknowledgeAlert(Args):
    """Which alert somebody takes care of."""

    alert: AlertNumber
    mute: bool = False
    """Also stay silent about it until it expires, even when it gets worse."""
    note: Note = ""
    """What is done about it."""


class ResolveAlert(Args):
    """Which alert is done with."""

    alert: AlertNumber
    note: Note = ""
    """What was done."""


@dataclass(frozen=True, slots=True)
class _Handled:
    row: Alert
    plan: AlertPlan


async def _acknowledge(tx: Tx, args: AcknowledgeAlert, _ctx: RunContext, _policy: Policy) -> _Handled:
    return await _planned(tx, args.alert, AlertStatus.SUPPRESSED if args.mute else AlertStatus.ACKNOWLEDGED)


async def _resolve(tx: Tx, args: ResolveAlert, _ctx: RunContext, _policy: Policy) -> _Handled:
    return await _planned(tx, args.alert, AlertStatus.RESOLVED)


async def _planned(tx: Tx, number: str, wanted: AlertStatus) -> _Handled:
    row = await alerts.by_number(tx, number, lock=True)
    status = AlertStatus(row.status)
    expired = status is not AlertStatus.RESOLVED and row.expires_at <= tx.now
    return _Handled(row, AlertPlan(number=row.number, status=status, wanted=wanted, expired=expired))


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ALERT_WRITE,
    audience=Audience.STAFF,
    facts=_acknowledge,
    policy=lambda _policy, facts, _args, _principal: decide_alert(facts.plan),
    examples=(
        "acknowledge alert A-1004",
        "I take care of A-1004",
        "I have seen alert A-1002, working on it",
        "mute alert A-1004",
        "ack A-1003",
        "silence the alarm A-1005 until it expires",
    ),
)
async def acknowledge_alert(tx: Tx, args: AcknowledgeAlert, _ctx: RunContext, handled: _Handled) -> AlertShown:
    """Say that somebody takes care of an alert, or mute it until it expires."""
    return _handle(tx, handled, args.note)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.ALERT_WRITE,
    audience=Audience.STAFF,
    facts=_resolve,
    policy=lambda _policy, facts, _args, _principal: decide_alert(facts.plan),
    examples=(
        "resolve alert A-1004",
        "A-1004 is done",
        "close alert A-1002, we reordered",
        "the alarm A-1003 is settled",
        "mark alert A-1001 as resolved",
        "alert A-1006 is fixed, close it",
    ),
)
async def resolve_alert(tx: Tx, args: ResolveAlert, _ctx: RunContext, handled: _Handled) -> AlertShown:
    """Close an alert whose cause is gone; the same cause later raises a new one."""
    return _handle(tx, handled, args.note)


def _handle(tx: Tx, handled: _Handled, note: str) -> AlertShown:
    row, wanted = handled.row, handled.plan.wanted
    row.status = change(f"alert {row.number}", AlertStatus(row.status), wanted, ALERT_TRANSITIONS)
    row.handled_by = (tx.principal.name or tx.principal.role.value)[:120]
    row.note = note[:300] or row.note
    if wanted is AlertStatus.RESOLVED:
        row.resolved_at = tx.now
    else:
        row.acknowledged_at = tx.now
    tx.session.add(row)
    tx.emit(f"alert.{wanted.value}", alert=row.number, kind=row.kind, subject=row.subject)
    return _shown(row)


def _shown(row: Alert) -> AlertShown:
    return AlertShown(
        alert=row.number,
        kind=row.kind,
        subject=row.subject,
        level=AlertLevel(row.level),
        status=AlertStatus(row.status),
        title=row.title,
        detail=Quote.external(row.detail) if row.detail else None,
        times=row.times,
        since=row.created_at,
        raised_at=row.raised_at,
        expires_at=row.expires_at,
        handled_by=row.handled_by,
        note=row.note,
    )
