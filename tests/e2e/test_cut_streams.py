"""Connections are cut after every event in turn: the SDK resumes, with nothing lost and nothing doubled."""

import warnings
from typing import Any, cast
from unittest.mock import patch

import pytest
from langgraph_sdk import get_client

from tests.support.puppet import SPOKEN
from tests.support.service import Service, cutting, words

pytestmark = pytest.mark.asyncio(loop_scope="module")
MODES = cast("Any", ["values", "updates", "messages-tuple", "custom", "tasks"])


@pytest.mark.parametrize("after", [1, 5])
async def test_a_stream_that_is_cut_again_and_again_tells_everything_once(api: Service, after: int):
    """Each connection lives for `after` events only; the reader needs as many as it takes."""
    with patch("langgraph_sdk._async.http._reconnect_delay", lambda *_args, **_more: 0.01), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        async with cutting(api.address, after) as proxy, get_client(url=proxy, api_key=api.token(api.merchant)) as client:
            thread = (await client.threads.create())["thread_id"]
            told = list[Any]()
            stream = client.runs.stream(
                thread, "ops", input=words("hello"), stream_mode=MODES, stream_resumable=True, on_run_created=told.append
            )
            heard = [part async for part in stream]
        async with get_client(url=api.address, api_key=api.token(api.merchant)) as client:
            whole = [part async for part in client.runs.join_stream(thread, told[0]["run_id"], stream_mode=MODES)]
    assert [part.id for part in heard] == [part.id for part in whole]
    assert [part for part in heard if part.event != "values"] == [part for part in whole if part.event != "values"]
    assert "".join(part.data[0]["content"] for part in heard if part.event == "messages") == SPOKEN
    assert heard[-1].event == "end"


async def test_an_awaited_run_survives_a_cut(api: Service):
    """A wait whose connection breaks is joined again at its Location."""
    async with cutting(api.address, after=1, first_seconds=0.5) as proxy, get_client(url=proxy, api_key=api.token(api.merchant)) as client:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = cast("Any", await client.runs.wait(None, "ops", input=words("refund SLOWLY please")))
    assert values["messages"][-1]["content"] == SPOKEN
