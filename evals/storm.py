"""A storm of calls: random tools, random people, plausible and absurd arguments; afterwards every invariant must hold.

Arguments are made from each tool's own schema. Values come from what read tools returned under the same name, so that a new tool is part
of the storm without a line here: an order's number that one tool shows becomes another's argument.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from core.errors import StorehandError
from core.identity import Principal, Role, RunContext
from core.ids import CustomerId, TenantId, UserId
from server.checks import Books, examine_books
from server.wiring import Runtime
from store.queries import approvals as rows
from store.tables.runtime import Approval
from tools import approvals
from tools.approvals import Answer, Choice
from tools.result import Outcome, ToolResult
from tools.spec import Tool

_WORKERS = 8
_STAFF = 0.4
"""Share of calls that are kept for people of the shop; the others are anybody's."""
_KEPT = 400
"""Values kept of each name."""
_ABSURD: tuple[Any, ...] = ("'; DROP TABLE orders; --", "\u202e\u200bhidden", "A" * 5000, "", "0", -1, 10**30, None, [], {}, True)
_WORDS = ("headset", "blue", "the lamp", "please", "2026-11-01", "late", "9.99", "1.00", "150.00", "M", "changed my mind")
_PEOPLE = "SELECT u.id, u.role, u.customer_id, u.name FROM users u WHERE u.role <> 'customer' OR u.customer_id IS NOT NULL"
_CUSTOMERS = "SELECT customer_id, ship_to ->> 'name' FROM orders GROUP BY 1, 2 ORDER BY count(*) DESC, 1 LIMIT 6"


@dataclass
class Storm:
    """What a storm did, and what it left behind."""

    calls: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    by_tool: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    crashes: list[str] = field(default_factory=list[str])
    """Calls that raised what no caller should see."""
    books: list[Books] = field(default_factory=list[Books])

    @property
    def violations(self) -> list[str]:
        """Claims that no longer hold, with the tenant."""
        found = [f"{each.tenant}: {finding.claim} ({finding.count})" for each in self.books for finding in each.findings if finding.count]
        return found + [f"{each.tenant}: the audit chain is broken" for each in self.books if each.chain.broken_at is not None]


async def storm(runtime: Runtime, calls: int, seed: int, progress: Callable[[str], None]) -> Storm:
    """Let `calls` calls loose, eight at a time, then read the books of every tenant."""
    people = await _people(runtime)
    dice = random.Random(seed)  # noqa: S311
    done, pools = Storm(), {who.customer_id or who.tenant_id: _Pool(dice) for who in people}
    staff = [who for who in people if not who.is_customer]

    async def work() -> None:
        while done.calls < calls:
            done.calls += 1
            number, who = done.calls, dice.choice(staff if dice.random() < _STAFF else people)
            if number % 1000 == 0:
                progress(f"{number:,} calls: {dict(done.outcomes)}")
            await _call(runtime, who, people, pools[who.customer_id or who.tenant_id], dice, number, done)

    await asyncio.gather(*(work() for _ in range(_WORKERS)))
    done.books = await examine_books(runtime)
    return done


async def _call(
    runtime: Runtime, who: Principal, people: Sequence[Principal], pool: "_Pool", dice: random.Random, number: int, done: Storm
) -> None:
    own = runtime.toolbox.open_to(who)
    tool = dice.choice(own if own and dice.random() < 0.95 else list(runtime.toolbox.values()))
    args = pool.arguments(tool.schema)
    ctx = RunContext(who, idempotency_key=f"storm-{number if dice.random() < 0.97 else dice.randint(1, number)}")
    try:
        result = await runtime.executor.execute(ctx, tool.name, args)
        if result.status is Outcome.PENDING and dice.random() < 0.8:
            result = await _decided(runtime, ctx, tool, args, result, people, dice)
    except StorehandError as error:
        done.outcomes[error.code] += 1
        done.by_tool[tool.name][error.code] += 1
    except Exception as error:
        done.crashes.append(f"{tool.name} {str(args)[:300]}: {type(error).__name__}: {str(error)[:300]}")
    else:
        pool.learn(result.data)
        done.outcomes[result.status.value] += 1
        done.by_tool[tool.name][result.status.value] += 1


async def _decided(
    runtime: Runtime,
    ctx: RunContext,
    tool: Tool[Any, Any],
    args: Mapping[str, Any],
    result: ToolResult,
    people: Sequence[Principal],
    dice: random.Random,
) -> ToolResult:
    """Let somebody who may decide approve or reject, and make the call that was asked for."""
    assert result.approval_id is not None
    async with runtime.units.read(ctx.principal) as tx:
        row: Approval = await rows.get(tx, result.approval_id)
    able = [who for who in people if who.tenant_id == ctx.principal.tenant_id and approvals.may_decide(who, row)]
    if row.kind == "confirmation":
        able = [ctx.principal]
    if not able:
        return result
    answer = Answer(decision=Choice.APPROVE if dice.random() < 0.85 else Choice.REJECT)
    decider = dice.choice(able)
    async with runtime.units.write(decider) as tx:
        await approvals.decide(tx, tool, result.approval_id, answer, await runtime.executor.policy(tx))
    if answer.decision is Choice.REJECT:
        return result
    approved = RunContext(ctx.principal, idempotency_key=ctx.idempotency_key, approval_id=result.approval_id)
    return await runtime.executor.execute(approved, tool.name, args)


async def _people(runtime: Runtime) -> list[Principal]:
    """Return everybody who can sign in, and customers who could."""
    people: list[Principal] = []
    for row in await runtime.units.call("list_tenants"):
        tenant = TenantId(row["tenant_id"])
        keeper = Principal(tenant, UserId(tenant), Role.OWNER, name="storm")
        async with runtime.units.read(keeper) as tx:
            for user, role, customer, name in await tx.run(_PEOPLE):
                people.append(Principal(tenant, UserId(user), Role(role), CustomerId(customer) if customer else None, name))
            known = {who.customer_id for who in people}
            for customer, name in await tx.run(_CUSTOMERS):
                if customer not in known:
                    people.append(Principal(tenant, UserId(customer), Role.CUSTOMER, CustomerId(customer), name))
    return people


class _Pool:
    """Arguments of one customer, or of a shop's people: what tools returned to them, by name, and the dice."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._known: dict[str, list[Any]] = defaultdict(list)
        self._records: list[dict[str, list[Any]]] = []
        self._record: dict[str, list[Any]] = {}

    def learn(self, data: Mapping[str, Any]) -> None:
        """Remember the plain values of a result under their names, and which came together."""
        for record in (data, *(each for value in data.values() if isinstance(value, list) for each in cast("list[Any]", value)[:10])):
            if isinstance(record, Mapping) and (found := _plain(cast("Mapping[str, Any]", record))):
                self._keep(self._records, found)
                for name, values in found.items():
                    for value in values[:5]:
                        self._keep(self._known[name], value)

    def _keep(self, kept: list[Any], value: Any) -> None:
        if len(kept) < _KEPT:
            kept.append(value)
        else:
            kept[self._dice.randrange(_KEPT)] = value

    def arguments(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Make arguments for a schema: mostly plausible, sometimes absurd, now and then with a field that nobody asked for."""
        required = set(schema.get("required", []))
        fields: dict[str, Any] = schema.get("properties", {})
        fitting = [record for record in self._dice.sample(self._records, min(30, len(self._records))) if record.keys() & required]
        self._record = max(fitting, key=lambda record: len(record.keys() & fields.keys()), default=dict[str, list[Any]]())
        args = {name: self._value(name, each) for name, each in fields.items() if name in required or self._dice.random() < 0.3}
        if self._dice.random() < 0.02:
            args[self._dice.choice(["tenant_id", "customer_id", "approval_id", "role"])] = "00000000-0000-0000-0000-000000000000"
        return args

    def _value(self, name: str, schema: Mapping[str, Any]) -> Any:
        dice = self._dice
        if dice.random() < 0.03:
            return dice.choice(_ABSURD)
        if "enum" in schema:
            return dice.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        for options in (schema.get("anyOf"), schema.get("oneOf")):
            if options:
                return self._value(name, dice.choice(options))
        match schema.get("type"):
            case "integer":
                return dice.randint(max(schema.get("minimum", 0), -20), min(schema.get("maximum", 30), 30))
            case "number":
                return round(dice.uniform(0, 20), 2)
            case "boolean":
                return dice.random() < 0.5
            case "array":
                return [self._value(name.rstrip("s"), schema.get("items", {})) for _ in range(dice.randint(1, 3))]
            case "object":
                return self.arguments(schema)
            case _:
                return self._text(name, schema)

    def _text(self, name: str, schema: Mapping[str, Any]) -> str:
        dice = self._dice
        alike = [
            key for key in (name, f"{name}_number", name.removesuffix("_number"), "sku" if name == "item" else name) if key in self._known
        ]
        if alike and dice.random() < 0.9:
            return str(dice.choice(self._known[dice.choice(alike)]))
        if schema.get("examples") and dice.random() < 0.8:
            return str(dice.choice(schema["examples"]))
        return dice.choice(_WORDS)


def _plain(record: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the texts and numbers of a record by name, those of the records within it as well."""
    found: dict[str, list[Any]] = defaultdict(list)
    for name, value in record.items():
        for each in cast("list[Any]", value)[:10] if isinstance(value, list) else [value]:
            if isinstance(each, Mapping):
                for inner, values in _plain(cast("Mapping[str, Any]", each)).items():
                    found[inner] += values
            elif isinstance(each, str | int) and not isinstance(each, bool) and 0 < len(str(each)) <= 80:
                found[name].append(each)
    return found
