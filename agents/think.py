"""Thinking: chooses the place for a turn, and asks the model with its agent's prompt and the tools of the place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage

from agents import supervisor
from agents.llm.factory import Models
from agents.llm.meter import Meter
from agents.llm.resilient import Completion, Draft
from agents.policy_pages import render_policy_digest, render_policy_pages
from agents.prompts import load
from agents.roster import GRANTS, PLACES, ROSTER, agent_of
from agents.routing.languages import language_of
from agents.routing.router import Router
from agents.routing.words import clean
from agents.spec import ROOM
from agents.supervisor import Route
from core.identity import Principal, Role
from core.ids import TenantId
from tools.policy import Policy
from tools.registry import Toolbox
from tools.spec import Tool

if TYPE_CHECKING:
    from agents.routing.model import Votes

_NEARLY = 0.8
"""A desk of the same agent that fits this well beside the best one lends its tools."""


class _Silent:
    def token(self, message_id: str, text: str) -> None: ...
    def discard(self, message_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Offer:
    tools: list[dict[str, Any]]
    system: SystemMessage


class Mind:
    """Joins models, tools and prompts. Shared by all runs of a process; holds no conversation."""

    def __init__(self, models: Models, toolbox: Toolbox, router: Router | None = None) -> None:
        self.models = models
        self.toolbox = toolbox
        self.grants = GRANTS
        self.router = router or Router(toolbox)
        self._offers: dict[tuple[Any, ...], _Offer] = {}
        self._figures: dict[tuple[TenantId, int, str, bool], str] = {}
        self._places: dict[tuple[Role, str | None], tuple[str, ...]] = {}

    def places_for(self, principal: Principal, only: str | None = None) -> tuple[str, ...]:
        """Return where a caller's turns can go: agents whose tools for the caller fit into one offer, and the desks of the others.

        With `only`, that agent has every turn.
        """
        key = (principal.role, only)
        if key not in self._places:
            agents = ROSTER if only is None else (only,)
            self._places[key] = tuple(place for agent in agents for place in self._places_of(agent, principal))
        return self._places[key]

    def _places_of(self, agent: str, principal: Principal) -> list[str]:
        """Return an agent, or its desks when it has more tools for the caller than one offer holds; borrowed tools alone make no place."""
        desks = [f"{agent}/{desk.name}" for desk in ROSTER[agent].desks if self.toolbox.open_to(principal, desk.own & self.toolbox.keys())]
        return [agent] if desks and len(self._tools(agent, principal)) <= ROOM else desks

    def _tools(self, place: str, principal: Principal) -> list[Tool[Any, Any]]:
        return self.toolbox.open_to(principal, PLACES[place].tools & self.toolbox.keys())

    async def route(
        self, text: str, principal: Principal, *, active: str | None, asked: bool, meter: Meter, only: str | None = None
    ) -> Route:
        """Choose the place for a turn; costs a model call only when rules and classifier are unsure."""
        said = clean(text)
        places = self.places_for(principal, only)
        active = active if active in places else None
        if not said:
            return supervisor.stay(places, active, "says nothing", "answer")
        ruled = supervisor.by_rule(said, (await self.router.learned(principal)).said, places)
        votes = await self.router.votes(said, principal, quick=ruled is not None)
        if ruled is not None:
            route = supervisor.settle(*ruled, votes, places, active, asked=asked)
        elif language := language_of(said):
            route = supervisor.stay(places, active, f"is written in another language: {language}", "other_language")
            return route if self.models.is_offline else await self._ask_router(said, places, meter) or route
        else:
            route, sure = supervisor.decide(said, votes, places, active, asked=asked)
            if not sure and not self.models.is_offline and len(said) > 3:
                route = await self._ask_router(said, places, meter) or route
        return await self._with_second(said, places, votes, route, principal)

    async def think(
        self,
        *,
        places: Sequence[str],
        principal: Principal,
        policy: Policy,
        shop: str,
        currency: str,
        today: str,
        history: Sequence[AnyMessage],
        may_transfer: bool,
        draft: Draft,
        message_id: str,
        only: str | None = None,
    ) -> Completion:
        """Ask the model once. The prompt's beginning is the same for every turn of a conversation; what changes comes last."""
        offer = self._offer(tuple(places), principal, policy, shop, currency, may_transfer, only)
        volatile = SystemMessage(f"Today is {today}. You are talking to {principal.name or 'a guest'} ({principal.role}).")
        last_human = next((i for i in range(len(history) - 1, -1, -1) if isinstance(history[i], HumanMessage)), len(history))
        messages = [offer.system, *history[:last_human], volatile, *history[last_human:]]
        return await self.models.worker.complete(messages, offer.tools, draft, message_id=message_id)

    def known_figures(self, policy: Policy, currency: str, principal: Principal) -> str:
        """Return the policy in words, as far as the caller may read it: figures that an answer may name without a tool."""
        key = (principal.tenant_id, policy.version, currency, principal.is_customer)
        if key not in self._figures:
            pages = render_policy_pages(policy, currency)
            self._figures[key] = "\n".join(page.body for page in pages if page.visibility == "public" or not principal.is_customer)
        return self._figures[key]

    def _offer(
        self,
        places: tuple[str, ...],
        principal: Principal,
        policy: Policy,
        shop: str,
        currency: str,
        may_transfer: bool,
        only: str | None,
    ) -> _Offer:
        key = (places, principal.role, principal.tenant_id, policy.version, shop, may_transfer, only)
        if key not in self._offers:
            names = {tool.name for place in places for tool in self._tools(place, principal)}
            tools = [self.toolbox[name].for_model for name in sorted(names)]
            others = [place for place in self.places_for(principal, only) if place not in places]
            if may_transfer and others:
                tools.append(_transfer_tool(others))
            agents = list(dict.fromkeys(agent_of(place) for place in places))
            audience = "customer" if principal.is_customer else "staff"
            text = load("agents/system").render(
                title=ROSTER[agents[0]].title,
                purpose=" ".join(PLACES[place].purpose for place in places),
                shop=shop,
                audience=audience,
                craft="\n".join(load(f"agents/{agent}").render() for agent in agents),
                digest=render_policy_digest(policy, currency, audience),
            )
            self._offers[key] = _Offer(tools, SystemMessage(text))
        return self._offers[key]

    async def _with_second(self, text: str, places: Sequence[str], votes: "Votes", route: Route, principal: Principal) -> Route:
        """Let a second place join in: another request of the same message, or a desk of the same agent that fits nearly as well."""
        parts = supervisor.clauses(text)
        if len(parts) >= 2:
            leads = [await self._lead(part, places, principal) for part in parts]
            sure = list(dict.fromkeys(lead.place for lead in leads if lead is not None))
            if len(sure) > 1 and self._fits(sure[:2], principal, 2 * ROOM):
                return replace(route, place=sure[0], reason=f"also asks {_spoken(sure[1])}", second=sure[1])
        shares = supervisor.shares(votes, places)
        near = [
            place
            for place in places
            if place != route.place and agent_of(place) == route.agent and shares[place] >= _NEARLY * shares[route.place]
        ]
        beside = max(near, key=shares.__getitem__, default=None)
        if beside is not None and self._fits((route.place, beside), principal, ROOM):
            return replace(route, second=beside)
        return route

    async def _lead(self, part: str, places: Sequence[str], principal: Principal) -> Route | None:
        """Return where a part of a message would go by itself, if that is clear and a request."""
        ruled = supervisor.by_rule(part, (await self.router.learned(principal)).said, places)
        votes = await self.router.votes(part, principal, quick=ruled is not None)
        if ruled is not None:
            route = supervisor.settle(*ruled, votes, places, None)
        else:
            route, sure = supervisor.decide(part, votes, places, None)
            if not sure:
                return None
        return route if route.asks in {"agent", "human"} else None

    def _fits(self, places: Sequence[str], principal: Principal, room: int) -> bool:
        return len({tool.name for place in places for tool in self._tools(place, principal)}) <= room

    async def _ask_router(self, text: str, places: Sequence[str], meter: Meter) -> Route | None:
        meter.reserve_model_call()
        listed = "\n".join(f"- {place}: {PLACES[place].purpose}" for place in places)
        system = SystemMessage(f"Choose the agent for the user's message by calling transfer. Agents:\n{listed}")
        completion = await self.models.router.complete(
            [system, HumanMessage(text)], [_transfer_tool(places)], _Silent(), message_id="route"
        )
        meter.settle(completion.message.usage_metadata)
        for call in completion.message.tool_calls:
            if call["args"].get("agent") in places:
                return Route(call["args"]["agent"], "model", 1.0, str(call["args"].get("reason", ""))[:200])
        return None


def _spoken(place: str) -> str:
    return place.replace("_", " ").replace("/", ", ")


def _transfer_tool(places: Sequence[str]) -> dict[str, Any]:
    listed = "; ".join(f"{place}: {PLACES[place].purpose}" for place in places)
    return {
        "type": "function",
        "function": {
            "name": "transfer",
            "description": f"Hand the conversation to the agent that looks after this. {listed}",
            "parameters": {
                "type": "object",
                "properties": {
                    "agent": {"type": "string", "enum": list(places), "description": "Who takes over"},
                    "reason": {"type": "string", "description": "Why, in a few words"},
                },
                "required": ["agent", "reason"],
            },
        },
    }
