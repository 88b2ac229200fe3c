"""Policies for tests of rules and pages: any that is valid, and one whose every number occurs once."""

from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tools.policy import Policy
from tools.policy.figures import entry_of, inner, model_of

_MOST = 10_000_000


def policies() -> st.SearchStrategy[Policy]:
    """Any valid policy: every number within its bounds, every entry that is there by default."""
    return of_model(Policy())


@st.composite
def of_model(draw: st.DrawFn, default: BaseModel) -> Any:
    """Draw a model like `default`, once; what does not agree with the rest of it gives way, so that nothing drawn is thrown away."""
    kind = type(default)
    drawn = {name: draw(of_field(field, getattr(default, name))) for name, field in kind.model_fields.items() if name != "version"}
    try:
        return kind.model_validate(drawn)
    except ValidationError:
        return _agreeing(default, drawn)


def _agreeing(default: BaseModel, drawn: dict[str, Any]) -> BaseModel:
    """Return `default` with as many of the drawn values as agree; one that has to wait for a later one is tried again."""
    model, waiting = default, dict(drawn)
    for _ in drawn:
        before = len(waiting)
        for name, value in list(waiting.items()):
            try:
                model = type(default).model_validate({**{each: getattr(model, each) for each in type(model).model_fields}, name: value})
            except ValidationError:
                continue
            del waiting[name]
        if len(waiting) == before:
            break
    return model


def of_field(field: FieldInfo, default: Any) -> st.SearchStrategy[Any]:
    return _of(field.annotation, field.metadata, default)


def _of(annotation: Any, metadata: list[Any], default: Any) -> st.SearchStrategy[Any]:
    kind = inner(annotation)
    metadata = [*metadata, *(mark for mark in getattr(annotation, "__metadata__", ()))]
    if isinstance(default, BaseModel):
        return of_model(default)
    if entry_of(annotation) is not None and isinstance(default, dict):
        return st.fixed_dictionaries({key: _of(entry_of(annotation), [], value) for key, value in default.items()})
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    if get_origin(kind) is tuple and isinstance(choice := get_args(kind)[0], type) and issubclass(choice, Enum):
        return st.lists(st.sampled_from(list(choice)), unique=True).map(tuple)
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(*bounds(metadata))
    if kind is Decimal:
        low, high = bounds(metadata)
        return st.decimals(low, high, places=1)
    return st.just(default)


def bounds(metadata: list[Any]) -> tuple[int, int]:
    """Return the least and the greatest value that a number may have."""
    low, high = 0, _MOST
    for mark in _flat(metadata):
        match mark:
            case Ge(ge):
                low = int(ge)  # pyright: ignore[reportArgumentType]
            case Gt(gt):
                low = int(gt) + 1  # pyright: ignore[reportArgumentType]
            case Le(le):
                high = int(le)  # pyright: ignore[reportArgumentType]
            case Lt(lt):
                high = int(lt) - 1  # pyright: ignore[reportArgumentType]
            case _:
                pass
    return low, high


def _flat(metadata: list[Any]) -> Iterator[Any]:
    for mark in metadata:
        yield from mark.metadata if isinstance(mark, FieldInfo) else [mark]


def with_own_figures(shift: int = 0) -> Policy:
    """Return a valid policy whose every number occurs once, as far as its bounds leave room; another one for each `shift`."""
    used: set[int] = set()

    def own(low: int, high: int) -> int:
        start = 11 if high <= 101 else 103 if high < 5000 else 5003
        found = next((number for number in range(max(low, start + shift), high + 1) if number not in used and _lonely(number)), None)
        if found is None:
            found = next(number for number in range(low, high + 1) if number not in used)
        used.add(found)
        return found

    def replaced(value: Any, annotation: Any, metadata: list[Any]) -> Any:
        kind = inner(annotation)
        marks = [*metadata, *(getattr(annotation, "__metadata__", ()))]
        if isinstance(value, BaseModel):
            fields = type(value).model_fields.items()
            return {
                name: replaced(getattr(value, name), field.annotation, field.metadata) for name, field in fields if name != "version"
            } | ({"version": own(0, _MOST)} if isinstance(value, Policy) else {})
        if isinstance(value, dict):
            return {key: replaced(item, entry_of(annotation), []) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        if isinstance(value, bool) or kind not in {int, Decimal} or value is None:
            return value
        return own(*bounds(marks))

    return Policy.model_validate(replaced(Policy(), Policy, []))


def _lonely(number: int) -> bool:
    """Return whether a number is prime, so that it is no sum or product of others by chance; small ones need not be."""
    return number <= 101 or all(number % divisor for divisor in range(2, int(number**0.5) + 1))


__all__ = ["bounds", "model_of", "of_model", "policies", "with_own_figures"]
