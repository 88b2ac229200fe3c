"""Calls tools as a person would: through the executor, with decisions taken by the people who may take them."""

from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import UUID

from core.identity import Principal, RunContext
from store.unit import Units
from tools import aftersales, approvals, customers, documents, orders, payments, quality, transport, warehouse
from tools.approvals import Answer, Choice
from tools.executor import Executor
from tools.policy import Policy
from tools.registry import Toolbox
from tools.result import Outcome, ToolResult

_TOOLS = (
    *orders.TOOLS,
    *payments.TOOLS,
    *transport.TOOLS,
    *warehouse.TOOLS,
    *aftersales.TOOLS,
    *quality.TOOLS,
    *customers.TOOLS,
    *documents.TOOLS,
)


class Desk:
    """One executor and its callers. Each call has a key of its own unless `key` names one."""

    def __init__(self, units: Units) -> None:
        self.units = units
        self.executor = Executor(units, Toolbox(_TOOLS), {})
        self._keys = count(1)

    async def call(self, who: Principal, tool: str, args: Mapping[str, Any], *, key: str = "", approval: UUID | None = None) -> ToolResult:
        """Call a tool once."""
        ctx = RunContext(who, idempotency_key=key or f"call-{next(self._keys)}", approval_id=approval)
        return await self.executor.execute(ctx, tool, args)

    async def ok(self, who: Principal, tool: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Call a tool that must succeed at once, and return its data."""
        result = await self.call(who, tool, args)
        assert result.status is Outcome.OK, result
        return result.data

    async def pending(self, who: Principal, tool: str, args: Mapping[str, Any]) -> UUID:
        """Call a tool that must wait for a decision, and return the request."""
        result = await self.call(who, tool, args)
        assert result.status is Outcome.PENDING, result
        assert result.approval_id is not None
        return result.approval_id

    async def decide(self, who: Principal, approval: UUID, answer: Answer | None = None) -> None:
        """Answer a request; approve it unless `answer` says otherwise."""
        async with self.units.write(who) as tx:
            row = await approvals.rows.get(tx, approval)
            await approvals.decide(tx, self.executor.toolbox[row.tool], approval, answer or Answer(decision=Choice.APPROVE), Policy())

    async def confirmed(self, who: Principal, tool: str, args: Mapping[str, Any]) -> ToolResult:
        """Call a tool that its caller confirms, and return the outcome after the confirmation."""
        approval = await self.pending(who, tool, args)
        await self.decide(who, approval)
        return await self.call(who, tool, args, approval=approval)
