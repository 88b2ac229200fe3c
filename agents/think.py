"""Thinking: chooses the agent for a turn, and asks the model with that agent's prompt and tools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage

from agents import supervisor
from agents.llm.factory import Models
from agents.llm.meter import Meter
from agents.llm.resilient import Completion, Draft
from agents.policy_pages import render_policy_digest, render_policy_pages
from agents.prompts import load
from agents.roster import GRANTS, ROSTER
from agents.supervisor import Classifier, Route
from core.identity import Principal
from tools.policy import Policy
from tools.registry import Toolbox

_ROOMY = 16
"""At most this many tools are offered at once (union of two agents)."""


class _Silent:
    def token(self, message_id: str, text: str) -> None: ...
    def discard(self, message_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Offer:
    tools: list[dict[str, Any]]
    system: SystemMessage


class Mind:
    """Joins models, tools and prompts. Shared by all runs of a process; holds no conversation."""

    def __init__(self, models: Models, toolbox: Toolbox) -> None:
        self.models = models
        self.toolbox = toolbox
        self.grants = GRANTS
        self.classifier = Classifier(toolbox)
        self._offers: dict[tuple[Any, ...], _Offer] = {}
        self._figures: dict[tuple[str, str, bool], str] = {}

    def agents_for(self, principal: Principal) -> list[str]:
        """Return the agents that have anything to do for a caller."""
        return [name for name in ROSTER if self.toolbox.open_to(principal, GRANTS[name] & self.toolbox.keys())]

    async def route(self, text: str, principal: Principal, *, active: str | None, meter: Meter) -> Route:
        """Choose the agent for a turn; costs a model call only when rules and classifier are unsure."""
        agents = self.agents_for(principal)
        active = active if active in agents else None
        scores = self.classifier.probabilities(text, agents)
        route, sure = supervisor.decide(text, agents, scores, active)
        if not sure and not self.models.is_offline and len(text) > 3:
            route = await self._ask_router(text, agents, meter) or route
        return self._with_second(text, agents, route, principal)

    async def think(
        self,
        *,
        agents: Sequence[str],
        principal: Principal,
        policy: Policy,
        shop: str,
        currency: str,
        today: str,
        history: Sequence[AnyMessage],
        may_transfer: bool,
        draft: Draft,
        message_id: str,
    ) -> Completion:
        """Ask the model once. The prompt's beginning is the same for every turn of a conversation; what changes comes last."""
        offer = self._offer(tuple(agents), principal, policy, shop, currency, may_transfer)
        volatile = SystemMessage(f"Today is {today}. You are talking to {principal.name or 'a guest'} ({principal.role}).")
        last_human = next((i for i in range(len(history) - 1, -1, -1) if isinstance(history[i], HumanMessage)), len(history))
        messages = [offer.system, *history[:last_human], volatile, *history[last_human:]]
        return await self.models.worker.complete(messages, offer.tools, draft, message_id=message_id)

    def known_figures(self, policy: Policy, currency: str, principal: Principal) -> str:
        """Return the policy in words, as far as the caller may read it: figures that an answer may name without a tool."""
        key = (policy.model_dump_json(), currency, principal.is_customer)
        if key not in self._figures:
            pages = render_policy_pages(policy, currency)
            self._figures[key] = "\n".join(page.body for page in pages if page.visibility == "public" or not principal.is_customer)
        return self._figures[key]

    def _offer(self, agents: tuple[str, ...], principal: Principal, policy: Policy, shop: str, currency: str, may_transfer: bool) -> _Offer:
        key = (agents, principal.role, principal.tenant_id, policy.version, shop, may_transfer)
        if key not in self._offers:
            names = sorted({name for agent in agents for name in GRANTS[agent] if name in self.toolbox})
            tools = [tool.for_model for tool in self.toolbox.open_to(principal, names)]
            others = [name for name in self.agents_for(principal) if name not in agents]
            if may_transfer and others:
                tools.append(_transfer_tool(others))
            lead = ROSTER[agents[0]]
            audience = "customer" if principal.is_customer else "staff"
            text = load("agents/system").render(
                title=lead.title,
                purpose=" ".join(ROSTER[agent].purpose for agent in agents),
                shop=shop,
                audience=audience,
                craft="\n".join(load(f"agents/{agent}").render() for agent in agents),
                digest=render_policy_digest(policy, currency, audience),
            )
            self._offers[key] = _Offer(tools, SystemMessage(text))
        return self._offers[key]

    def _with_second(self, text: str, agents: Sequence[str], route: Route, principal: Principal) -> Route:
        parts = supervisor.clauses(text)
        if len(parts) < 2:
            return route
        leads = [supervisor.decide(part, agents, self.classifier.probabilities(part, agents), None) for part in parts]
        sure = [lead.agent for lead, certain in leads if certain]
        others = [agent for agent in dict.fromkeys(sure) if agent != sure[0]] if sure else []
        if not others:
            return route
        union = self.toolbox.open_to(principal, (GRANTS[sure[0]] | GRANTS[others[0]]) & self.toolbox.keys())
        if len(union) > _ROOMY * 2:
            return route
        return Route(sure[0], route.by, route.confidence, f"also asks {others[0].replace('_', ' ')}", second=others[0])

    async def _ask_router(self, text: str, agents: Sequence[str], meter: Meter) -> Route | None:
        meter.reserve_model_call()
        listed = "\n".join(f"- {name}: {ROSTER[name].purpose}" for name in agents)
        system = SystemMessage(f"Choose the agent for the user's message by calling transfer. Agents:\n{listed}")
        completion = await self.models.router.complete(
            [system, HumanMessage(text)], [_transfer_tool(agents)], _Silent(), message_id="route"
        )
        meter.settle(completion.message.usage_metadata)
        for call in completion.message.tool_calls:
            if call["args"].get("agent") in agents:
                return Route(call["args"]["agent"], "model", 1.0, str(call["args"].get("reason", ""))[:200])
        return None


def _transfer_tool(agents: Sequence[str]) -> dict[str, Any]:
    listed = "; ".join(f"{name}: {ROSTER[name].purpose}" for name in agents)
    return {
        "type": "function",
        "function": {
            "name": "transfer",
            "description": f"Hand the conversation to the agent that looks after this. {listed}",
            "parameters": {
                "type": "object",
                "properties": {
                    "agent": {"type": "string", "enum": list(agents), "description": "Who takes over"},
                    "reason": {"type": "string", "description": "Why, in a few words"},
                },
                "required": ["agent", "reason"],
            },
        },
    }
