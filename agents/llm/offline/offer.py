"""The tools at hand: what a model was offered, read once from the specs and the toolbox."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from agents.llm.offline import lexicon, words
from tools.registry import Toolbox
from tools.spec import Tool

CONTROL = "transfer"
"""The graph's own tool, which hands the conversation to another agent."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One argument of a tool."""

    name: str
    kind: str
    """Its `format`, else `enum`, `boolean`, `integer`, `address` or `string`."""
    required: bool
    choices: tuple[str, ...] = ()
    description: str = ""
    many: bool = False
    """Whether it takes a list."""
    pattern: str = ""
    """What its text must match, if anything."""


@dataclass(frozen=True)
class Spec:
    """An offered tool."""

    name: str
    purpose: str
    slots: tuple[Slot, ...]
    examples: tuple[str, ...] = ()
    writes: bool = False
    returns: frozenset[str] = field(default_factory=frozenset[str])
    """The formats that its result lists values of."""

    def slot(self, name: str) -> Slot | None:
        """Return the argument of that name."""
        return next((slot for slot in self.slots if slot.name == name), None)

    def of_kind(self, kind: str) -> Slot | None:
        """Return the first argument of a format."""
        return next((slot for slot in self.slots if slot.kind == kind), None)

    @property
    def required(self) -> tuple[Slot, ...]:
        """The arguments that a call cannot do without."""
        return tuple(slot for slot in self.slots if slot.required)

    @cached_property
    def verbs(self) -> frozenset[str]:
        """The telling stems of its name and purpose, and the ones with which its examples start."""
        told = [*self.name.split("_"), *words.tokens(self.purpose.lower()), *(example.split()[0].lower() for example in self.examples)]
        return frozenset(words.stem(word) for word in told if word not in lexicon.STOP and words.stem(word) not in {"order", "item"})

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of its name's words."""
        return frozenset(words.stem(word) for word in self.name.split("_"))


def read_spec(offered: Mapping[str, Any], toolbox: Toolbox) -> Spec:
    """Return what a bound tool says of itself, with what the toolbox knows beyond."""
    function = offered.get("function", offered)
    name = str(function["name"])
    parameters: Mapping[str, Any] = function.get("parameters") or {}
    properties: Mapping[str, Mapping[str, Any]] = parameters.get("properties", {})
    tool = toolbox.get(name)
    required = frozenset[str](parameters.get("required", ()))
    slots = tuple(_slot(key, value, key in required) for key, value in properties.items())
    purpose = str(function.get("description") or "")
    if tool is None:
        return Spec(name, purpose, slots, writes=not name.startswith(("get_", "find_", "list_", "search_", "show_")))
    return Spec(name, purpose, slots, tool.examples, tool.writes, lists(tool))


def lists(tool: Tool[Any, Any]) -> frozenset[str]:
    """Return the formats that a tool's result holds values of in a list."""
    keys = _listed(tool.result, False, 0)
    return frozenset(kind for kind, names in lexicon.KEYS.items() if keys & set(names[:3]))


def of_toolbox(toolbox: Toolbox) -> list[Spec]:
    """Return every tool of the toolbox as a spec."""
    return [read_spec(tool.for_model, toolbox) for tool in toolbox.values()]


def _slot(name: str, schema: Mapping[str, Any], required: bool) -> Slot:
    many = schema.get("type") == "array"
    inner: Mapping[str, Any] = schema.get("items", {}) if many else schema
    choices: Sequence[Any] = inner.get("enum") or ([inner["const"]] if "const" in inner else [])
    if choices:
        kind = "enum"
    elif name in lexicon.ADDRESS and inner.get("type", "string") == "string" and "format" not in inner:
        kind = "address"
    else:
        kind = str(inner.get("format") or inner.get("type") or "string")
    description = str(schema.get("description") or inner.get("description") or "")
    return Slot(name, kind, required, tuple(map(str, choices)), description, many, str(inner.get("pattern") or ""))


def _listed(kind: Any, inside: bool, depth: int) -> frozenset[str]:
    """Return the field names of all models that stand in a list below `kind`."""
    if depth > 5:
        return frozenset()
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return frozenset[str]().union(*(_listed(part, inside, depth + 1) for part in get_args(kind)))
    if origin in (list, tuple, Sequence):
        return frozenset[str]().union(*(_listed(part, True, depth + 1) for part in get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        own = frozenset(kind.model_fields) if inside else frozenset[str]()
        return own.union(*(_listed(each.annotation, inside, depth + 1) for each in kind.model_fields.values()))
    return frozenset()
