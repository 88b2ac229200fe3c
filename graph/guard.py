"""What goes into a model is whole, and what comes out is supported."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from tools.result import failed

DECISION_MARK = "answers_approval"
"""Marks a user's words that only decided on a request."""

_AMOUNT = re.compile(r"(?:[€$£]\s?|\b(?:EUR|USD|GBP)\s)(\d[\d,. ]*\d|\d)|\b(\d[\d,. ]*[.,]\d{2})\s?(?:€|EUR|USD|GBP|euros?\b)")
_NUMBER = re.compile(r"\b(?:R|T|PO)-\d{2,}\b|(?:#|\border\s+#?)(\d{3,})\b", re.IGNORECASE)
_TRACKING = re.compile(r"\b(?=[A-Z0-9]*\d[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{9,}\b")
_DATE = re.compile(
    r"\b(\d{4}-\d{2}-\d{2})\b|\b(\d{1,2})\s+(January|February|March|April|May|June|July|August|September|October|November|December)(?:\s+(\d{4}))?\b",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})")
_MINOR = re.compile(r'"minor":\s*(-?\d+)')
_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]


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
    """Return order numbers, amounts, dates and tracking numbers of `answer` that neither tools nor the user nor the policy named."""
    claims = _claims(answer)
    if not claims:
        return []
    for text in _newest_first(messages, texts):
        claims = [(shown, meaning) for shown, meaning in claims if not _occurs(meaning if meaning.isdigit() else shown, text)]
        if not claims:
            return []
    support = _support("\n".join(_newest_first(messages, texts))) | _known(known)
    return [shown for shown, meaning in claims if meaning not in support and not _within(meaning, support)]


def _newest_first(messages: Sequence[AnyMessage], texts: Sequence[str]) -> Iterator[str]:
    """Yield what tools and the user said, newest first: an answer nearly always speaks of the last of it."""
    yield from reversed(texts)
    for message in reversed(messages):
        if isinstance(message, HumanMessage | ToolMessage):
            yield message.text


def _occurs(token: str, text: str) -> bool:
    """Return whether a text says the very same, and not as a part of a longer figure."""
    at = text.find(token)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(token) : at + len(token) + 1]
        if not (before.isalnum() or before in {".", ","}) and not after.isalnum():
            return True
        at = text.find(token, at + 1)
    return False


def _claims(answer: str) -> list[tuple[str, str]]:
    found = [(match.group(0), _amount(match.group(1) or match.group(2))) for match in _AMOUNT.finditer(answer)]
    found += [(match.group(0), (match.group(1) or match.group(0)).upper()) for match in _NUMBER.finditer(answer)]
    found += [(match.group(0), match.group(0)) for match in _TRACKING.finditer(answer)]
    found += [(match.group(0), _date(match)) for match in _DATE.finditer(answer)]
    return found


@lru_cache(maxsize=64)
def _known(text: str) -> frozenset[str]:
    return frozenset(_support(text))


def _support(text: str) -> set[str]:
    support = {meaning for _, meaning in _claims(text)}
    support |= {f"amount:{abs(int(minor))}" for minor in _MINOR.findall(text)}
    for year, month, day in _ISO.findall(text):
        support |= {f"date:{year}-{month}-{day}", f"date:-{month}-{day}"}
    support |= {f"date:-{claim[10:]}" for claim in support if re.fullmatch(r"date:\d{4}-\d\d-\d\d", claim)}
    support |= set(re.findall(r"\d{3,}", text))
    support |= {number.upper() for number in re.findall(r"\b(?:R|T|PO)-\d{2,}\b", text, re.IGNORECASE)}
    support |= {f"amount:{_digits(amount)}" for amount in re.findall(r"\b\d[\d,]*(?:\.\d+)?\b", text)}
    return support


def _within(meaning: str, support: set[str]) -> bool:
    """Whole amounts may be written without their cents."""
    return meaning.startswith("amount:") and f"{meaning}00" in support


def _amount(digits: str) -> str:
    return f"amount:{_digits(digits)}"


def _digits(written: str) -> str:
    plain = written.replace(" ", "").rstrip(".,")
    head, mark, tail = plain.rpartition("." if "." in plain[-3:] else ",")
    if mark and len(tail) <= 2:
        return (re.sub(r"\D", "", head) + tail.ljust(2, "0")).lstrip("0") or "0"
    return (re.sub(r"\D", "", plain) + "00").lstrip("0") or "0"


def _date(match: re.Match[str]) -> str:
    if match.group(1):
        return f"date:{match.group(1)}"
    month = _MONTHS.index(match.group(3).lower()) + 1
    return f"date:{match.group(4) or ''}-{month:02d}-{int(match.group(2)):02d}"


def _not_executed(call_id: str, tool: str) -> ToolMessage:
    result = failed(tool, "not_executed", "This call was not executed: the user went on instead of deciding. Nothing was changed.")
    return ToolMessage(result.for_model(), tool_call_id=call_id, name=tool, id=f"closed-{call_id}", status="error")
