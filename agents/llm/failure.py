"""What a provider's error means: may we ask again, when, and what may be told about it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError

from langchain_core.exceptions import ContextOverflowError

_AGAIN = "Please try again in a moment."
_SECRETIVE = frozenset({401, 403})
"""Answers to these often quote the key, so their text is neither logged nor chained."""


class StreamCut(Exception):
    """A stream ended without a finish reason: the answer is not whole."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one attempt failed."""

    reason: str
    """A sentence for the user or the operator, without hosts and keys."""
    retryable: bool
    """Whether asking again may help; only such failures count for the breaker, since the others are answered at once."""
    retry_after: float | None = None
    """Seconds that the provider asked us to wait."""
    secretive: bool = False


def read_failure(error: Exception, model: str, now: datetime) -> Failure | None:
    """Explain an error of a model call, or return None when it is a defect of ours that must not be retried."""
    if isinstance(error, ContextOverflowError):
        return Failure("The conversation is too long for the language model; start a new one.", retryable=False)
    if isinstance(error, StreamCut | JSONDecodeError) or _is_empty_stream(error):
        return Failure(f"The language model's answer broke off. {_AGAIN}", retryable=True)
    if isinstance(error, TimeoutError):
        return Failure(f"The language model took too long to answer. {_AGAIN}", retryable=True)
    if isinstance(error, OSError):
        return Failure(f"The language model could not be reached. {_AGAIN}", retryable=True)
    return _read_provider_error(error, model, now)


def _is_empty_stream(error: Exception) -> bool:
    # langchain-core raises a plain ValueError for a stream without chunks, e.g. a web page served with status 200.
    return isinstance(error, ValueError) and "No generation chunks" in str(error)


def _read_provider_error(error: Exception, model: str, now: datetime) -> Failure | None:
    import openai

    if isinstance(error, openai.APITimeoutError):
        return Failure(f"The language model took too long to answer. {_AGAIN}", retryable=True)
    if isinstance(error, openai.APIConnectionError):
        return Failure(f"The language model could not be reached. {_AGAIN}", retryable=True)
    if isinstance(error, openai.APIStatusError):
        return _read_status(error.status_code, error.code, model, read_retry_after(error.response.headers, now))
    if isinstance(error, openai.APIError):
        code = error.code or ""
        return _read_status(int(code) if code.isdecimal() else 500, code, model, None)
    return None


def _read_status(status: int, code: str | None, model: str, retry_after: float | None) -> Failure:
    final = {
        401: f"The provider of {model} refused our key (401): check STOREHAND_LLM__API_KEY or OPENAI_API_KEY.",
        402: f"The provider account of {model} has no credit left (402).",
        403: f"Our key may not use {model} (403): check the rights of STOREHAND_LLM__API_KEY or OPENAI_API_KEY.",
        404: f"The provider does not know {model} (404): check STOREHAND_LLM__MODEL and STOREHAND_LLM__BASE_URL.",
    }
    if status in final:
        return Failure(final[status], retryable=False, secretive=status in _SECRETIVE)
    if code == "insufficient_quota":
        return Failure(f"The provider account of {model} has no quota left: check its plan and billing.", retryable=False)
    if status in {408, 409, 429} or status >= 500:
        what = "is busy" if status == 429 else "is having trouble"
        return Failure(f"The language model {what} ({status}). {_AGAIN}", retryable=True, retry_after=retry_after)
    return Failure(f"The provider of {model} rejected the request ({status}).", retryable=False)


def read_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the wait in seconds that `Retry-After` (seconds or an HTTP date) or `retry-after-ms` asks for."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        value = headers.get(name)
        if value is None:
            continue
        seconds = _number(value)
        if seconds is None:
            seconds = _until(value, now)
        else:
            seconds /= unit
        if seconds is not None:
            return max(0.0, seconds)
    return None


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until(value: str, now: datetime) -> float | None:
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - now).total_seconds()
