"""E-mails to customers: one text file a template beside this module, the subject on its first line."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.redact import visible

_FOLDER = Path(__file__).parent / "letters"


@dataclass(frozen=True, slots=True)
class Written:
    """A letter, ready to be sent."""

    subject: str
    text: str


def names() -> list[str]:
    """Return the templates that there are."""
    return sorted(path.stem for path in _FOLDER.glob("*.txt"))


def write(name: str, values: Mapping[str, Any]) -> Written:
    """Fill a template. What it does not mention is left out; what it needs and was not given stays empty.

    Raises:
        KeyError: there is no such template.
    """
    if name not in names():
        raise KeyError(f"template {name}: there is {', '.join(names())}")
    environment = _environment()
    text = environment.get_template(f"{name}.txt").render({key: _shown(value) for key, value in values.items()})
    subject, _, body = text.partition("\n")
    return Written(" ".join(subject.split())[:150], body.strip() + "\n")


def _shown(value: object) -> object:
    return visible(value) if isinstance(value, str) else value


@cache
def _environment() -> Any:
    from jinja2 import FileSystemLoader
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(loader=FileSystemLoader(_FOLDER), trim_blocks=True, lstrip_blocks=True)
