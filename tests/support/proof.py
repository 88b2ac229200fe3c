"""Figures of guarantees: how often each was tried and broken, against its bound."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

WHOLE = os.environ.get("STOREHAND_GUARANTEES") == "whole"
"""Whether everything is tried that a guarantee names; else a twentieth."""
PATH = Path(__file__).parents[2] / "bench" / "guarantees.jsonl"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of one guarantee. With no violation in n trials, fewer than `bound` of all cases break it, with 95 % confidence."""

    id: str
    what: str
    trials: int
    violations: int
    figure: float | None = None
    goal: str | None = None

    @property
    def bound(self) -> float | None:
        """The upper bound of the share of violations, None when there were some."""
        return None if self.violations else round(1 - 0.05 ** (1 / self.trials), 6)


def scaled(whole: int, least: int = 10) -> int:
    """Return how many trials to make of `whole`."""
    return whole if WHOLE else max(least, whole // 20)


def prove(proof: Proof) -> None:
    """Keep a proof when everything was tried, and fail when it was broken."""
    if WHOLE:
        known = {row["id"]: row for row in map(json.loads, PATH.read_text(encoding="utf-8").splitlines())} if PATH.exists() else {}
        known[proof.id] = {**asdict(proof), "bound": proof.bound}
        PATH.write_text("".join(json.dumps(known[name]) + "\n" for name in sorted(known, key=int)), encoding="utf-8")
    assert proof.violations == 0, proof


def table() -> str:
    """Return the figures that were kept, a line each."""
    rows = [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()] if PATH.exists() else []
    lines = [f"{'no':>3} {'trials':>9} {'broken':>7} {'95 % bound':>11}  what is counted"]
    for row in rows:
        bound = "-" if row["bound"] is None else f"{100 * row['bound']:.4f} %"
        figure = "" if row["figure"] is None else f" [{row['figure']:g}; {row['goal']}]"
        lines.append(f"{row['id']:>3} {row['trials']:>9} {row['violations']:>7} {bound:>11}  {row['what']}{figure}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
