"""Governance: the shop's own rules - read, compared, tried out on the past, and changed."""

from typing import Any

from tools.governance.reads import policy_diff, policy_history, rules_in_force
from tools.governance.trying import trying_tools
from tools.governance.writes import change_policy
from tools.spec import Tool

__all__ = ["governed"]


def governed(*tools: Tool[Any, Any]) -> tuple[Tool[Any, Any], ...]:
    """Return tools and, over them, those of this module: what any of them decided can be taken again."""
    return (*tools, rules_in_force, policy_history, policy_diff, change_policy, *trying_tools((*tools, change_policy)))
