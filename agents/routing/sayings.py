"""What routing learns from: examples of desks and tools, what people write to any shop, and a store's own labelled messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from agents.roster import PLACES, ROSTER, agent_of
from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId, new_id
from tools.registry import Toolbox

Audience = Literal["customer", "staff"]
Kind = Literal["human", "out_of_scope", "small_talk", "answer"]

HUMAN, OUT_OF_SCOPE = "human", "out_of_scope"
KINDS: tuple[Kind, ...] = ("human", "out_of_scope", "small_talk", "answer")
"""What a message can be besides a request for an agent; `answer`: it means something only as a reply."""
NOTHING: tuple[Kind, ...] = ("out_of_scope", "small_talk", "answer")
"""The kinds that ask nothing of the shop."""
LABELS: frozenset[str] = frozenset({*ROSTER, *PLACES, *KINDS})
"""What a message may be labelled with."""
_GENERAL = Path(__file__).parents[2] / "prompts" / "routing" / "customers.txt"


@dataclass(frozen=True, slots=True)
class Saying:
    """A message and where it belongs: a place, an agent without saying which desk, or a kind."""

    text: str
    label: str


def audience_of(principal: Principal) -> Audience:
    """Return whose messages a caller's are like."""
    return "customer" if principal.is_customer else "staff"


def side_of(label: str) -> str:
    """Return what is decided first: an agent, `human`, or `out_of_scope` for all that asks nothing of the shop."""
    return OUT_OF_SCOPE if label in NOTHING else agent_of(label)


def examples(toolbox: Toolbox, audience: Audience) -> list[Saying]:
    """Return what every store starts with, each text once; what the general sayings say of a text goes before the tools."""
    found: dict[str, Saying] = {}
    for text, label in [*_general(audience), *_of_desks(toolbox, audience)]:
        found.setdefault(text.lower(), Saying(text, label))
    return list(found.values())


def _of_desks(toolbox: Toolbox, audience: Audience) -> list[tuple[str, str]]:
    who = _somebody(audience)
    rows: list[tuple[str, str]] = []
    for name, desk in PLACES.items():
        tools = toolbox.open_to(who, desk.own & toolbox.keys()) if "/" in name else []
        if tools:
            rows += [(text, name) for text in (desk.purpose, *desk.examples)]
            rows += [(text, name) for tool in sorted(tools, key=lambda tool: tool.name) for text in tool.examples]
    return rows


def _general(audience: Audience) -> list[tuple[str, str]]:
    """Return general sayings: staff share with customers only what is no request for a desk."""
    return [(text, label) for label, texts in _read().items() for text in texts if audience == "customer" or label in KINDS]


@cache
def _read() -> Mapping[str, tuple[str, ...]]:
    sections: dict[str, list[str]] = {}
    label = ""
    for line in _GENERAL.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text.startswith("["):
            label = text.strip("[]")
        elif text and not text.startswith("#"):
            sections.setdefault(label, []).append(text)
    return {label: tuple(texts) for label, texts in sections.items()}


def _somebody(audience: Audience) -> Principal:
    """Return a caller with the widest rights of an audience."""
    tenant, user = TenantId(new_id()), UserId(new_id())
    return Principal(tenant, user, Role.CUSTOMER, CustomerId(new_id())) if audience == "customer" else Principal(tenant, user, Role.OWNER)
