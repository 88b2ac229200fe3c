"""The block list: what is on it, put something on it, take it off."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput, NotFound
from core.identity import Permission, RunContext
from core.statuses import BlockKind
from store.queries import block_list as entries
from store.queries import orders, tenants
from store.tables.fraud import BlockEntry
from store.unit import ReadTx, Tx
from tools.addresses import one_line
from tools.arguments import Days, Limit, OrderNumber
from tools.fraud.module import module
from tools.fraud.results import BlockList, BlockListed, Unblocked
from tools.policy import Policy
from tools.policy.rulings import BlockPlan, decide_block, decide_unblock
from tools.result import Quote
from tools.spec import Args, Audience, Effect

Value = Annotated[str, Field(min_length=2, max_length=200, description="The e-mail address, IP, card reference or address itself")]


class ShowBlockList(Args):
    """Which entries to show."""

    kind: BlockKind | None = None
    """Only this kind."""
    words: Annotated[str, Field(max_length=100, description="Only entries whose value or reason has these words")] = ""
    expired: bool = False
    """Also those that have expired."""
    limit: Limit = 20


@module.tool(
    effect=Effect.READ,
    permission=Permission.FRAUD_READ,
    audience=Audience.STAFF,
    examples=(
        "show the block list",
        "who is blocked",
        "which emails are on the blacklist",
        "list blocked ips",
        "is 203.0.113.77 blocked",
        "blocklist please, with the expired ones",
    ),
)
async def block_list(tx: ReadTx, args: ShowBlockList, _ctx: RunContext) -> BlockList:
    """List what is blocked: e-mail addresses, cards, postal addresses and IPs, with reason and expiry."""
    total, rows = await entries.find(tx, kind=args.kind, words=args.words, expired=args.expired, limit=args.limit)
    return BlockList(total=total, entries=[_listed(tx, row) for row in rows])


class Block(Args):
    """What to block: a value, or that of an order."""

    kind: BlockKind
    """What it is."""
    value: Value | None = None
    order: OrderNumber | None = None
    """Take the e-mail address, card, IP or delivery address of this order instead of a value."""
    reason: Annotated[str, Field(min_length=1, max_length=200, description="Why, for colleagues")]
    days: Days | None = None
    """For how long; without end when left out."""


@dataclass(frozen=True, slots=True)
class _Block:
    expired: BlockEntry | None
    plan: BlockPlan


async def _block(tx: Tx, args: Block, _ctx: RunContext, _policy: Policy) -> _Block:
    value = _checked(args.kind, await _value(tx, args))
    listed = await entries.entry(tx, args.kind, value)
    lapsed = listed is not None and listed.expires_at is not None and listed.expires_at <= tx.now
    own = args.kind is BlockKind.EMAIL and value == (await tenants.current(tx)).support_email.lower()
    plan = BlockPlan(
        kind=args.kind,
        value=value,
        expires_at=tx.now + timedelta(days=args.days) if args.days else None,
        listed=listed.reason if listed is not None and not lapsed else "",
        self_block=own,
    )
    return _Block(listed if lapsed else None, plan)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.FRAUD_DECIDE,
    audience=Audience.STAFF,
    facts=_block,
    policy=lambda _policy, facts, _args, _principal: decide_block(facts.plan),
    examples=(
        "block the email quick.cash@mail.example: chargebacks",
        "put the ip 203.0.113.9 on the block list for 30 days, card testing",
        "blacklist the card of order 1042: stolen",
        "block the address of order 1042 because of fraud",
        "ban quick.cash@mail.example for 90 days, three chargebacks",
        "add this email to the blocklist",
    ),
)
async def block(tx: Tx, args: Block, _ctx: RunContext, blocking: _Block) -> BlockListed:
    """Put an e-mail, card, postal address or IP on the block list, with or without an expiry: orders with it are blocked."""
    plan = blocking.plan
    row = BlockEntry(
        tenant_id=tx.tenant_id,
        kind=plan.kind,
        value=plan.value,
        reason=args.reason,
        created_by=(tx.principal.name or tx.principal.role.value)[:120],
        created_at=tx.now,
        expires_at=plan.expires_at,
    )
    await entries.put(tx, row, blocking.expired)
    tx.emit("fraud.listed", kind=plan.kind.value, expires_at=plan.expires_at.isoformat() if plan.expires_at else None)
    return _listed(tx, row)


class Unblock(Args):
    """What to take off the block list."""

    kind: BlockKind
    """What it is."""
    value: Value


async def _unblock(tx: Tx, args: Unblock, _ctx: RunContext, _policy: Policy) -> BlockEntry:
    found = await entries.entry(tx, args.kind, args.value)
    if found is None:
        raise NotFound(f"{args.kind} on the block list", args.value)
    return found


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.FRAUD_DECIDE,
    audience=Audience.STAFF,
    facts=_unblock,
    policy=lambda _policy, _facts, args, _principal: decide_unblock(args.kind),
    examples=(
        "unblock the email quick.cash@mail.example",
        "take the ip 203.0.113.77 off the block list",
        "remove this address from the blacklist",
        "unban quick.cash@mail.example",
        "lift the block on the card fp_123",
        "delete 203.0.113.77 from the blocklist",
    ),
)
async def unblock(tx: Tx, args: Unblock, _ctx: RunContext, found: BlockEntry) -> Unblocked:
    """Take an e-mail, card, postal address or IP off the block list."""
    await entries.remove(tx, found)
    tx.emit("fraud.unlisted", kind=args.kind.value)
    return Unblocked(kind=args.kind, value=Quote.external(found.value))


async def _value(tx: Tx, args: Block) -> str:
    if (args.value is None) == (args.order is None):
        raise InvalidInput("give either the value itself or the order whose it is", field="value")
    if args.value is not None:
        return args.value
    assert args.order is not None
    order = await orders.by_number(tx, args.order)
    if args.kind is BlockKind.ADDRESS:
        return one_line({**order.ship_to, "name": "", "line2": ""})
    known = await entries.of_order(tx, order)
    if args.kind not in known:
        raise InvalidInput(f"the {args.kind} of order {order.number} is not known; known: {', '.join(known)}", field="kind")
    return known[args.kind]


def _checked(kind: BlockKind, value: str) -> str:
    """Return a value as it is kept.

    Raises:
        InvalidInput: it is nothing of its kind.
    """
    if kind is BlockKind.EMAIL:
        if value.count("@") != 1 or " " in value:
            raise InvalidInput(f"“{value}” is no e-mail address", field="value")
        return value.lower()
    if kind is BlockKind.IP:
        try:
            return str(ip_address(value))
        except ValueError as error:
            raise InvalidInput(f"“{value}” is no IP address", field="value") from error
    return value[:200]


def _listed(tx: ReadTx, row: BlockEntry) -> BlockListed:
    return BlockListed(
        kind=BlockKind(row.kind),
        value=Quote.external(row.value),
        reason=row.reason,
        by=row.created_by,
        since=row.created_at,
        expires_at=row.expires_at,
        expired=row.expires_at is not None and row.expires_at <= tx.now,
    )
