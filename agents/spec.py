"""An agent is data: a name, what it is for, and the tools it may use."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One LLM-backed agent. Its prompt is `prompts/agents/<name>.md`; `tools` is its whole grant."""

    name: str
    title: str
    purpose: str
    """One line for whoever routes or transfers."""
    tools: frozenset[str]
    examples: tuple[str, ...] = ()
    """What people say to it beyond the examples of its tools."""
