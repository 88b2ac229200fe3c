"""The tools of a process by name. Built once from the explicit list in `tools.toolbox`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.identity import Principal
from tools.spec import Tool


class Toolbox(Mapping[str, Tool[Any, Any]]):
    """Every tool by its name; names are unique and match `[a-z_]+`."""

    def __init__(self, tools: Iterable[Tool[Any, Any]]) -> None:
        self._tools: dict[str, Tool[Any, Any]] = {}
        for tool in tools:
            if tool.name in self._tools or not tool.name.replace("_", "").isalpha() or not tool.name.islower():
                raise ValueError(f"{tool.name}: a tool's name is unique and matches [a-z_]+")
            self._tools[tool.name] = tool

    def __getitem__(self, name: str) -> Tool[Any, Any]:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def open_to(self, principal: Principal, names: Iterable[str] | None = None) -> list[Tool[Any, Any]]:
        """Return the tools that a caller may use, of `names` or of all, sorted by name."""
        chosen = self._tools if names is None else names
        return [self._tools[name] for name in sorted(chosen) if self._tools[name].open_to(principal)]
