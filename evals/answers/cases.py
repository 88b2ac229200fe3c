"""The answers as they stand in `cases.jsonl`, and the tool results in `results.jsonl` that they are given from.

A line holds two answers: `{right|wrong}` marks the place where an error of its `kind` is planted.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage

_FOLDER = Path(__file__).parent
_PLACE = re.compile(r"\{([^|{}]*)\|([^|{}]*)\}")
_HELD_BACK = 3
"""Every third line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, what came before it, and which kind of error it holds, if any."""

    text: str
    planted: str
    """`amount`, `id`, `date`, `tracking`, `policy` or `quantity`; empty when everything is right."""
    messages: tuple[AnyMessage, ...]
    evidence: tuple[str, ...]
    """The results as a reader sees them."""
    held_back: bool


def answers() -> list[Answer]:
    """Return all answers, the right one of a line before the wrong one.

    Raises:
        ValueError: a line has not exactly one place for an error.
    """
    results = {line["name"]: line for line in _lines("results.jsonl")}
    found: list[Answer] = []
    for number, line in enumerate(_lines("cases.jsonl"), start=1):
        if len(_PLACE.findall(line["answer"])) != 1:
            raise ValueError(f"line {number} should mark one place as {{right|wrong}}: {line['answer']!r}")
        given = [results[name] for name in line["from"]]
        messages: list[AnyMessage] = [HumanMessage(line.get("said", "Please have a look."))]
        for place, result in enumerate(given):
            call_id = f"call-{place}"
            messages.append(AIMessage("", tool_calls=[ToolCall(name=result["tool"], args={}, id=call_id)]))
            messages.append(ToolMessage(json.dumps(result["data"], ensure_ascii=False), tool_call_id=call_id, name=result["tool"]))
        for group, planted in ((1, ""), (2, line["kind"])):
            text = _PLACE.sub(lambda match, group=group: match.group(group), line["answer"])
            evidence = tuple(result["text"] for result in given)
            found.append(Answer(text, planted, tuple(messages), evidence, number % _HELD_BACK == 0))
    return found


def _lines(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines() if line.strip()]
