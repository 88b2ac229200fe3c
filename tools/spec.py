"""How a tool is declared: one typed function with everything that its callers, its guards and its readers need to know."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict

from core.identity import Permission, Principal, RunContext
from tools.policy import Policy
from tools.policy.decision import Decision
from tools.result import Result

ArgsT = TypeVar("ArgsT", bound="Args")
ResultT = TypeVar("ResultT", bound=Result)


class Args(BaseModel):
    """Base of a tool's arguments. Tenant, customer, actor and key are never among them: they come from `RunContext`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, str_strip_whitespace=True, str_max_length=2000)


class Effect(StrEnum):
    """What a tool may change."""

    READ = "read"
    WRITE = "write"
    OUTBOUND = "outbound"
    """Writes, and leaves the process through the outbox."""


class Audience(StrEnum):
    """Who a tool is for."""

    EVERYONE = "everyone"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Keying:
    """What makes two calls the same: their position in the run, or what they mean for the business."""

    business_key: Callable[[Any], str] | None = None

    @classmethod
    def call(cls) -> "Keying":
        """Key by the call's position in its run (or the caller's idempotency key)."""
        return cls()

    @classmethod
    def business(cls, key: Callable[[Any], str]) -> "Keying":
        """Key by meaning, such as `lambda args: f"cancel:{args.order}"`: a second call replays the first one's answer."""
        return cls(key)


Facts = Callable[[Any, Any, RunContext, Policy], Awaitable[Any]]
Rule = Callable[[Policy, Any, Any, Principal], Decision]


@dataclass(frozen=True)
class Tool(Generic[ArgsT, ResultT]):
    """A declared tool. `body` is called as `(tx, args, ctx)`, or `(tx, args, ctx, facts)` when `facts` are declared."""

    name: str
    module: str
    purpose: str
    """One line that a model can choose by."""
    args: type[ArgsT]
    result: type[ResultT]
    effect: Effect
    permission: Permission
    body: Callable[..., Awaitable[ResultT]]
    audience: Audience = Audience.EVERYONE
    keying: Keying = field(default_factory=Keying.call)
    facts: Facts | None = None
    policy: Rule | None = None
    examples: tuple[str, ...] = ()
    timeout: float = 10.0
    """Seconds for the whole call."""

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The arguments' JSON Schema, with definitions inlined so that every provider accepts it."""
        schema = self.args.model_json_schema()
        definitions = schema.pop("$defs", {})
        inlined = _inline(schema, definitions)
        inlined.pop("title", None)
        inlined.pop("description", None)
        return inlined

    @cached_property
    def for_model(self) -> dict[str, Any]:
        """The function description in the Chat Completions format."""
        return {"type": "function", "function": {"name": self.name, "description": self.purpose, "parameters": self.schema}}

    @property
    def writes(self) -> bool:
        """Whether the tool can change anything."""
        return self.effect is not Effect.READ

    def decide(self, policy: Policy, facts: object, args: Args, principal: Principal) -> Decision:
        """Ask the tool's rule, and let the shop's policy name the approver."""
        assert self.policy is not None, f"{self.name}: a tool that writes has a rule"
        return policy.approvals.applied(self.policy(policy, facts, args, principal))

    def open_to(self, principal: Principal) -> bool:
        """Return whether a caller may use this tool at all."""
        if self.audience is Audience.STAFF and principal.is_customer:
            return False
        return principal.may(self.permission)


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the domain, such as orders; its `tool` decorator turns a function into a `Tool`. Nothing is registered."""

    name: str

    def tool(
        self,
        *,
        effect: Effect,
        permission: Permission,
        audience: Audience = Audience.EVERYONE,
        keying: Keying | None = None,
        facts: Facts | None = None,
        policy: Rule | None = None,
        examples: tuple[str, ...] = (),
        timeout: float = 10.0,
    ) -> Callable[[Callable[..., Awaitable[ResultT]]], Tool[Any, ResultT]]:
        """Declare a tool. Its name is the function's, its purpose the docstring's first line.

        Raises:
            TypeError: the function lacks a docstring or annotations, or a write tool lacks a policy.
        """

        def declare(body: Callable[..., Awaitable[ResultT]]) -> Tool[Any, ResultT]:
            hints = inspect.get_annotations(body, eval_str=True)
            if "args" not in hints or "return" not in hints or not body.__doc__:
                raise TypeError(f"{body.__name__}: a tool needs a docstring, annotated args and an annotated result")
            if effect is not Effect.READ and policy is None:
                raise TypeError(f"{body.__name__}: a tool that writes needs a policy rule")
            return Tool(
                name=body.__name__,
                module=self.name,
                purpose=body.__doc__.strip().splitlines()[0],
                args=hints["args"],
                result=hints["return"],
                effect=effect,
                permission=permission,
                body=body,
                audience=audience,
                keying=keying or Keying.call(),
                facts=facts,
                policy=policy,
                examples=examples,
                timeout=timeout,
            )

        return declare


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    node = cast("dict[str, Any]", node)
    if "$ref" in node:
        target = _inline(definitions[node["$ref"].rsplit("/", 1)[1]], definitions)
        rest = {key: value for key, value in node.items() if key != "$ref"}
        target = {key: value for key, value in target.items() if key not in {"title", "description"}}
        return {**target, **_inline(rest, definitions)}
    kept = {key: _inline(value, definitions) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    options = kept.get("anyOf")
    if options and {"type": "null"} in options and len(options) == 2:
        single = next(option for option in options if option != {"type": "null"})
        kept.pop("anyOf")
        kept.pop("default", None)
        return {**single, **kept}
    return kept
