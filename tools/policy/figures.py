"""The figures of a policy, one by one: where each stands, what it says in words, and what differs between two versions."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.identity import Role
from core.money import Money

_UNITS = {"days": "day", "hours": "hour", "minutes": "minute", "units": "unit"}
_RANK = {Role.CUSTOMER: 0, Role.STAFF: 1, Role.MANAGER: 2, Role.OWNER: 3}
_PLAIN_KEY = re.compile(r"[a-z0-9_]+")


class Loosens(StrEnum):
    """Which way a figure gives more away, as in `Annotated[int, Loosens.UP]`. Amounts that do not say so loosen either way."""

    UP = "up"
    DOWN = "down"


class Figure(BaseModel):
    """One leaf of a policy."""

    path: str
    """Such as returns.electronics.window_days; amounts go without their `_minor`."""
    label: str
    value: Any
    """As JSON holds it."""
    shown: str
    loosens: Loosens | None
    amount: bool


class Difference(BaseModel):
    """A figure that two versions do not share; an empty side has no such figure."""

    path: str
    label: str
    before: str
    after: str
    loosens: bool
    """Whether more is given away afterwards, or fewer have to look."""

    @property
    def words(self) -> str:
        """The difference as a sentence's part."""
        return f"{self.label}: {self.before or 'none'} -> {self.after or 'none'}"


def figures(policy: BaseModel, currency: str) -> list[Figure]:
    """Return every figure of a policy or of one area, in the order in which they are declared."""
    found = _leaves(policy.model_dump(mode="json"), type(policy), "", [], None, currency)
    return [figure for figure in found if figure.path != "version"]


def differences(before: BaseModel, after: BaseModel, currency: str) -> list[Difference]:
    """Return what two versions do not share."""
    old = {figure.path: figure for figure in figures(before, currency)}
    new = {figure.path: figure for figure in figures(after, currency)}
    found: list[Difference] = []
    for path in dict.fromkeys([*old, *new]):
        was, becomes = old.get(path), new.get(path)
        if was and becomes and was.value == becomes.value:
            continue
        some = was or becomes
        assert some is not None
        found.append(
            Difference(
                path=path,
                label=some.label,
                before=was.shown if was else "",
                after=becomes.shown if becomes else "",
                loosens=_loosens(was, becomes),
            )
        )
    return found


def inner(kind: Any) -> Any:
    """Return an annotation without `Annotated` and without `None`."""
    if get_origin(kind) is Annotated:
        return inner(get_args(kind)[0])
    options = [option for option in get_args(kind) if option is not type(None)]
    return inner(options[0]) if type(None) in get_args(kind) and len(options) == 1 else kind


def model_of(kind: Any) -> type[BaseModel] | None:
    """Return the model that an annotation names, if it names one."""
    plain = inner(kind)
    return plain if isinstance(plain, type) and issubclass(plain, BaseModel) else None


def entry_of(kind: Any) -> Any:
    """Return the annotation of a mapping's values, None when an annotation names no mapping."""
    plain = inner(kind)
    return get_args(plain)[1] if get_origin(plain) is dict else None


def step(path: str, name: str) -> str:
    """Return a path one step further; a key that is no plain word stands in brackets."""
    if not _PLAIN_KEY.fullmatch(name):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def _leaves(value: Any, kind: Any, path: str, labels: list[str], loosens: Loosens | None, currency: str) -> Iterator[Figure]:
    model, entry = model_of(kind), entry_of(kind)
    if model is not None and isinstance(value, Mapping):
        for name, field in model.model_fields.items():
            shown = name.removesuffix("_minor")
            yield from _of_field(cast("Any", value[name]), field, step(path, shown), [*labels, shown], name, currency)
    elif entry is not None and isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            deeper = model_of(entry) is not None
            if deeper:
                yield from _leaves(item, entry, step(path, key), [*labels, key], loosens, currency)
            else:
                yield _leaf(item, step(path, key), [*labels, key], loosens, path.rsplit(".", 1)[-1], currency)
    else:
        yield _leaf(value, path, labels, loosens, path.rsplit(".", 1)[-1], currency)


def _of_field(value: Any, field: FieldInfo, path: str, labels: list[str], name: str, currency: str) -> Iterator[Figure]:
    loosens = next((mark for mark in field.metadata if isinstance(mark, Loosens)), None)
    if model_of(field.annotation) or entry_of(field.annotation) is not None:
        yield from _leaves(value, field.annotation, path, labels, loosens, currency)
    else:
        yield _leaf(value, path, labels, loosens, name, currency)


def _leaf(value: Any, path: str, labels: list[str], loosens: Loosens | None, name: str, currency: str) -> Figure:
    area, *rest = [label if "." in label else label.replace("_", " ") for label in labels]
    label = f"{area.capitalize()}, {' '.join(rest)}" if rest else area.capitalize()
    amount = name.endswith("_minor")
    return Figure(path=path, label=label, value=value, shown=_shown(value, name, currency), loosens=loosens, amount=amount)


def _shown(value: Any, name: str, currency: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value))) or "none"
    if name.endswith("_minor") and isinstance(value, int):
        return str(Money(minor=value, currency=currency))
    unit = name.rsplit("_", 1)[-1]
    if unit == "percent" or "_percent" in name or "commission" in name:
        return f"{Decimal(str(value)).normalize():f} %"
    if unit in _UNITS:
        return f"{value} {_UNITS[unit] if value == 1 else unit}"
    return str(value).replace("_", " ")


def _loosens(was: Figure | None, becomes: Figure | None) -> bool:
    some = was or becomes
    assert some is not None
    if was is None or becomes is None:
        return some.loosens is not None or some.amount
    if some.loosens is None:
        return some.amount
    old, new = _size(was.value), _size(becomes.value)
    return new > old if some.loosens is Loosens.UP else new < old


def _size(value: Any) -> Decimal:
    """Return what a figure weighs: a number, yes over no, an owner over a manager. No limit at all is the most."""
    if value is None:
        return Decimal("Infinity")
    if isinstance(value, str) and value in _RANK:
        return Decimal(_RANK[Role(value)])
    return Decimal(str(int(value) if isinstance(value, bool) else value))
