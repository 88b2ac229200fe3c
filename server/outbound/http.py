"""JSON over HTTP to a provider: timeouts, a quick second try, `Retry-After`, a breaker, one Idempotency-Key.

Longer waits are not spent here: the dispatcher keeps the message and comes back.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import httpx
from pydantic import JsonValue

from agents.llm.breaker import Breakers
from agents.llm.failure import read_retry_after
from core.clock import Clock, system_clock
from server.outbound.failure import ProviderDown, ProviderRefused

_TRIES = 2
_FIRST_WAIT, _PATIENCE = 0.2, 1.0
_AGAIN = frozenset({408, 409, 425, 429})
"""Answers below 500 to a request that may be sent again: too slow, the first one is still at work, too early, too many."""
_LARGEST_ANSWER = 4 * 1024 * 1024


class ProviderClient:
    """One provider's API for one store. The key is sent as a bearer token unless `headers` say otherwise."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        name: str,
        base_url: str,
        *,
        breakers: Breakers,
        headers: Mapping[str, str],
        clock: Clock = system_clock,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._http = http
        self._name = name
        self._base = base_url.rstrip("/")
        self._breakers = breakers
        self._headers = dict(headers)
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter

    async def send(
        self, method: str, path: str, *, key: str = "", body: JsonValue = None, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request, the second time at once when the first failed, and return the JSON object of the answer.

        Raises:
            ProviderDown: no answer, a busy or broken provider, or an open circuit.
            ProviderRefused: the provider refuses the request as it is.
        """
        for tried in range(1, _TRIES + 1):
            if not self._breakers.allows(self._name):
                raise ProviderDown("the provider keeps failing and is left alone for a while", retry_after=20)
            try:
                return await self._once(method, path, key, body, params)
            except ProviderDown as failure:
                wait = failure.retry_after if failure.retry_after is not None else _FIRST_WAIT * (0.5 + self._jitter() / 2)
                if tried == _TRIES or wait > _PATIENCE:
                    raise
                await self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _once(self, method: str, path: str, key: str, body: JsonValue, params: Mapping[str, str] | None) -> dict[str, Any]:
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        try:
            response = await self._http.request(method, f"{self._base}{path}", json=body, params=params, headers=headers)
        except httpx.TimeoutException as error:
            self._breakers.failed(self._name)
            raise ProviderDown("the provider took too long to answer") from error
        except httpx.HTTPError as error:
            self._breakers.failed(self._name)
            raise ProviderDown(f"the provider could not be reached ({type(error).__name__})") from error
        return self._read(response)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        status = response.status_code
        if status >= 500:
            self._breakers.failed(self._name)
        else:
            self._breakers.succeeded(self._name)
        if status >= 500 or status in _AGAIN:
            what = "is busy" if status == 429 else "is having trouble"
            raise ProviderDown(f"the provider {what} ({status})", retry_after=read_retry_after(response.headers, self._clock()))
        answer = _object(response)
        if status >= 400:
            code, message = _complaint(answer)
            raise ProviderRefused(message or f"the provider refused the request ({status})", code=code or f"http_{status}")
        if answer is None:
            raise ProviderDown("the provider's answer broke off")
        return answer


def _object(response: httpx.Response) -> dict[str, Any] | None:
    if len(response.content) > _LARGEST_ANSWER:
        return None
    try:
        found = response.json()
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def _complaint(answer: dict[str, Any] | None) -> tuple[str, str]:
    """Return code and message of `{"error": {"code", "message"}}` or `{"errors": ...}`, the two usual forms."""
    error = (answer or {}).get("error", (answer or {}).get("errors"))
    if isinstance(error, dict):
        found = cast("dict[str, Any]", error)
        return str(found.get("code", "")), str(found.get("message", "") or found)
    return "", str(error) if error else ""
