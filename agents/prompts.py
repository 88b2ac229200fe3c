"""Loads prompts: Markdown with front matter, rendered in a sandbox that refuses unknown variables."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

_ROOT = Path(__file__).parent.parent / "prompts"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template with its front matter."""

    name: str
    version: int
    template: Any

    def render(self, **variables: Any) -> str:
        """Return the text; every variable that the template names must be given."""
        return self.template.render(**variables).strip()


@cache
def load(name: str) -> Prompt:
    """Return the prompt `prompts/<name>.md`.

    Raises:
        FileNotFoundError, ValueError: it is missing, or its front matter is not what it should be.
    """
    import yaml
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    source = (_ROOT / f"{name}.md").read_text(encoding="utf-8")
    _, head, body = source.split("---\n", 2)
    meta = cast("dict[str, Any] | None", yaml.safe_load(head))
    if not meta or "name" not in meta or "version" not in meta:
        raise ValueError(f"prompts/{name}.md: front matter needs name and version")
    environment = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    return Prompt(str(meta["name"]), int(meta["version"]), environment.from_string(body))
