"""A policy as it is stored and changed: read what any version wrote, and apply changes that a person names by path."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, cast, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import InvalidInput
from core.money import Money
from tools.policy import Policy
from tools.policy.figures import entry_of, inner, model_of

_STEPS = re.compile(r"\[([^\[\]]+)\]|([^.\[\]]+)")
_MEASURE = re.compile(r"^\s*(-?[\d.,]+)\s*(?:days?|hours?|minutes?|units?|points?|percent|%)\s*$", re.IGNORECASE)
_KEY = re.compile(r"^[a-z][a-z0-9_.]{0,59}$")


class Change(BaseModel):
    """One figure that is to be different."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    path: str = Field(min_length=3, max_length=120, json_schema_extra={"format": "policy-path"})
    """Where it stands, as `rules_in_force` shows it, such as refunds.staff_limit."""
    value: str | None = Field(default=None, max_length=500, json_schema_extra={"format": "policy-value"})
    """The new value: a number, yes or no, or an amount such as 150.00. Leave it out to remove an entry, such as a category."""


def read(body: Mapping[str, Any], version: int) -> Policy:
    """Return a stored policy. What this release does not know is left out; what it knows and the body lacks has its default.

    Raises:
        ValidationError: a figure that this release knows is out of its bounds.
    """
    return Policy.model_validate({**known(Policy, body), "version": version})


def known(kind: Any, value: Any) -> Any:
    """Return stored data without the fields that a model does not have (any more, or yet)."""
    model, entry = model_of(kind), entry_of(kind)
    if model is not None and isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {name: known(field.annotation, fields[name]) for name, field in model.model_fields.items() if name in fields}
    if entry is not None and isinstance(value, Mapping):
        return {key: known(entry, item) for key, item in cast("Mapping[str, Any]", value).items()}
    return value


def changed(policy: Policy, changes: Sequence[Change], currency: str) -> Policy:
    """Return a policy with some figures changed.

    Raises:
        InvalidInput: a path leads nowhere, or a value does not fit; the message names the path and what fits.
    """
    data = policy.model_dump(mode="json")
    for change in changes:
        _assign(data, change, currency)
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(_readable(error), code="policy_invalid") from error


def _assign(data: dict[str, Any], change: Change, currency: str) -> None:
    steps = [bracketed or plain for bracketed, plain in _STEPS.findall(change.path)]
    kind, node, removable = cast("Any", Policy), data, False
    for number, name in enumerate(steps):
        model, entry = model_of(kind), entry_of(kind)
        if model is not None:
            name = _field(model, name, change.path)  # noqa: PLW2901
            kind, removable = model.model_fields[name].annotation, False
        elif entry is not None:
            if not _KEY.match(name):
                raise InvalidInput(f"“{name}” is no name: use small letters, digits and _", field=change.path, code="policy_path")
            kind, removable = entry, True
        else:
            raise InvalidInput(f"{change.path}: there is nothing beneath it", field="path", code="policy_path")
        if number + 1 < len(steps):
            if not isinstance(node.get(name), dict):
                node[name] = {}
            node = node[name]
        elif change.value is None:
            if not removable or name not in node:
                raise InvalidInput("give a value; only an entry can be removed", field=change.path, code="policy_value")
            del node[name]
        else:
            node[name] = _value(change.value, kind, name, change.path, currency)


def _field(model: type[BaseModel], name: str, path: str) -> str:
    for candidate in (name, f"{name}_minor"):
        if candidate in model.model_fields and not (model is Policy and candidate == "version"):
            return candidate
    names = ", ".join(field.removesuffix("_minor") for field in model.model_fields if field != "version")
    raise InvalidInput(f"there is no {name}; there is: {names}", field=path, code="policy_path")


def _value(text: str, kind: Any, name: str, path: str, currency: str) -> Any:
    """Return what a person wrote as JSON of the wanted kind; the model checks it afterwards."""
    plain = inner(kind)
    if model_of(plain) or entry_of(plain) is not None or text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError as error:
            raise InvalidInput("this is a group: change its figures one by one, or give JSON", field=path, code="policy_value") from error
    if name.endswith("_minor"):
        try:
            return Money.parse(re.sub(r"[^\d.,-]", "", text), currency).minor
        except ValueError as error:
            raise InvalidInput(f"{text!r} is no amount; write it like 150.00", field=path, code="policy_value") from error
    if get_origin(plain) is Literal or (isinstance(plain, type) and issubclass(plain, Enum)):
        return text.strip().lower().replace(" ", "_")
    if measure := _MEASURE.match(text):
        return measure[1].replace(",", ".")
    if plain in (int, float, Decimal):
        return text.strip().replace(",", ".")
    return text.strip()


def _readable(error: ValidationError) -> str:
    found = [
        f"{'.'.join(str(part).removesuffix('_minor') for part in item['loc']) or 'policy'}: {item['msg'].removeprefix('Value error, ')}"
        for item in error.errors(include_url=False)[:5]
    ]
    return "; ".join(found)
