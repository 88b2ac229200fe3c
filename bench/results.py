"""One JSON line a figure in `bench/results.jsonl`, and a table for people."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

PATH = Path(__file__).parent / "results.jsonl"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure against its goal; `passed` says whether it is met."""

    name: str
    value: float
    unit: str
    goal: str
    passed: bool


def at_most(name: str, value: float, unit: str, limit: float) -> Figure:
    """Return a figure whose goal is an upper bound."""
    return Figure(name, round(value, 4), unit, f"<= {limit:g}", value <= limit)


def at_least(name: str, value: float, unit: str, limit: float) -> Figure:
    """Return a figure whose goal is a lower bound."""
    return Figure(name, round(value, 4), unit, f">= {limit:g}", value >= limit)


def record(figures: list[Figure]) -> None:
    """Write figures, replacing those of the same names, and print them."""
    known: dict[str, dict[str, object]] = {}
    if PATH.exists():
        known = {row["name"]: row for row in map(json.loads, PATH.read_text(encoding="utf-8").splitlines())}
    for figure in figures:
        row = asdict(figure)
        row["pass"] = row.pop("passed")
        known[figure.name] = row
        print(f"{'pass' if figure.passed else 'MISS'}  {figure.name:<44} {figure.value:>10g} {figure.unit:<8} goal {figure.goal}")
    PATH.write_text("".join(json.dumps(row) + "\n" for row in known.values()), encoding="utf-8")
