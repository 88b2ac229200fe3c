"""The agents of the product."""

from agents.after_sales import AFTER_SALES
from agents.knowledge import KNOWLEDGE
from agents.marketplace import MARKETPLACE
from agents.risk import RISK
from agents.spec import AgentSpec

ROSTER: dict[str, AgentSpec] = {spec.name: spec for spec in (KNOWLEDGE, RISK, AFTER_SALES, MARKETPLACE)}

GRANTS: dict[str, frozenset[str]] = {spec.name: spec.tools for spec in ROSTER.values()}
"""Which tools an agent may call at all, whoever it works for."""
