"""The unmodified Python SDK, over every method that it has for this API."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import ConflictError, NotFoundError, PermissionDeniedError, UnprocessableEntityError

from core.identity import Principal
from server.dialects.langgraph import assistant_uuid
from server.schedules import start_due
from server.worker.upkeep import Upkeep
from tests.support.puppet import DONE, SPOKEN, order
from tests.support.service import Service, words
from tests.support.talk import rows, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
REFUND = order("issue_refund", order="1017", amount="105.00", reason="goodwill")
SLOW = "refund SLOWLY please"


def sdk(api: Service, who: Principal) -> LangGraphClient:
    return get_client(url=api.address, api_key=api.token(who))


def said(values: Any) -> list[tuple[str, str]]:
    return [(message["type"], message["content"]) for message in values["messages"] if message["type"] != "tool"]


async def opened(client: LangGraphClient) -> str:
    return (await client.threads.create())["thread_id"]


async def test_assistants(api: Service):
    async with sdk(api, api.merchant) as client, sdk(api, api.customer) as shopper:
        names = [one["name"] for one in await client.assistants.search()]
        assert names == ["ops", "knowledge", "risk", "after_sales", "marketplace"]
        page = await client.assistants.search(limit=2, offset=1, response_format="object")
        assert ([one["name"] for one in page["assistants"]], page["next"]) == (["knowledge", "risk"], "3")
        assert await client.assistants.count() == 5
        [risk] = await client.assistants.search(graph_id="risk")
        assert risk == await client.assistants.get("risk") == await client.assistants.get(str(assistant_uuid("risk")))
        assert {node["id"] for node in (await client.assistants.get_graph("ops"))["nodes"]} >= {"supervisor", "agent", "call_tools"}
        assert (await client.assistants.get_schemas(risk["assistant_id"]))["graph_id"] == "risk"
        assert await client.assistants.get_subgraphs("ops") == {}
        assert [one["version"] for one in await client.assistants.get_versions("ops")] == [1]
        offered = [one["name"] for one in await shopper.assistants.search()]
        assert offered[0] == "support"
        assert "marketplace" not in offered
        with pytest.raises(NotFoundError):
            await shopper.assistants.get("ops")


async def test_an_agent_alone_keeps_every_turn(api: Service):
    async with sdk(api, api.merchant) as client:
        parts = [
            part.data
            async for part in client.runs.stream(None, "risk", input=words("where is order 1042?"), stream_mode="custom")
            if part.event == "custom"
        ]
        assert [part["agent"] for part in parts if part["type"] == "route"] == ["risk"]


async def test_threads(api: Service):
    async with sdk(api, api.merchant) as client:
        mine = str(uuid4())
        thread = await client.threads.create(thread_id=mine, metadata={"topic": mine}, graph_id="ops")
        assert thread["status"] == "idle"
        with pytest.raises(ConflictError):
            await client.threads.create(thread_id=mine)
        assert (await client.threads.create(thread_id=mine, if_exists="do_nothing"))["metadata"] == thread["metadata"]
        await client.runs.wait(mine, "ops", input=words("hello"))
        assert said((await client.threads.get(mine))["values"]) == [("human", "hello"), ("ai", SPOKEN)]
        assert (await client.threads.update(mine, metadata={"more": 1}))["metadata"]["more"] == 1
        [found] = await client.threads.search(metadata={"topic": mine}, sort_by="created_at", select=["thread_id"])
        assert found == {"thread_id": mine}
        by_assistant = {"topic": mine, "assistant_id": str(assistant_uuid("ops"))}
        assert await client.threads.count(metadata=by_assistant) == 1
        copied = cast("Any", await client.threads.copy(mine))
        assert said(copied["values"]) == said((await client.threads.get(mine))["values"])
        await client.runs.wait(copied["thread_id"], "ops", input=words("again"))
        assert len(said((await client.threads.get(copied["thread_id"]))["values"])) == 4
        assert len(said((await client.threads.get(mine))["values"])) == 2, "a copy goes its own way"
        assert (await client.threads.prune([mine, str(uuid4())]))["pruned_count"] == 1
        await client.threads.delete(copied["thread_id"])
        assert await client.threads.search(ids=[mine, copied["thread_id"]]) == []


async def test_states_and_history(api: Service):
    async with sdk(api, api.merchant) as client:
        thread = await opened(client)
        await client.runs.wait(thread, "ops", input=words("one"))
        await client.runs.wait(thread, "ops", input=words("two"))
        states = await client.threads.get_history(thread, limit=50)
        assert states[0] == await client.threads.get_state(thread)
        assert [state["checkpoint"] for state in states[1:]] == [state["parent_checkpoint"] for state in states[:-1]]
        middle = states[len(states) // 2]
        assert middle == await client.threads.get_state(thread, middle["checkpoint"])
        assert middle == await client.threads.get_state(thread, checkpoint_id=middle["checkpoint"]["checkpoint_id"])
        assert await client.threads.get_history(thread, limit=1, before=states[0]["checkpoint"]) == [states[1]]
        first = await client.runs.list(thread, offset=1, select=["run_id"])
        of_first = await client.threads.get_history(thread, limit=50, metadata={"run_id": first[0]["run_id"]})
        assert of_first == states[len(states) - len(of_first) :]
        with pytest.raises(PermissionDeniedError):
            await client.threads.update_state(thread, words("I am a customer"))
    async with sdk(api, api.developer) as developer:
        written = await developer.threads.update_state(thread, {"messages": [{"type": "ai", "content": "noted"}]}, as_node="agent")
        assert (await developer.threads.get_state(thread))["checkpoint"] == written["checkpoint"]
        assert said((await developer.threads.get(thread))["values"])[-1] == ("ai", "noted")
        with pytest.raises(UnprocessableEntityError):
            await developer.threads.update_state(thread, words("x"), as_node="nowhere")


async def test_runs(api: Service):
    async with sdk(api, api.merchant) as client:
        thread, told = await opened(client), list[Any]()
        run = await client.runs.create(thread, "ops", input=words("hello"), metadata={"a": 1}, on_run_created=told.append)
        assert told == [{"run_id": run["run_id"], "thread_id": thread}]
        assert said(await client.runs.join(thread, run["run_id"])) == [("human", "hello"), ("ai", SPOKEN)]
        shown = await client.runs.get(thread, run["run_id"])
        assert (shown["status"], shown["metadata"]["a"], shown["multitask_strategy"]) == ("success", 1, "enqueue")
        joined = [part async for part in client.runs.join_stream(thread, run["run_id"], stream_mode=["updates", "messages"])]
        assert (joined[0].event, joined[-1].event) == ("metadata", "end")
        assert {part.event for part in joined} > {"updates", "messages/metadata", "messages/partial", "messages/complete"}
        assert await client.runs.list(thread, status="success") == [shown]
        await client.runs.delete(thread, run["run_id"])
        assert await client.runs.list(thread) == []
        with pytest.raises(NotFoundError):
            await client.runs.get(thread, run["run_id"])


async def test_every_stream_mode_says_something(api: Service):
    modes = ["values", "updates", "messages-tuple", "custom", "events", "debug", "tasks", "checkpoints", "messages"]
    async with sdk(api, api.merchant) as client:
        thread = await opened(client)
        for mode in modes:
            parts = [
                part
                async for part in client.runs.stream(
                    thread, "ops", input=words("hello"), stream_mode=cast("Any", mode), stream_subgraphs=True, stream_resumable=True
                )
            ]
            assert (parts[0].event, parts[-1].event) == ("metadata", "end"), mode
            names = {part.event.partition("/")[0] for part in parts[1:-1]}
            assert names == {mode.removesuffix("-tuple")}, mode
            assert all(part.id for part in parts), mode
        checkpoints = [part.data async for part in _joined(client, thread, "checkpoints")]
        assert checkpoints[-1]["values"] == (await client.threads.get_state(thread))["values"]


async def _joined(client: LangGraphClient, thread: str, mode: Any) -> AsyncIterator[Any]:
    [run] = await client.runs.list(thread, limit=1)
    async for part in client.runs.join_stream(thread, run["run_id"], stream_mode=mode):
        if part.event == mode:
            yield part


async def test_runs_without_a_thread(api: Service):
    async with sdk(api, api.merchant) as client:
        assert said(await client.runs.wait(None, "ops", input=words("hello"))) == [("human", "hello"), ("ai", SPOKEN)]
        kept = await client.runs.create(None, "ops", input=words("hello"), on_completion="keep")
        gone = await client.runs.create(None, "ops", input=words("hello"), on_completion="delete")
        batch = await client.runs.create_batch(
            [{"assistant_id": "ops", "input": words(text)} for text in ("one", "two")]  # type: ignore[typeddict-item]
        )
        for run in (kept, gone, *batch):
            await client.runs.join(run["thread_id"], run["run_id"])
        assert len({run["thread_id"] for run in batch}) == 2
        found = {thread["thread_id"] for thread in await client.threads.search(limit=100)}
        assert kept["thread_id"] in found
        assert not {gone["thread_id"], *(run["thread_id"] for run in batch)} & found
        await rows_changed(api, "UPDATE threads SET updated_at = updated_at - interval '1 hour' WHERE transient")
        await Upkeep(api.runtime).once()
        with pytest.raises(NotFoundError):
            await client.threads.get_state(gone["thread_id"])
        assert said((await client.threads.get(kept["thread_id"]))["values"])[0] == ("human", "hello")
        with pytest.raises(UnprocessableEntityError):
            await client.runs.create(None, "ops", command={"resume": {"decisions": [{"type": "approve"}]}})


async def rows_changed(api: Service, sql: str) -> None:
    async with api.runtime.units.write(api.merchant) as tx:
        await tx.run(sql)


async def test_a_busy_thread_does_as_the_newer_run_asks(api: Service):
    async with sdk(api, api.merchant) as client:
        thread = await opened(client)
        await client.runs.wait(thread, "ops", input=words("before"))

        async def busy() -> str:
            run = (await client.runs.create(thread, "ops", input=words(SLOW)))["run_id"]
            await until(lambda: _is_running(client, thread, run))
            return run

        running = await busy()
        with pytest.raises(ConflictError):
            await client.runs.create(thread, "ops", input=words("no"), multitask_strategy="reject")
        values = await client.runs.wait(thread, "ops", input=words("interrupting"), multitask_strategy="interrupt")
        assert (await client.runs.get(thread, running))["status"] == "interrupted"
        assert said(values)[-2:] == [("human", "interrupting"), ("ai", SPOKEN)]
        running = await busy()
        values = await client.runs.wait(thread, "ops", input=words("instead"), multitask_strategy="rollback")
        assert said(values)[-3:] == [("ai", SPOKEN), ("human", "instead"), ("ai", SPOKEN)]
        assert not [text for _, text in said(values)[3:] if text == SLOW], "what was rolled back is no part of the conversation"
        with pytest.raises(NotFoundError):
            await client.runs.get(thread, running)
        first = await client.runs.create(thread, "ops", input=words("first"))
        second = await client.runs.create(thread, "ops", input=words("second"), multitask_strategy="enqueue")
        await client.runs.join(thread, second["run_id"])
        assert (await client.runs.get(thread, first["run_id"]))["status"] == "success"


async def _is_running(client: LangGraphClient, thread: str, run: str) -> bool:
    return (await client.runs.get(thread, run))["status"] == "running"


async def test_cancelling(api: Service):
    async with sdk(api, api.merchant) as client:
        thread = await opened(client)
        run = await client.runs.create(thread, "ops", input=words(SLOW))
        await until(lambda: _is_running(client, thread, run["run_id"]))
        await client.runs.cancel(thread, run["run_id"], wait=True)
        assert (await client.runs.get(thread, run["run_id"]))["status"] == "interrupted"
        with pytest.raises(NotFoundError):
            await client.runs.cancel(thread, run["run_id"])
        several = [await client.runs.create(thread, "ops", input=words(SLOW)) for _ in range(3)]
        await client.runs.cancel_many(thread_id=thread, run_ids=[several[1]["run_id"]])
        await client.runs.cancel_many(thread_id=thread, status="all", action="rollback")
        assert [one["run_id"] for one in await client.runs.list(thread)] == [several[1]["run_id"], run["run_id"]]
        with pytest.raises(NotFoundError):
            await client.runs.cancel_many(status="pending")


async def test_a_run_ends_with_its_reader_when_it_is_told_to(api: Service):
    async with sdk(api, api.merchant) as client:
        thread = await opened(client)
        for mode, status in (("cancel", "interrupted"), ("continue", "success")):
            told = list[Any]()
            stream = client.runs.stream(
                thread, "ops", input=words(SLOW), on_disconnect=cast("Any", mode), stream_mode="messages-tuple", on_run_created=told.append
            )
            async for part in stream:
                if part.event == "messages":
                    break
            await stream.aclose()  # type: ignore[attr-defined]
            run = told[0]["run_id"]
            assert await until(lambda run=run: _end_of(client, thread, run)) == status, mode


async def _end_of(client: LangGraphClient, thread: str, run: str) -> str | None:
    status = (await client.runs.get(thread, run))["status"]
    return None if status in ("pending", "running") else status


async def test_a_run_waits_for_its_time_and_others_go_first(api: Service):
    async with sdk(api, api.merchant) as client:
        thread = await opened(client)
        later = await client.runs.create(thread, "ops", input=words("later"), after_seconds=2)
        await client.runs.wait(thread, "ops", input=words("now"))
        assert (await client.runs.get(thread, later["run_id"]))["status"] == "pending"
        assert [text for kind, text in said(await client.runs.join(thread, later["run_id"])) if kind == "human"] == ["now", "later"]


async def test_a_conversation_is_followed_over_its_runs(api: Service):
    async with sdk(api, api.merchant) as client:
        thread = await opened(client)
        heard = list[Any]()

        async def listen(last_event_id: str | None, runs: int) -> None:
            async for part in await client.threads.join_stream(thread, last_event_id=last_event_id):
                heard.append(part)
                if sum(one.event == "metadata" and "status" in one.data for one in heard) == runs:
                    return

        listening = asyncio.create_task(listen(None, 2))
        await asyncio.sleep(0.3)
        for text in ("one", "two"):
            await client.runs.wait(thread, "ops", input=words(text))
        await asyncio.wait_for(listening, 15)
        assert [part.event for part in heard] == ["metadata", "values", "values", "metadata"] * 2
        assert said(heard[-2].data)[-2] == ("human", "two")
        whole, place = list(heard), 2
        heard.clear()
        await asyncio.wait_for(listen(whole[place].id, 2), 15)
        assert heard == whole[place + 1 :]


async def test_schedules(api: Service):
    async with sdk(api, api.merchant) as client, sdk(api, api.customer) as shopper:
        thread = await opened(client)
        end = datetime.now(UTC) + timedelta(days=1)
        cron = cast(
            "Any",
            await client.crons.create(
                "ops", schedule="0 8 * * mon-fri", input=words("which orders are stuck?"), timezone="Europe/Amsterdam"
            ),
        )
        on_thread = cast(
            "Any", await client.crons.create_for_thread(thread, "ops", schedule="*/5 * * * *", input=words("by the clock"), end_time=end)
        )
        assert (cron["timezone"], cron["thread_id"], on_thread["thread_id"]) == ("Europe/Amsterdam", None, thread)
        assert [one["cron_id"] for one in await client.crons.search(thread_id=thread)] == [on_thread["cron_id"]]
        assert await client.crons.count(assistant_id="ops") == 2
        changed = await client.crons.update(cron["cron_id"], schedule="30 9 * * *", enabled=False)
        assert (changed["schedule"], changed["enabled"], changed["timezone"]) == ("30 9 * * *", False, "Europe/Amsterdam")
        for wrong in ("every day", "* * * * * *", "61 * * * *"):
            with pytest.raises(UnprocessableEntityError):
                await client.crons.create("ops", schedule=wrong, input=words("x"))
        with pytest.raises(PermissionDeniedError):
            await shopper.crons.create("support", schedule="0 8 * * *", input=words("x"))
        await rows_changed(api, f"UPDATE crons SET next_at = now() - interval '1 minute' WHERE id = '{on_thread['cron_id']}'")
        await asyncio.gather(*(start_due(api.runtime) for _ in range(5)))
        started = await until(lambda: client.runs.list(thread))
        await client.runs.join(thread, started[0]["run_id"])
        assert [run["metadata"]["cron_id"] for run in await client.runs.list(thread)] == [on_thread["cron_id"]]
        assert said((await client.threads.get(thread))["values"])[0] == ("human", "by the clock")
        for one in (cron, on_thread):
            await client.crons.delete(one["cron_id"])
        with pytest.raises(NotFoundError):
            await client.crons.delete(cron["cron_id"])


async def test_the_store(api: Service):
    async with sdk(api, api.merchant) as client, sdk(api, api.customer) as shopper:
        await client.store.put_item(["notes", "stock"], "one", {"text": "count the umbrellas", "done": False})
        await client.store.put_item(["notes", "stock"], "one", {"text": "count the umbrellas", "done": True})
        await client.store.put_item(["notes", "returns"], "two", {"text": "call the carrier"}, ttl=5)
        item = await client.store.get_item(["notes", "stock"], "one")
        assert (item["namespace"], item["value"]["done"]) == (["notes", "stock"], True)
        assert len((await client.store.search_items(["notes"]))["items"]) == 2
        assert [one["key"] for one in (await client.store.search_items(["notes"], filter={"done": True}))["items"]] == ["one"]
        assert [one["key"] for one in (await client.store.search_items([], query="carrier"))["items"]] == ["two"]
        assert (await client.store.list_namespaces(prefix=["notes"]))["namespaces"] == [["notes", "returns"], ["notes", "stock"]]
        assert (await client.store.list_namespaces(max_depth=1))["namespaces"] == [["notes"]]
        assert (await shopper.store.search_items([]))["items"] == []
        await rows_changed(api, "UPDATE store_items SET expires_at = now() - interval '1 minute' WHERE key = 'two'")
        await client.store.delete_item(["notes", "stock"], "one")
        for namespace, key in ((["notes", "stock"], "one"), (["notes", "returns"], "two")):
            with pytest.raises(NotFoundError):
                await client.store.get_item(namespace, key)
        await Upkeep(api.runtime).once()
        assert await rows(api.runtime, api.merchant, "SELECT key FROM store_items") == []


async def test_a_decision_over_the_sdk(api: Service):
    async with sdk(api, api.merchant) as client:
        thread = await opened(client)
        asked = cast("Any", await client.runs.wait(thread, "ops", input=words(f"refund: {REFUND}")))
        assert asked["__interrupt__"][0]["value"]["action_requests"][0]["name"] == "issue_refund"
        assert (await client.threads.get(thread))["status"] == "interrupted"
        values = await client.runs.wait(thread, "ops", command={"resume": {"decisions": [{"type": "approve"}]}})
        assert said(values)[-1] == ("ai", DONE)
        with pytest.raises(ConflictError):
            await client.runs.create(thread, "ops", command={"resume": {"decisions": [{"type": "approve"}]}})
