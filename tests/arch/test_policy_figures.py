"""No figure of the policy is for show: each is read by a rule or by what carries it out, and each area has a place in the policy."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from tools import policy
from tools.policy import Policy
from tools.policy.figures import entry_of, model_of

ROOT = Path(__file__).resolve().parents[2]
SHOWN_ONLY = "policy_pages.py"
CODE = "".join(
    path.read_text(encoding="utf-8")
    for folder in ("tools", "store", "server", "graph", "agents")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != SHOWN_ONLY
)


def fields(model: type[BaseModel]) -> Iterator[tuple[type[BaseModel], str]]:
    for name, field in model.model_fields.items():
        yield model, name
        deeper = model_of(field.annotation) or model_of(entry_of(field.annotation))
        if deeper is not None:
            yield from fields(deeper)


@pytest.mark.parametrize("name", sorted({name for _, name in fields(Policy)}))
def test_each_figure_is_read(name: str) -> None:
    assert re.search(rf"\.{name}\b", CODE), f"nothing reads {name}"


def test_each_area_has_its_place_in_the_policy() -> None:
    written = {
        found
        for path in Path(policy.__file__).parent.glob("[a-z]*.py")
        for found in re.findall(r"^class (\w+Policy)\(BaseModel\)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert written == {type(area).__name__ for _, area in Policy() if isinstance(area, BaseModel)}
