"""Writes the pages that are made from code: settings, tools, events, errors.

uv run python docs/generate.py            write them
uv run python docs/generate.py --check    say whether they are up to date
"""

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from core import errors, events, settings
from core.settings import Settings
from tools.policy import Policy
from tools.policy.figures import Loosens, entry_of, step
from tools.registry import Toolbox
from tools.spec import Tool

DOCS = Path(__file__).resolve().parent
_NOTE = "<!-- Made by docs/generate.py: change the code, then run `make docs`. -->"


def pages() -> dict[str, Callable[[], str]]:
    """Return each generated page by its file name."""
    return {
        "settings.md": settings_page,
        "tools.md": lambda: tools_page(toolbox()),
        "events.md": events_page,
        "errors.md": errors_page,
        "policy.md": policy_page,
    }


def toolbox() -> Toolbox:
    """Return the product's tools. None of them is called, so the search behind knowledge is absent."""
    from tools.toolbox import build_toolbox

    nothing: Any = None
    return build_toolbox(nothing)


def settings_page() -> str:
    """Describe every environment variable."""
    rows: list[list[str]] = []
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            purpose = " ".join((group.__doc__ or "").split())
            rows.append([f"**{name}**", "", "", purpose])
            notes = _attribute_docs(settings, group.__name__)
            rows += [_setting(f"{name}__{inner}", of, notes.get(inner, "")) for inner, of in group.model_fields.items()]
        else:
            rows.append(_setting(name, field, _attribute_docs(settings, "Settings").get(name, "")))
    return _page(
        "Settings",
        "Environment variables, or lines of a file `.env` in the working directory. Each has a default that needs no set-up.",
        _table(["variable", "type", "default", "what it does"], rows),
    )


def tools_page(tools: Toolbox) -> str:
    """Describe every tool: who may call it, what it changes, its arguments and its result."""
    parts: list[str] = []
    for module in sorted({tool.module for tool in tools.values()}):
        of_module = sorted((tool for tool in tools.values() if tool.module == module), key=lambda tool: tool.name)
        parts.append(f"## {module}")
        parts += [_tool(tool) for tool in of_module]
    reads = sum(not tool.writes for tool in tools.values())
    return _page(
        "Tools",
        f"{len(tools)} tools: {reads} read, {len(tools) - reads} write. All surfaces (the model, `POST /v1/tools/{{name}}`, "
        "`storehand tools call`) are made from the same declarations, and every call passes `tools/executor.py`.",
        *parts,
    )


def events_page() -> str:
    """Describe the run log's vocabulary."""
    parts: list[str] = []
    for title, union in (("Facts", events.RunFact), ("Deltas", events.RunDelta)):
        parts.append(f"## {title}")
        for model in get_args(get_args(union)[0]):
            rows = [[f"`{name}`", f"`{_type(field)}`", _default(field)] for name, field in model.model_fields.items() if name != "type"]
            parts.append(f"### `{model.model_fields['type'].default}`\n\n{_doc(model)}")
            if rows:
                parts.append(_table(["field", "type", "default"], rows))
    return _page("Events", _doc(events), *parts)


def policy_page() -> str:
    """Describe every figure of the policy with its default, its bounds and what it means."""
    parts: list[str] = []
    policy = Policy()
    for name, field in Policy.model_fields.items():
        area = getattr(policy, name)
        if not isinstance(area, BaseModel):
            continue
        rows = list(_figures(area, name))
        parts.append(f"## {name}\n\n{' '.join(_doc(field.annotation).split())}")
        parts.append(_table(["figure", "default", "bounds", "gives more when", "meaning"], rows))
    return _page(
        "Policy",
        "The rules of a shop in figures: what a new shop starts with, and within which bounds its owner may change it "
        "(`change_policy`). Amounts are minor units of the shop's currency. A change of a figure that gives more away, or of an amount "
        "that does not say which way does, is approved by a second person.",
        *parts,
    )


def _figures(model: BaseModel, path: str) -> Iterator[list[str]]:
    notes = _attribute_docs(sys.modules[type(model).__module__], type(model).__name__)
    for name, field in type(model).model_fields.items():
        value: Any = getattr(model, name)
        entries = cast("dict[str, Any]", value) if isinstance(value, dict) else {"": value}
        for key, item in entries.items():
            where = step(step(path, name), key) if key else step(path, name)
            if isinstance(item, BaseModel):
                yield from _figures(item, where)
                continue
            kind = entry_of(field.annotation) if key else field.annotation
            metadata = [*field.metadata, *getattr(kind, "__metadata__", ())]
            inner = [mark for each in metadata for mark in (each.metadata if isinstance(each, FieldInfo) else [each])]
            limits = [f"{sign} {bound:g}" for mark in inner for sign, bound in _limit(mark)]
            loosens = next((mark.value for mark in inner if isinstance(mark, Loosens)), "")
            shown = ", ".join(str(each) for each in cast("tuple[object, ...]", item)) if isinstance(item, tuple) else str(item)
            options = "" if get_origin(kind) is not Literal else " or ".join(map(str, get_args(kind)))
            yield [f"`{where}`", f"`{shown}`", ", ".join(limits) or options, loosens, " ".join(notes.get(name, "").split())]


def errors_page() -> str:
    """Describe every designed error."""
    rows = [
        [f"`{kind.default_code}`", str(kind.status), f"`{kind.__name__}`", kind.audience.value, " ".join(_doc(kind).split())]
        for kind in _tree(errors.StorehandError)
    ]
    return _page(
        "Errors",
        "An error's body is `{detail, code}`. A refusal of a tool is no error: it is a result with a rule and a way out. "
        "Some places use a more precise `code` than the class's own.",
        _table(["code", "HTTP", "class", "for", "meaning"], rows),
    )


def _tool(tool: Tool[Any, Any]) -> str:
    who = "everyone" if tool.audience.value == "everyone" else "staff only"
    keyed = "its meaning (a repeated call replays the first answer)" if tool.keying.business_key else "its position in the run"
    facts = [f"Effect: {tool.effect.value}", f"For: {who}, permission `{tool.permission.value}`"]
    if tool.writes:
        facts += [f"Known by: {keyed}"]
        facts += [f"Rule: `{_rule(tool)}`"]
    lines = [f"### `{tool.name}`", tool.purpose, ". ".join(facts) + "."]
    rows = [
        [f"`{name}`", f"`{_json_type(schema)}`", "yes" if name in tool.schema.get("required", []) else "", schema.get("description", "")]
        for name, schema in tool.schema.get("properties", {}).items()
    ]
    if rows:
        lines.append(_table(["argument", "type", "required", "meaning"], rows))
    lines.append(f"Returns `{tool.result.__name__}`: " + (", ".join(f"`{name}`" for name in tool.result.model_fields) or "nothing") + ".")
    if tool.examples:
        lines.append("People say: " + "; ".join(f"“{example}”" for example in tool.examples) + ".")
    return "\n\n".join(lines)


def _rule(tool: Tool[Any, Any]) -> str:
    """Return the function of `tools.policy` that a tool's rule asks, else the rule itself."""
    rule: Any = tool.policy
    names = rule.__code__.co_names
    for name, following in zip(names, [*names[1:], ""], strict=True):
        found = rule.__globals__.get(name)
        asked = getattr(found, following, None) if inspect.ismodule(found) else found
        if inspect.isfunction(asked) and asked.__module__.startswith("tools.policy"):
            return f"{asked.__module__}.{asked.__name__}"
    return str(rule.__module__)


def _json_type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return " or ".join(_json_type(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_json_type(schema.get('items', {}))}"
    return str(schema.get("format", schema.get("type", "any")))


def _setting(path: str, field: FieldInfo, note: str) -> list[str]:
    alias = field.validation_alias
    names = [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else []
    shown = " or ".join(f"`{name}`" for name in names or [f"STOREHAND_{path.upper()}"])
    return [shown, f"`{_type(field)}`", _default(field), " ".join((field.description or note).split())]


def _type(field: FieldInfo) -> str:
    limits = [f"{sign} {value:g}" for meta in field.metadata for sign, value in _limit(meta)]
    return " ".join([_named(field.annotation), *limits])


def _limit(meta: object) -> Iterator[tuple[str, float]]:
    match meta:
        case Ge(ge=value):
            yield ">=", float(str(value))
        case Gt(gt=value):
            yield ">", float(str(value))
        case Le(le=value):
            yield "<=", float(str(value))
        case Lt(lt=value):
            yield "<", float(str(value))
        case _:
            pass


def _named(annotation: Any) -> str:
    text = annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
    for long, short in {
        "typing.": "",
        "pathlib._local.": "",
        "pathlib.": "",
        "pydantic.types.": "",
        "uuid.": "",
        "NoneType": "None",
        "SecretStr": "secret",
    }.items():
        text = text.replace(long, short)
    return text.replace("Literal[", "one of [").replace("'", "")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=False)
    if field.is_required():
        return "required"
    if value is None or isinstance(value, SecretStr):
        return ""
    return f"`{value}`" if value != "" else '`""`'


def _attribute_docs(module: Any, class_name: str) -> dict[str, str]:
    """Return the strings beneath the attributes of a class."""
    body = next(
        node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.ClassDef) and node.name == class_name
    ).body
    docs: dict[str, str] = {}
    for before, node in pairwise(body):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(node, ast.Expr):
            docs[before.target.id] = str(getattr(node.value, "value", ""))
    return docs


def _tree(kind: type[errors.StorehandError]) -> Iterator[type[errors.StorehandError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)


def _doc(thing: object) -> str:
    return inspect.getdoc(thing) or ""


def _page(title: str, lead: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", _NOTE, lead, *parts]) + "\n"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def main() -> int:
    """Write or check the pages."""
    stale = [name for name, make in pages().items() if not (DOCS / name).exists() or (DOCS / name).read_text() != make()]
    if "--check" in sys.argv:
        print(f"out of date, run make docs: {', '.join(stale)}" if stale else "all pages are up to date")
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(pages()[name]())
    print(f"wrote {', '.join(stale)}" if stale else "nothing to write")
    return 0


if __name__ == "__main__":
    sys.exit(main())
