"""The whole topology. Read this first.

START -> supervisor -> END
            |
            v
 approve <-> call_tools <-> agent -> END

The supervisor chooses the agent, which thinks at once; `agent` is each further thought. Where a node goes on is in what it returns: a
conditional edge would read the state again and run beside it, in a thread.
"""

from functools import cache
from typing import Any

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import RetryPolicy

from core.errors import Unavailable
from graph.agent import agent
from graph.approve import approve
from graph.call_tools import call_tools
from graph.state import State, TurnContext
from graph.supervisor import supervisor

_RETRY = RetryPolicy(max_attempts=3, initial_interval=0.2, retry_on=Unavailable)


@cache
def topology() -> StateGraph[State, TurnContext, Any, Any]:
    """Return the graph before it is bound to a checkpointer."""
    graph = StateGraph(State, context_schema=TurnContext)
    graph.add_node("supervisor", supervisor)
    graph.add_node("agent", agent)
    graph.add_node("call_tools", call_tools, retry_policy=_RETRY)
    graph.add_node("approve", approve)
    graph.add_edge(START, "supervisor")
    graph.add_edge("approve", "call_tools")
    return graph


@cache
def _compiled() -> CompiledStateGraph[State, TurnContext, Any, Any]:
    return topology().compile(name="storehand")


def build(checkpointer: Any) -> CompiledStateGraph[State, TurnContext, Any, Any]:
    """Return the graph for one run over its checkpointer. Compiling takes milliseconds, so it is done once a process."""
    return _compiled().copy({"checkpointer": checkpointer})
