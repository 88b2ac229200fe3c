"""What goes into a model is whole, and what comes out is supported."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from graph.figures import Figure, Kind, adds_up, figures, number, plain, sentences
from graph.state import WINDOW
from graph.support import EMPTY, Line, holds, of_result, of_text, words
from tools.items import fold
from tools.result import failed

DECISION_MARK = "answers_approval"
"""Marks a user's words that only decided on a request."""

_GENERAL = frozenset("option way thing step question choice possibility reason time moment more other".split())
"""Nouns of numbers that speak of the answer itself."""
_NUMBERING = re.compile(r"^\s*(?:[-*]\s+)?\(?\d{1,2}[.)]\s|\[\d{1,2}\]", re.MULTILINE)
_COMPARED = {
    Kind.AMOUNT: frozenset({Kind.AMOUNT, Kind.NUMBER}),
    Kind.CODE: frozenset({Kind.CODE, Kind.NUMBER}),
    Kind.NUMBER: frozenset({Kind.NUMBER, Kind.CODE}),
}
"""What a claim is compared with besides its own kind: an order number is a number in one place and a code in another."""
_BARE_LEAST = 10
"""From which on a number without a noun is a claim."""


def repaired(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """Return the history as providers demand it: each tool call followed by its result, an open one closed as not executed."""
    results = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    whole: list[AnyMessage] = []
    for message in messages:
        if isinstance(message, ToolMessage) or message.additional_kwargs.get(DECISION_MARK):
            continue
        whole.append(message)
        if isinstance(message, AIMessage):
            calls = [(call["id"] or call["name"], call["name"]) for call in message.tool_calls]
            calls += [(call.get("id") or "", call.get("name") or "unknown") for call in message.invalid_tool_calls]
            whole += [results.get(call_id) or _not_executed(call_id, tool) for call_id, tool in calls]
    return whole


def unsupported(answer: str, messages: Sequence[AnyMessage], texts: Sequence[str], known: str) -> list[str]:
    """Return the figures of `answer` that nothing supports: amounts, dates, codes and numbers, periods, shares and quantities.

    A figure is supported by a result, by the user's words or by the policy (`known`), unless another line of the same list or text says
    all that the sentence says of that line, and more, with another figure: then it belongs to something else. Sums, differences and
    multiples are supported when the answer shows what they are made of.
    """
    text = _NUMBERING.sub(lambda match: " " * len(match.group(0)), plain(answer))
    told = {one[begin:end].strip() for one in map(plain, texts) for begin, end in sentences(one)}
    claims = [claim for claim in figures(text) if _is_claim(claim) and _sentence(text, claim) not in told]
    if not claims:
        return []
    lines, rules = list(_lines(messages[-WINDOW:], texts)), of_text(known)
    doubted = [claim for claim in claims if not _is_supported(claim, _about(text, claim, claims), lines, rules)]
    sure = [claim for claim in claims if claim not in doubted]
    parts = [number(claim) for claim in sure if claim.kind is Kind.AMOUNT]
    times = [number(claim) for claim in sure if claim.kind is Kind.NUMBER]
    left = (claim.shown for claim in doubted if claim.kind is not Kind.AMOUNT or not adds_up(number(claim), parts, times))
    return list(dict.fromkeys(left))


def _lines(messages: Sequence[AnyMessage], texts: Sequence[str]) -> Iterator[Line]:
    for text in texts:
        yield from of_text(text)
    for message in messages:
        if isinstance(message, ToolMessage):
            yield from of_result(message.text)
        elif isinstance(message, HumanMessage):
            yield from (Line(line.words, line.figures, {}, line.names) for line in of_text(message.text))


def _is_claim(figure: Figure) -> bool:
    """Return whether a figure says something of the shop; small numbers do with a noun alone."""
    if figure.kind is not Kind.NUMBER:
        return True
    spelled, value = figure.shown[0].isalpha(), number(figure)
    if figure.unit in _GENERAL or fold(figure.unit) in _GENERAL:
        return False
    named = bool(figure.unit) and (figure.unit not in EMPTY or figure.unit == "of")
    return value > 1 and named if spelled else named or value >= _BARE_LEAST


def _is_supported(claim: Figure, about: frozenset[str], results: Sequence[Line], rules: Sequence[Line]) -> bool:
    """Return whether a result says so, or a rule of the policy; a plain number of a rule counts where the rule is spoken of."""
    matter = frozenset({fold(claim.unit)}) if claim.unit not in EMPTY else about
    kinds = _COMPARED.get(claim.kind, {claim.kind})
    holding, others = list[Line](), list[Line]()
    for line in chain(results, (rule for rule in rules if claim.kind is not Kind.NUMBER or rule.words & matter)):
        if not kinds.isdisjoint(line.kinds) and holds(line, claim):
            holding.append(line)
        elif claim.kind in line.kinds:
            others.append(line)
    if not holding and claim.kind is Kind.NUMBER:
        return any(
            claim.values[0] == day[0] for line in results for figure in line.figures for day in figure.values if isinstance(day, tuple)
        )
    return any(not any(_says_more(other, line, about) for other in others) for line in holding)


def _says_more(other: Line, line: Line, about: frozenset[str]) -> bool:
    """Return whether a rival says all the words that a line says, and names more."""
    return bool(other.names & about - line.words) and line.words & about <= other.words and line.rivals(other)


def _about(text: str, claim: Figure, claims: Sequence[Figure]) -> frozenset[str]:
    """Return the words of a figure's sentence; figures are none, except numbers and codes of something else."""
    start, end = _bounds(text, claim)
    sentence = list(text[start:end])
    for other in claims:
        if start <= other.begin < end and (other.kind is claim.kind or other.kind not in {Kind.NUMBER, Kind.CODE}):
            place, length = other.begin - start, len(other.shown.split()[0] if other.kind is Kind.NUMBER else other.shown)
            sentence[place : place + length] = " " * length
    return words("".join(sentence))


def _sentence(text: str, claim: Figure) -> str:
    start, end = _bounds(text, claim)
    return text[start:end].strip()


def _bounds(text: str, claim: Figure) -> tuple[int, int]:
    return next(((start, end) for start, end in sentences(text) if start <= claim.begin < end), (0, len(text)))


def _not_executed(call_id: str, tool: str) -> ToolMessage:
    result = failed(tool, "not_executed", "This call was not executed: the user went on instead of deciding. Nothing was changed.")
    return ToolMessage(result.for_model(), tool_call_id=call_id, name=tool, id=f"closed-{call_id}", status="error")
