"""Which tests have to notice the faults of which module. Modules are loaded by the forked process alone, never before."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_SHARED = ("tests/unit/test_policy_rules.py",)
"""Tests that concern every area."""


@dataclass(frozen=True, slots=True)
class Target:
    """A module and its tests. `prepare` starts what they need and returns plugins with fixtures."""

    path: str
    tests: tuple[str, ...]
    prepare: Callable[[ExitStack], list[Any]] | None = None

    @property
    def name(self) -> str:
        """Short name, such as refunds; a package has its folder's."""
        return self.module.rsplit(".", 1)[-1]

    @property
    def module(self) -> str:
        """Dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _policy() -> list[Target]:
    """Return each module of rules with those of `tests/unit/test_*_rules.py` that import it; a new area joins by itself."""
    tests = {path: path.read_text(encoding="utf-8") for path in sorted((_ROOT / "tests" / "unit").glob("test_*_rules.py"))}
    found: list[Target] = []
    for path in sorted((_ROOT / "tools" / "policy").glob("*.py")):
        target = Target(f"tools/policy/{path.name}", _SHARED)
        own = [f"tests/unit/{test.name}" for test, text in tests.items() if re.search(rf"\b{re.escape(target.module)} import", text)]
        found.append(replace(target, tests=tuple(dict.fromkeys((*own, *_SHARED)))))
    return found


def _executor(stack: ExitStack) -> list[Any]:
    from tests.mutation import fixtures

    return [stack.enter_context(fixtures.small_shop_ready())]


TARGETS = [*_policy(), Target("tools/executor.py", ("tests/integration/test_executor.py",), _executor)]
