"""`storehand eval answers`: shows the answer check answers with and without planted errors, and counts what it finds."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.markup import escape

from agents.policy_pages import render_policy_pages
from evals.answers.cases import Answer, answers
from graph.guard import unsupported
from server.cli.output import out
from tools.policy import Policy

CAUGHT_GOAL, FALSE_ALARM_GOAL = 0.99, 0.01


def run_answers(*, as_json: bool) -> int:
    """Check every answer, print what went wrong and the figures; return 0 when both goals are met."""
    judged = checked()
    figures = summed_up(judged)
    wrong = [(answer, claims) for answer, claims in judged if bool(claims) != bool(answer.planted)]
    if as_json:
        listed = [{"planted": answer.planted, "answer": answer.text, "claims": claims} for answer, claims in wrong]
        print(json.dumps({**figures, "wrong": listed}, ensure_ascii=False))  # noqa: T201
    else:
        for answer, claims in wrong:
            what = f"missed {answer.planted}" if answer.planted else f"false alarm {claims}"
            out().print(f"[red]{escape(what)}[/red]{' (held back)' if answer.held_back else ''}: {escape(repr(answer.text))}")
        for name, value in figures.items():
            out().print(f"{name.replace('_', ' '):<26} {value:.1%}" if isinstance(value, float) else f"{name:<26} {value}")
    return 0 if figures["caught"] >= CAUGHT_GOAL and figures["false_alarms"] <= FALSE_ALARM_GOAL else 1


def checked() -> list[tuple[Answer, list[str]]]:
    """Return each answer with the figures that the check names, all pages of the default policy being known."""
    known = "\n".join(page.body for page in render_policy_pages(Policy(), "EUR"))
    return [(answer, unsupported(answer.text, answer.messages, answer.evidence, known)) for answer in answers()]


def summed_up(judged: Sequence[tuple[Answer, list[str]]]) -> dict[str, Any]:
    """Return the shares of errors caught and of right answers withheld: of all, of those held back, and of each kind."""
    kept = [(answer, claims) for answer, claims in judged if answer.held_back]
    planted = Counter(answer.planted for answer, _ in judged if answer.planted)
    found = Counter(answer.planted for answer, claims in judged if answer.planted and claims)
    return {
        "answers": len(judged),
        "caught": _share(judged, planted=True),
        "false_alarms": _share(judged, planted=False),
        "caught_held_back": _share(kept, planted=True),
        "false_alarms_held_back": _share(kept, planted=False),
        "kinds": {kind: f"{found[kind]} of {count}" for kind, count in sorted(planted.items())},
    }


def _share(judged: Sequence[tuple[Answer, list[str]]], *, planted: bool) -> float:
    chosen = [bool(claims) for answer, claims in judged if bool(answer.planted) is planted]
    return sum(chosen) / len(chosen) if chosen else 0.0
