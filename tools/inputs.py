"""What a rule was asked, as it is kept with its decision, and back again so that another version of the policy can be asked.

Personal text is replaced by a fingerprint: two texts of one decision that were the same are still the same, and say nothing.
"""

import hashlib
import inspect
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from secrets import token_bytes
from types import SimpleNamespace
from typing import Any, Protocol, Self, cast, get_type_hints, runtime_checkable

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from core.redact import redact_text
from tools.policy import Policy
from tools.spec import Args, Tool

_CODE = re.compile(r"[a-z][a-z_]{0,39}|[A-Z]{2,3}|[A-Z][A-Z0-9]*-[A-Z0-9-]{1,38}|(?=\D*\d)[A-Za-z0-9][A-Za-z0-9_.:+/-]{0,63}")
"""Text that is a code and not somebody's words: electronics, EUR, TEE-BLK-M, 1042, an id, an instant."""
_PERSONAL = frozenset("name phone email line1 line2 city postal_code note message subject text body".split())


class Unreadable(Exception):
    """A stored decision lacks what today's rule needs to decide again."""


@runtime_checkable
class Replanned(Protocol):
    """A plan with figures that come from the policy."""

    def under(self, policy: Policy) -> Self:
        """Return the plan as it would have been made under another policy."""
        ...


def asked(tool: Tool[Any, Any], args: Args, facts: object) -> dict[str, JsonValue]:
    """Return a rule's arguments and facts as JSON; rows of the store, which no rule reads, and the policy itself are left out."""
    readers, salt = _readers(tool.facts), token_bytes(8)
    plain = {name: to_jsonable_python(getattr(facts, name)) for name in readers} if isinstance(readers, dict) else to_jsonable_python(facts)
    kept = {"args": _private(args.model_dump(mode="json", exclude_none=True), salt), "facts": _private(plain, salt)}
    return cast("dict[str, JsonValue]", kept)


def recalled(tool: Tool[Any, Any], inputs: Mapping[str, Any], policy: Policy) -> tuple[Any, Args]:
    """Return stored facts and arguments as a rule takes them, with what depends on the policy made again under `policy`.

    Raises:
        Unreadable: they lack what today's models need.
    """
    try:
        facts = _facts(tool, inputs.get("facts"))
        args = _args(tool.args, inputs.get("args") or {})
    except ValidationError as error:
        raise Unreadable(f"{tool.name}: {error.error_count()} fields do not fit") from error
    if isinstance(facts, SimpleNamespace):
        return SimpleNamespace(**{name: _under(value, policy) for name, value in vars(facts).items()}), args
    return _under(facts, policy), args


def _under(value: Any, policy: Policy) -> Any:
    return value.under(policy) if isinstance(value, Replanned) else value


def _args(kind: type[Args], data: dict[str, Any]) -> Args:
    try:
        return kind.model_validate(data)
    except ValidationError:
        return kind.model_construct(**data)


def _facts(tool: Tool[Any, Any], data: Any) -> Any:
    readers = _readers(tool.facts)
    if isinstance(readers, TypeAdapter):
        return readers.validate_python(data)
    stored = cast("Mapping[str, Any]", data or {})
    return SimpleNamespace(**{name: readers[name].validate_python(value) for name, value in stored.items() if name in readers})


@lru_cache(maxsize=512)
def _readers(facts: Any) -> "TypeAdapter[Any] | dict[str, TypeAdapter[Any]]":
    """Return how to read the facts that a function gives: one reader for a model, one a field for a dataclass."""
    kind: Any = inspect.get_annotations(facts, eval_str=True).get("return") if facts is not None else None
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {field.name: TypeAdapter(hints[field.name]) for field in fields(kind) if _is_kept(hints[field.name])}
    return {} if kind is None else TypeAdapter(cast("Any", kind))


def _is_kept(hint: Any) -> bool:
    """Return whether values of a type can be kept: anything that is neither a row of the store nor the policy."""
    parts: tuple[Any, ...] = getattr(hint, "__args__", ())
    return not any(
        part is Policy or hasattr(part, "__table__") or is_dataclass(part) or hasattr(part, "_fields") for part in (hint, *parts)
    )


def _private(value: Any, salt: bytes, key: str = "") -> Any:
    if isinstance(value, str):
        open_text = key not in _PERSONAL and _CODE.fullmatch(value) and redact_text(value) == value
        return value if open_text or not value else f"~{hashlib.blake2b(value.encode(), digest_size=4, key=salt).hexdigest()}"
    if isinstance(value, dict):
        return {name: _private(item, salt, name) for name, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_private(item, salt, key) for item in cast("list[Any]", value)]
    return value
