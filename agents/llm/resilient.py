"""Answers in spite of failures: deadline, retry, breaker, next model, and the offline model last."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable

from agents.llm.assembly import Assembly
from agents.llm.breaker import Breakers
from agents.llm.failure import Failure, StreamCut, read_failure
from agents.llm.openai import close_openai
from agents.llm.streaming import pieces
from core.clock import Clock, system_clock
from core.errors import ModelFailed
from core.log import get_logger
from core.redact import redact_text

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
_OFFLINE_SECONDS = 10.0
"""The offline model needs no network, so it gets this time even when the providers used up the deadline."""
_BOUND_KEPT = 64

log = get_logger(__name__)


class Draft(Protocol):
    """Receives the tokens of an answer that may still be thrown away."""

    def token(self, message_id: str, text: str) -> None:
        """Show a piece of the answer."""
        ...

    def discard(self, message_id: str) -> None:
        """Take back all tokens of the answer: it starts again."""
        ...


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model under the name that breakers, logs and answers use."""

    name: str
    model: BaseChatModel
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer, who gave it and after how many attempts."""

    message: AIMessage
    model: str
    offline: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class _Request:
    messages: list[BaseMessage]
    tools: Sequence[dict[str, Any]]
    draft: Draft
    message_id: str


@dataclass(slots=True)
class _Progress:
    ends: float
    attempts: int = 0
    reasons: list[str] = field(default_factory=list[str])
    cause: Exception | None = None


class ResilientModel:
    """Runs a chain of models; the first whole answer wins, and pieces of a broken one are never kept."""

    def __init__(
        self,
        chain: Sequence[NamedModel],
        *,
        deadline: float,
        max_retries: int,
        breaker: Breakers,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        clock: Clock = system_clock,
    ) -> None:
        """Take the chain, first choice first; `deadline` is in seconds over all attempts on providers, waits included."""
        self._chain = tuple(chain)
        self._deadline = deadline
        self._max_retries = max_retries
        self._breaker = breaker
        self._sleep = sleep
        self._monotonic = monotonic
        self._jitter = jitter
        self._clock = clock
        self._bound: dict[tuple[str, tuple[int, ...]], tuple[Runnable[Any, AIMessage], tuple[dict[str, Any], ...]]] = {}

    async def complete(
        self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]], draft: Draft, *, message_id: str
    ) -> Completion:
        """Ask until there is a whole answer, and show its tokens on the way.

        Raises:
            ModelFailed: every model of the chain failed; the message is safe for users.
        """
        request = _Request(list(messages), tools, draft, message_id)
        progress = _Progress(ends=self._monotonic() + self._deadline)
        for named in self._chain:
            message = await self._ask(named, request, progress)
            if message is not None:
                return Completion(message, named.name, named.offline, progress.attempts)
        raise ModelFailed(" ".join(dict.fromkeys(progress.reasons))) from progress.cause

    async def aclose(self) -> None:
        """Close the connections to the providers, at the end of the process."""
        for named in self._chain:
            await close_openai(named.model)

    async def _ask(self, named: NamedModel, request: _Request, progress: _Progress) -> AIMessage | None:
        """Ask one model until it answers, fails for good or has no time left; the reasons go to `progress`."""
        ends = max(progress.ends, self._monotonic() + _OFFLINE_SECONDS) if named.offline else progress.ends
        for retry in range(self._max_retries + 1):
            seconds = ends - self._monotonic()
            if seconds <= 0:
                progress.reasons.append("The language model took too long to answer. Please try again in a moment.")
                return None
            if not self._breaker.allows(named.name):
                progress.reasons.append("The language model is down at the moment. Please try again in a minute.")
                return None
            progress.attempts += 1
            try:
                message = await self._stream(named, request, seconds)
            except Exception as error:
                failure = read_failure(error, named.name, self._clock())
                if failure is None:
                    raise
                self._note(named, failure, error, progress)
                wait = self._wait(failure, retry)
                again = failure.retryable and retry < self._max_retries and not self._breaker.blocked(named.name)
                if not again or wait >= ends - self._monotonic():
                    progress.reasons.append(failure.reason)
                    return None
            else:
                self._breaker.succeeded(named.name)
                return message
            await self._sleep(wait)
        return None

    def _note(self, named: NamedModel, failure: Failure, error: Exception, progress: _Progress) -> None:
        if failure.retryable:
            self._breaker.failed(named.name)
        progress.cause = None if failure.secretive else error
        detail = "" if failure.secretive else redact_text(f"{type(error).__name__}: {error}")[:300]
        log.warning("model attempt failed", model=named.name, attempt=progress.attempts, reason=failure.reason, detail=detail)

    def _wait(self, failure: Failure, retry: int) -> float:
        """Return the seconds before the next attempt: what the provider asked for, else a doubling time, spread out."""
        if failure.retry_after is not None:
            return failure.retry_after
        return min(_LONGEST_WAIT, _FIRST_WAIT * 2**retry) * (0.5 + self._jitter() / 2)

    async def _stream(self, named: NamedModel, request: _Request, seconds: float) -> AIMessage:
        assembly, shown = Assembly(), False
        try:
            async with asyncio.timeout(seconds):
                async for chunk in pieces(self._with_tools(named, request.tools), request.messages):
                    if text := assembly.add(chunk):
                        request.draft.token(request.message_id, text)
                        shown = True
            if not assembly.finished and not named.offline:
                raise StreamCut(f"{named.name} sent no finish reason")
        except Exception:
            if shown:
                request.draft.discard(request.message_id)
            raise
        return assembly.message(request.message_id)

    def _with_tools(self, named: NamedModel, tools: Sequence[dict[str, Any]]) -> Runnable[Any, AIMessage]:
        """Bind `tools` once; the kept tools also keep their `id`s from being given to other objects."""
        if not tools:
            return named.model
        key = (named.name, tuple(map(id, tools)))
        found = self._bound.get(key)
        if found is None:
            if len(self._bound) >= _BOUND_KEPT:
                self._bound.clear()
            found = self._bound[key] = (named.model.bind_tools(list(tools)), tuple(tools))
        return found[0]
