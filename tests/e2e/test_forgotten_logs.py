"""A run whose log was forgotten can still be asked for: its stream and its join say how it ended."""

from datetime import timedelta
from uuid import UUID

import pytest

from server.worker.retention import forget_old
from tests.support.puppet import SPOKEN, order
from tests.support.service import Service, stream, words
from tests.support.talk import one

pytestmark = pytest.mark.asyncio(loop_scope="module")
MODES = {"params": {"stream_mode": ["values", "updates", "messages-tuple", "custom"]}}


async def forget(api: Service, run: str) -> None:
    """Forget the logs of all runs that have ended, with the live entries that are long gone by then, and see that this one's is gone."""
    while any(await forget_old(api.runtime, api.runtime.clock() + timedelta(days=91))):
        pass
    await api.runtime.live.forget([UUID(run.rpartition("/")[2])])
    left = "SELECT count(*) FROM run_events WHERE run_id = :run"
    assert await one(api.runtime, api.merchant, left, run=run.rpartition("/")[2]) == 0


async def test_a_stream_is_the_values_and_the_end(api: Service):
    async with api.client(api.merchant) as client:
        thread = (await client.post("/threads", json={})).json()["thread_id"]
        asked = {"assistant_id": "ops", "input": words("hello"), "stream_mode": ["values"]}
        told, headers = await stream(client, "POST", f"/threads/{thread}/runs/stream", json=asked)
        run = headers["Content-Location"]
        await forget(api, run)
        later, _ = await stream(client, "GET", f"{run}/stream", **MODES)
        assert [event for event, _, _ in later] == ["metadata", "values", "end"]
        assert later[1][1] == next(data for event, data, _ in reversed(told) if event == "values")
        assert later[2][1] == {"run_id": run.rpartition("/")[2], "status": "success"}
        resumed, _ = await stream(client, "GET", f"{run}/stream", headers={"Last-Event-ID": "2-0"}, **MODES)
        assert [event for event, _, _ in resumed] == ["values", "end"]
        quiet, _ = await stream(client, "GET", f"{run}/stream", params={"stream_mode": "custom"})
        assert [event for event, _, _ in quiet] == ["metadata", "end"]
        joined = (await client.get(f"{run}/join")).json()
        assert joined == later[1][1]
        assert joined["messages"][-1]["content"] == SPOKEN
        assert (await client.get(run)).json()["status"] == "success"


async def test_a_request_that_still_waits_is_shown(api: Service):
    async with api.client(api.merchant) as client:
        thread = (await client.post("/threads", json={})).json()["thread_id"]
        refund = order("issue_refund", order="1017", amount="105.00", reason="goodwill")
        answered = await client.post(f"/threads/{thread}/runs/wait", json={"assistant_id": "ops", "input": words(refund)})
        await forget(api, answered.headers["Content-Location"])
        later, _ = await stream(client, "GET", f"{answered.headers['Content-Location']}/stream")
        assert later[-2][1]["__interrupt__"] == answered.json()["__interrupt__"]


async def test_a_failure_stays_one(api: Service):
    async with api.client(api.merchant) as client:
        thread = (await client.post("/threads", json={})).json()["thread_id"]
        asked = {"assistant_id": "ops", "input": words('CALL get_order {"order": broken}')}
        answered = await client.post(f"/threads/{thread}/runs/wait", json=asked)
        failed = answered.json()["__error__"]
        run = answered.headers["Content-Location"]
        await forget(api, run)
        assert (await client.get(f"{run}/join")).json() == {"__error__": failed}
        later, _ = await stream(client, "GET", f"{run}/stream", **MODES)
        assert [(event, data) for event, data, _ in later][1:] == [
            ("error", failed),
            ("end", {"run_id": run.rpartition("/")[2], "status": "error"}),
        ]
