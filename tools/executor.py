"""The one door: every tool call of every surface passes here, in this order.

validate -> authorise -> one transaction { claim the ledger row -> policy decides on facts read here -> effect -> outbox, run log
under the fencing token, ledger result, audit } -> commit. Reads take the short path. A refusal is a result, not an exception; what
is raised is a lost lease, a lost server or a bug.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError

from core import faults
from core.errors import Fenced, StorehandError, Unavailable
from core.events import RunFact, ToolFinished, ToolStarted
from core.identity import RunContext
from core.log import get_logger
from memory.journal import Journal
from store import audit, events, ledger, outbox
from store.queries import policies
from store.tables.runtime import Approval
from store.unit import ReadTx, Tx, Units
from tools import approvals
from tools.inputs import asked
from tools.policy import Policy
from tools.policy.decision import Decision, Verdict
from tools.policy.versions import read
from tools.registry import Toolbox
from tools.result import Outcome, ToolResult, denied, failed, ok
from tools.spec import Args, Tool

_log = get_logger(__name__)
_CONFLICTS = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock (PostgreSQL, appendix A): the transaction may simply be run again."""


@dataclass(frozen=True, slots=True)
class Call:
    """A validated, authorised call; one that writes has its key in the ledger, and what tells it from another call under that key."""

    tool: Tool[Any, Any]
    args: Args
    ctx: RunContext
    key: str = ""
    args_hash: str = ""


class Executor:
    """Runs tools. `grants` names the tools of each agent: a call by an agent outside its grant is refused."""

    def __init__(self, units: Units, toolbox: Toolbox, grants: Mapping[str, frozenset[str]]) -> None:
        self.units = units
        self.toolbox = toolbox
        self._grants = grants
        self._policies: dict[tuple[Any, int], Policy] = {}

    async def execute(self, ctx: RunContext, name: str, raw: Mapping[str, Any] | str, journal: Journal | None = None) -> ToolResult:
        """Run one tool call for `ctx.principal` and return its outcome.

        Raises:
            Fenced: the run belongs to another attempt; nothing was changed.
            Unavailable: the database cannot be reached; nothing was changed.
        """
        admitted = self._admit(ctx, name, raw)
        if isinstance(admitted, ToolResult):
            _announce_refusal(ctx, name, raw, admitted, journal)
            return admitted
        if journal is not None:
            journal.note(
                ToolStarted(call_id=ctx.position, tool=name, agent=ctx.agent, args=admitted.args.model_dump(mode="json", exclude_none=True))
            )
        attempt = self._write if admitted.tool.writes else self._read
        try:
            async with asyncio.timeout(admitted.tool.timeout):
                return await _retrying(attempt, admitted, journal)
        except TimeoutError:
            result = failed(name, "timeout", f"{name} took longer than {admitted.tool.timeout:g} s and was stopped; nothing was changed.")
        except (Fenced, Unavailable):
            raise
        except StorehandError as error:
            result = failed(name, error.code, error.message)
        except IntegrityError as error:
            _log.warning("constraint refused an effect", tool=name, constraint=str(getattr(error.orig, "diag", "")))
            result = failed(name, "conflict", "The store changed meanwhile and the change was refused; look again and retry.")
        if journal is not None:
            journal.note(_finished(ctx, result))
        return result

    async def policy(self, tx: ReadTx) -> Policy:
        """Return the tenant's policy in effect."""
        version = await policies.current_version(tx)
        known = self._policies.get((tx.tenant_id, version))
        if known is None:
            known = read(await policies.body(tx, version) or {}, version) if version else Policy(version=0)
            self._policies[tx.tenant_id, version] = known
        return known

    def _admit(self, ctx: RunContext, name: str, raw: Mapping[str, Any] | str) -> Call | ToolResult:
        tool = self.toolbox.get(name)
        granted = self._grants.get(ctx.agent, frozenset()) if ctx.agent is not None else None
        if tool is None or (granted is not None and name not in granted):
            choices = [t.name for t in self.toolbox.open_to(ctx.principal, granted)]
            return failed(name, "unknown_tool", f"There is no tool {name!r} here.", choices)
        if not tool.open_to(ctx.principal):
            return denied(name, f"permission.{tool.permission}", f"Your role ({ctx.principal.role}) may not use {name}.")
        try:
            args = tool.args.model_validate_json(raw) if isinstance(raw, str) else tool.args.model_validate(raw)
        except ValidationError as error:
            return failed(name, "invalid_arguments", _readable(error, tool.args))
        if not tool.writes:
            return Call(tool, args, ctx)
        canonical = orjson.dumps(args.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
        return Call(tool, args, ctx, _ledger_key(tool, args, ctx), hashlib.sha256(canonical).hexdigest())

    async def _read(self, call: Call, journal: Journal | None) -> ToolResult:
        if journal is not None and journal.overdue:
            return await self._read_and_log(call, journal)
        async with self.units.read(call.ctx.principal) as tx:
            result = ok(call.tool.name, await self._run_body(tx, call, None))
        if journal is not None:
            journal.note(_finished(call.ctx, result))
        return result

    async def _read_and_log(self, call: Call, journal: Journal) -> ToolResult:
        """Read, and store in the same transaction what the journal has announced for a while."""
        async with AsyncExitStack() as after_commit:
            async with self.units.write(call.ctx.principal, relaxed=True) as tx:
                result = ok(call.tool.name, await self._run_body(tx, call, None))
                await after_commit.enter_async_context(journal.lock)
                stored = await _log_facts(tx, call.ctx, journal, [_finished(call.ctx, result)])
            stored.publish()
        return result

    async def _write(self, call: Call, journal: Journal | None) -> ToolResult:
        async with AsyncExitStack() as after_commit:
            async with self.units.write(call.ctx.principal) as tx:
                recorded = await ledger.claim(tx, call.ctx, call.key, call.tool.name, call.args_hash)
                faults.point("tool.after_claim")
                decided: audit.Decided | None = None
                if recorded is not None:
                    result = _replay(call, recorded)
                    facts: list[RunFact] = [_finished(call.ctx, result)]
                else:
                    result, facts, decided = await self._decide_and_run(tx, call)
                    faults.point("tool.after_effect")
                    await outbox.flush(tx, call.key)
                    await ledger.settle(tx, call.key, result.status, result.model_dump_json())
                stored = None
                if journal is not None and call.ctx.run_id is not None:
                    await after_commit.enter_async_context(journal.lock)
                    stored = await _log_facts(tx, call.ctx, journal, facts)
                if decided is not None:
                    await audit.append_decision(tx, decided, call.ctx, key=call.key, args=call.args_hash)
                faults.point("tool.before_commit")
            faults.point("tool.after_commit")
            if stored is not None:
                stored.publish()
        return result

    async def _decide_and_run(self, tx: Tx, call: Call) -> tuple[ToolResult, list[RunFact], audit.Decided]:
        policy = await self.policy(tx)
        approval: Approval | None = None
        if call.ctx.approval_id is not None:
            approval = await approvals.load_for_effect(tx, call.ctx, call.tool)
            call = Call(call.tool, call.tool.args.model_validate(approval.args), call.ctx, call.key, call.args_hash)
        facts = await call.tool.facts(tx, call.args, call.ctx, policy) if call.tool.facts else None
        decision = call.tool.decide(policy, facts, call.args, call.ctx.principal)
        inputs = asked(call.tool, call.args, facts)
        announced: list[RunFact] = []
        if decision.verdict is Verdict.DENY:
            result = denied(call.tool.name, decision.rule, decision.reason, decision.allowed)
        elif decision.verdict is Verdict.ALLOW or approvals.covers(approval, tx, call.tool, call.args, decision):
            if approval is not None:
                approvals.consume(tx, approval)
            result = ok(call.tool.name, await self._run_body(tx, call, facts))
        else:
            request, result = await approvals.request(
                tx, call.ctx, call.tool, call.args, decision, call.key, valid_days=policy.approvals.valid_days
            )
            announced.append(request)
        record = audit.Decided(
            tool=call.tool.name,
            rule=decision.rule,
            verdict=decision.verdict,
            outcome=result.status,
            policy_version=policy.version,
            approved=approval is not None,
            inputs=inputs,
        )
        return result, [_finished(call.ctx, result), *announced], record

    async def _run_body(self, tx: ReadTx, call: Call, facts: Any) -> Any:
        if call.tool.facts is None:
            return await call.tool.body(tx, call.args, call.ctx)
        if facts is None:
            facts = await call.tool.facts(tx, call.args, call.ctx, await self.policy(tx))
        return await call.tool.body(tx, call.args, call.ctx, facts)


@dataclass(frozen=True, slots=True)
class _Stored:
    journal: Journal
    last: int
    noted: int
    fresh: list[RunFact]

    def publish(self) -> None:
        self.journal.stored(self.last, self.noted, self.fresh)


async def _log_facts(tx: Tx, ctx: RunContext, journal: Journal, fresh: list[RunFact]) -> _Stored:
    """Fence the run and store the journal's waiting facts and `fresh`; publish only after the commit."""
    noted = journal.waiting()
    last = await events.append(tx, ctx, [*noted, *fresh])
    return _Stored(journal, last, len(noted), fresh)


async def _retrying(attempt: Any, call: Call, journal: Journal | None) -> ToolResult:
    for _ in range(3):
        try:
            return await attempt(call, journal)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _CONFLICTS:
                raise
    return failed(call.tool.name, "conflict", "Too many others changed the same rows; try again.")


def _ledger_key(tool: Tool[Any, Any], args: Args, ctx: RunContext) -> str:
    if ctx.approval_id is not None:
        return f"approval:{ctx.approval_id}"
    return f"{tool.name}:{tool.keying.business_key(args)}" if tool.keying.business_key else ctx.call_key


def _replay(call: Call, recorded: ledger.Recorded) -> ToolResult:
    result = ToolResult.model_validate({**recorded.result, "replayed": True})
    if recorded.tool != call.tool.name or recorded.args_hash != call.args_hash:
        note = f"Another call was already made at this step: {recorded.tool}. Its result: "
        return result.model_copy(update={"text": note + result.text})
    return result


def _finished(ctx: RunContext, result: ToolResult) -> ToolFinished:
    return ToolFinished(
        call_id=ctx.position, tool=result.tool, status=result.status.value, result=result.data, text=result.text, replayed=result.replayed
    )


def _announce_refusal(ctx: RunContext, name: str, raw: Mapping[str, Any] | str, result: ToolResult, journal: Journal | None) -> None:
    if journal is None:
        return
    shown: dict[str, Any] = dict(raw) if isinstance(raw, Mapping) else {"raw": raw[:500]}
    journal.note(ToolStarted(call_id=ctx.position, tool=name, agent=ctx.agent, args=shown))
    journal.note(_finished(ctx, result))


def _readable(error: ValidationError, args: type[Args]) -> str:
    """Return what is wrong with which argument, and what it should be."""
    parts: list[str] = []
    for item in error.errors(include_url=False)[:5]:
        field = args.model_fields.get(str(item["loc"][0])) if item["loc"] else None
        wanted = f" ({field.description})" if field is not None and field.description else ""
        what = "is not of the right form" if item["type"] == "string_pattern_mismatch" else item["msg"]
        parts.append(f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {what}{wanted}")
    return "; ".join(parts)


__all__ = ["Call", "Decision", "Executor", "Outcome"]
