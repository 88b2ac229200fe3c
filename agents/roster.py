"""The agents of the product."""

from agents.after_sales import AFTER_SALES
from agents.knowledge import KNOWLEDGE
from agents.marketplace import MARKETPLACE
from agents.risk import RISK
from agents.spec import AgentSpec, Desk

ROSTER: dict[str, AgentSpec] = {spec.name: spec for spec in (KNOWLEDGE, RISK, AFTER_SALES, MARKETPLACE)}

GRANTS: dict[str, frozenset[str]] = {spec.name: spec.tools for spec in ROSTER.values()}
"""Which tools an agent may call at all, whoever it works for."""

PLACES: dict[str, AgentSpec | Desk] = {
    **ROSTER,
    **{f"{spec.name}/{desk.name}": desk for spec in ROSTER.values() for desk in spec.desks},
}
"""Where a turn can be routed to: an agent as a whole (`knowledge`), or one of its desks (`after_sales/returns`)."""


def agent_of(place: str) -> str:
    """Return the name of the agent that works at a place."""
    return place.partition("/")[0]


def desk_of(place: str) -> str:
    """Return the desk's name of a place, empty for an agent as a whole."""
    return place.partition("/")[2]
