"""The simulator's webhooks: signed like a real provider's, repeated until they are taken."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from server.signature import sign, sign_shopify
from server.simulator.behaviour import World

_TRIES = 8
_FIRST_WAIT = 0.2


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Where reports of one account and port go, and with what they are signed."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt to report."""

    event_id: str
    type: str
    status: int


class Reporter:
    """Sends reports in the background."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._http = httpx.AsyncClient(timeout=10)
        self._tasks: set[asyncio.Task[None]] = set()
        self.subscribers: dict[tuple[str, str], Subscriber] = {}
        self.sent: list[Sent] = []

    async def close(self) -> None:
        """Drop what was not sent yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    def later(self, seconds: float, work: Any) -> None:
        """Run a coroutine function after a while."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            await work()

        task = asyncio.get_running_loop().create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def report(self, account: str, port: str, kind: str, data: dict[str, Any]) -> None:
        """Report something to the account's subscriber of a port, as often as the simulator is told to."""
        subscriber = self.subscribers.get((account, port))
        if subscriber is None:
            return
        event_id = self._world.number("evt")
        for _ in range(self._world.behaviour.webhook_copies):
            wait = self._world.chance.random() * 0.2 if self._world.behaviour.shuffle else 0.0
            self.later(wait, lambda: self._send(subscriber, event_id, kind, data, port))

    async def _send(self, subscriber: Subscriber, event_id: str, kind: str, data: dict[str, Any], port: str) -> None:
        for tried in range(_TRIES):
            status = await self._once(subscriber, event_id, kind, data, port)
            self.sent.append(Sent(event_id, kind, status))
            if 200 <= status < 300:
                return
            await asyncio.sleep(_FIRST_WAIT * 2**tried)

    async def _once(self, subscriber: Subscriber, event_id: str, kind: str, data: dict[str, Any], port: str) -> int:
        if port == "shopify":
            body = json.dumps(data).encode()
            headers = {"x-shopify-hmac-sha256": sign_shopify(subscriber.secret, body), "x-shopify-topic": kind}
            headers["x-shopify-webhook-id"] = event_id
        else:
            body = json.dumps({"type": kind, "data": data}).encode()
            headers = sign(subscriber.secret, event_id, int(time.time()), body)
        try:
            response = await self._http.post(subscriber.url, content=body, headers={**headers, "content-type": "application/json"})
        except httpx.HTTPError:
            return 0
        return response.status_code
