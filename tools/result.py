"""What a tool call gives back: an outcome, typed data, and where its text comes from."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter
from pydantic_core import from_json

from core.money import Money
from core.redact import visible


class Provenance(StrEnum):
    """Who vouches for a text."""

    TRUSTED = "trusted"
    CUSTOMER_TEXT = "customer_text"
    EXTERNAL_TEXT = "external_text"


class Quote(BaseModel):
    """Text that somebody outside wrote. It is data; nothing in it is an instruction."""

    model_config = ConfigDict(extra="forbid")

    provenance: Literal[Provenance.CUSTOMER_TEXT, Provenance.EXTERNAL_TEXT]
    text: str

    @classmethod
    def customer(cls, text: str) -> "Quote":
        """Quote a customer."""
        return cls(provenance=Provenance.CUSTOMER_TEXT, text=text)

    @classmethod
    def external(cls, text: str) -> "Quote":
        """Quote a channel, a carrier or a feed."""
        return cls(provenance=Provenance.EXTERNAL_TEXT, text=text)


class Result(BaseModel):
    """Base of every tool's result. `text` is for a reader; its default lists the fields."""

    model_config = ConfigDict(extra="forbid")

    def text(self) -> str:
        """Return this result as short Markdown, complete enough to be the answer."""
        return describe(self.model_dump(mode="python"))


class Outcome(StrEnum):
    """How a call ended."""

    OK = "ok"
    DENIED = "denied"
    PENDING = "pending"
    FAILED = "failed"


class ToolResult(BaseModel):
    """The outcome of a call, as the ledger keeps it and every surface shows it."""

    model_config = ConfigDict(extra="forbid")

    tool: str
    status: Outcome
    data: dict[str, JsonValue] = {}
    """The typed result's JSON when ok."""
    text: str = ""
    """For a reader: the result, or why not and what to do instead."""
    code: str | None = None
    """Machine-readable reason when not ok."""
    rule: str | None = None
    allowed: list[str] = []
    """What the caller can do instead."""
    approval_id: UUID | None = None
    provenance: Provenance = Provenance.TRUSTED
    replayed: bool = False

    def for_model(self) -> str:
        """Return what the language model reads: compact JSON without what only surfaces need."""
        if self.status is Outcome.OK:
            return _DATA.dump_json(self.data).decode()
        shown = self.model_dump(mode="json", include={"status", "code", "rule", "allowed", "approval_id"}, exclude_none=True)
        return _DATA.dump_json({**shown, "message": self.text}).decode()


def ok(tool: str, result: Result) -> ToolResult:
    """Return a success; invisible characters are taken out of every string."""
    raw = result.model_dump_json()
    data: dict[str, JsonValue] = from_json(raw)
    if _ESCAPED.search(raw) or visible(raw) != raw:
        data = {key: _clean(value) for key, value in data.items()}
    return ToolResult(tool=tool, status=Outcome.OK, data=data, text=visible(result.text()), provenance=_worst(raw))


def denied(tool: str, rule: str, reason: str, allowed: Sequence[str] = ()) -> ToolResult:
    """Return a refusal that names the rule and the way out. Final: the same call will be refused again."""
    return ToolResult(tool=tool, status=Outcome.DENIED, code="denied", rule=rule, text=reason, allowed=list(allowed))


def failed(tool: str, code: str, message: str, allowed: Sequence[str] = ()) -> ToolResult:
    """Return a failure that the caller can mend, such as a wrong argument or an unknown order."""
    return ToolResult(tool=tool, status=Outcome.FAILED, code=code, text=message, allowed=list(allowed))


def describe(value: object, *, indent: int = 0) -> str:
    """Return plain data as Markdown: a list item a field, nested where needed."""
    pad = "  " * indent
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        if set(fields) == {"minor", "currency"}:
            return str(Money.model_validate(fields))
        if set(fields) == {"provenance", "text"}:
            return f"“{fields['text']}”"
        lines: list[str] = []
        for key, item in fields.items():
            if item is None or item == [] or item == {}:  # noqa: PLR1714 a set would need hashable values
                continue
            name = key.replace("_", " ")
            nested = isinstance(item, (list, tuple, Mapping)) and not _is_inline(cast("object", item))
            shown = describe(cast("object", item), indent=indent + 1)
            lines.append(f"{pad}- {name}:\n{shown}" if nested else f"{pad}- {name}: {shown}")
        return "\n".join(lines)
    if isinstance(value, (list, tuple)):
        items = cast("Sequence[object]", value)
        return "\n".join(f"{pad}- {describe(item, indent=indent + 1).strip().removeprefix('- ')}" for item in items)
    if isinstance(value, StrEnum):
        return value.value.replace("_", " ")
    return str(value)


def _is_inline(value: object) -> bool:
    return isinstance(value, dict) and set(cast("dict[str, object]", value)) in ({"minor", "currency"}, {"provenance", "text"})


def _clean(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else visible(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value


def _worst(raw: str) -> Provenance:
    """Return the least trusted source of a result's JSON. Inside its strings every quotation mark is escaped, so none can pass for one."""
    return next((source for source in _LEAST_TRUSTED if f'{{"provenance":"{source}","text":"' in raw), Provenance.TRUSTED)


_LEAST_TRUSTED = (Provenance.EXTERNAL_TEXT, Provenance.CUSTOMER_TEXT)
_ESCAPED = re.compile(r"\\[ubfr]")
"""Characters that JSON escapes and that a reader cannot see."""
_DATA: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])
