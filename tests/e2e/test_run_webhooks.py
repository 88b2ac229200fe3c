"""The address that a run was started with is told how it ended: signed, at least once under one id, and never one inside."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio

from core.identity import Role
from core.settings import LLM
from core.settings import Webhooks as WebhookSettings
from server.outbound.dispatcher import Dispatcher
from server.outbound.webhooks import Webhooks
from server.signature import verify
from store.embedded import Endpoints
from tests.conftest import create_database, drop_database
from tests.support.puppet import SPOKEN, order
from tests.support.servers import embedded_settings
from tests.support.service import Service, ended, service, words
from tests.support.talk import rows, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
_QUICK = {"first_wait": 0.02, "longest_wait": 0.2, "poll_seconds": 0.05, "lease_seconds": 5.0, "max_tries": 4}
OK, BROKEN, BUSY, GONE = "200 OK", "500 Broken", "429 Busy\r\nRetry-After: 0", "410 Gone"


@dataclass(slots=True)
class Call:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """A client's server: answers as it is told, one answer a call, and remembers what came."""

    address: str = ""
    answers: list[str] = field(default_factory=list[str])
    calls: list[Call] = field(default_factory=list[Call])

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.calls.append(Call(first.split(" ")[1], headers, body))
        answer = self.answers.pop(0) if self.answers else OK
        if answer != "cut":
            writer.write(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(endpoints: Endpoints, demo_template: str, data_dir: Path) -> AsyncIterator[Service]:
    """The API of a deployment whose webhooks may reach this machine and are tried again at once."""
    bare = embedded_settings(data_dir)
    outbound = bare.outbound.model_copy(update=_QUICK)
    webhooks = WebhookSettings(loopback=True, timeout=2)
    changed = {"openai_api_key": None, "openai_base_url": None, "llm": LLM(), "outbound": outbound, "webhooks": webhooks}
    name = f"hooks_{uuid4().hex[:12]}"
    try:
        async with service(bare.model_copy(update=changed), create_database(endpoints, name, demo_template)) as opened:
            yield opened
    finally:
        drop_database(endpoints, name)


@asynccontextmanager
async def listening(*answers: str) -> AsyncIterator[Receiver]:
    receiver = Receiver(answers=list(answers))
    server = await asyncio.start_server(receiver, "127.0.0.1", 0)
    receiver.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks?for=me"
    try:
        yield receiver
    finally:
        server.close()


def asked(receiver: Receiver, text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"json": {"assistant_id": "ops", "input": words(text), "webhook": receiver.address, "on_completion": "keep", **more}}


async def message(shop: Service, run: str) -> tuple[Any, ...]:
    """Return how a run's message stands, once it has its end: status, tries, reason."""

    async def over() -> list[tuple[Any, ...]]:
        query = "SELECT status, tries, reason FROM deliveries WHERE key = :key AND status IN ('delivered', 'failed', 'parked')"
        return await rows(shop.runtime, shop.merchant, query, key=f"run.finished:{run.rpartition('/')[2]}")

    [found] = await until(over)
    return found


def believed(shop: Service, call: Call) -> dict[str, Any]:
    """Return what a call says, when its signature proves it."""
    signed = verify(shop.runtime.webhook_secret, call.headers, call.body, now=shop.runtime.clock().timestamp(), tolerance=60)
    assert signed is not None
    told = orjson.loads(call.body)
    assert signed.event_id == f"run.finished:{told['run_id']}"
    return told


async def test_the_address_is_told_the_run_and_what_was_said(shop: Service):
    async with listening() as receiver, shop.client(shop.merchant) as client:
        run = (await client.post("/runs", **asked(receiver, metadata={"job": 7}))).headers["Content-Location"]
        assert (await message(shop, run))[:2] == ("delivered", 1)
        [call] = receiver.calls
        told, shown = believed(shop, call), (await client.get(run)).json()
        assert {name: told[name] for name in shown} == shown
        assert (told["status"], told["error"], told["metadata"]["job"]) == ("success", None, 7)
        assert told["values"] == (await client.get(f"{run}/join")).json()
        assert told["values"]["messages"][-1]["content"] == SPOKEN
        assert (call.path, call.headers["content-type"]) == ("/hooks?for=me", "application/json")
        forged = {**call.headers, "webhook-timestamp": str(int(call.headers["webhook-timestamp"]) + 1)}
        assert verify(shop.runtime.webhook_secret, forged, call.body, now=shop.runtime.clock().timestamp(), tolerance=60) is None


async def test_every_end_is_told_once(shop: Service):
    """A cancelled run, a failed one, and one that stops for a decision; the run that goes on with it is another."""
    async with listening() as receiver, shop.client(shop.merchant) as client:
        cancelled = (await client.post("/runs", **asked(receiver, after_seconds=60))).headers["Content-Location"]
        assert (await client.post(f"{cancelled}/cancel")).status_code == 202
        failed = (await client.post("/runs", **asked(receiver, 'CALL get_order {"order": broken}'))).headers["Content-Location"]
        refund = order("issue_refund", order="1017", amount="105.00", reason="goodwill")
        waiting = (await client.post("/runs", **asked(receiver, refund))).headers["Content-Location"]
        for run in (cancelled, failed, waiting):
            assert (await message(shop, run))[0] == "delivered"
        told = {f"/threads/{one['thread_id']}/runs/{one['run_id']}": one for one in (believed(shop, call) for call in receiver.calls)}
        assert len(receiver.calls) == len(told) == 3
        assert (told[cancelled]["status"], told[cancelled]["error"]["error"]) == ("interrupted", "UserInterrupt")
        assert (told[failed]["status"], told[failed]["error"]["error"]) == ("error", "model_failed")
        assert (told[waiting]["status"], len(told[waiting]["values"]["__interrupt__"])) == ("success", 1)


@pytest.mark.parametrize("trouble", [BROKEN, BUSY, "cut", "302 Found\r\nLocation: /elsewhere"])
async def test_an_address_in_trouble_is_told_again_under_the_same_id(shop: Service, trouble: str):
    async with listening(trouble, trouble) as receiver, shop.client(shop.merchant) as client:
        run = (await client.post("/runs", **asked(receiver))).headers["Content-Location"]
        assert (await message(shop, run))[:2] == ("delivered", 3)
        assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
        assert [believed(shop, call)["status"] for call in receiver.calls] == ["success"] * 3
        assert {call.path for call in receiver.calls} == {"/hooks?for=me"}, "a redirect is not followed"


async def test_an_address_is_given_up_when_it_is_gone_or_fails_for_long(shop: Service):
    async with listening(GONE) as receiver, shop.client(shop.merchant) as client:
        run = (await client.post("/runs", **asked(receiver))).headers["Content-Location"]
        assert (await message(shop, run))[:2] == ("failed", 1)
    async with listening(*[BROKEN] * 4) as receiver, shop.client(shop.merchant) as client:
        run = (await client.post("/runs", **asked(receiver))).headers["Content-Location"]
        assert await message(shop, run) == ("parked", 4, "it answered 500")
        assert len(receiver.calls) == 4


async def test_only_managers_and_developers_name_an_address(shop: Service):
    async with listening() as receiver:
        for who, status in (
            (shop.customer, 403),
            (replace(shop.merchant, role=Role.STAFF), 403),
            (replace(shop.merchant, role=Role.MANAGER), 200),
            (shop.developer, 200),
        ):
            async with shop.client(who) as client:
                request = asked(receiver)
                request["json"]["assistant_id"] = "support" if who.is_customer else "ops"
                answer = await client.post("/runs", **request)
                assert answer.status_code == status, (who.role, answer.text)
    async with shop.client(shop.merchant) as client:
        schedule = {"schedule": "0 8 * * *", **asked(receiver)["json"]}
        assert (await client.post("/runs/crons", json=schedule)).status_code == 403


@pytest.mark.parametrize("url", ["http://example.com/", "https://10.0.0.1/", "https://169.254.169.254/", "https://a:b@example.com/", "x"])
async def test_an_address_inside_is_refused_with_the_request(shop: Service, url: str):
    async with shop.client(shop.merchant) as client:
        answer = await client.post("/runs", json={**asked(Receiver(address=url))["json"]})
        assert (answer.status_code, answer.json()["detail"][:8]) == (422, "webhook:")


async def test_a_run_that_was_deleted_is_told_as_it_was(shop: Service):
    async with listening(BROKEN, BROKEN, BROKEN) as receiver, shop.client(shop.merchant) as client:
        run = (await client.post("/runs", **asked(receiver, after_seconds=60, metadata={"job": 8}))).headers["Content-Location"]
        assert (await client.delete(run)).status_code == 204
        assert (await message(shop, run))[0] == "delivered"
        told = believed(shop, receiver.calls[-1])
        assert (told["run_id"], told["status"], told["metadata"]["job"]) == (run[-36:], "interrupted", 8)
        assert told["values"] is None


async def test_many_processes_tell_a_run_once_and_keep_no_provider_waiting(shop: Service):
    async with listening() as receiver, shop.client(shop.merchant) as client:
        runs = [(await client.post("/runs", **asked(receiver))).headers["Content-Location"] for _ in range(5)]
        others = [Webhooks(shop.runtime) for _ in range(20)]
        dispatcher = Dispatcher(shop.runtime)
        for run in runs:
            await ended(client, run)
        await asyncio.gather(*(one.deliver() for one in others), *(dispatcher.deliver() for _ in range(5)))
        for run in runs:
            assert (await message(shop, run))[:2] == ("delivered", 1)
        assert len(receiver.calls) == 5
        for one in (*others, dispatcher):
            await one.close()
