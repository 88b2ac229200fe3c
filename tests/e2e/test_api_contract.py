"""What holds for the whole API: nobody learns of others' things, nothing unforeseen is answered, a key has its effect once."""

import asyncio
import warnings
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import one_of
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from server.app import create_app
from server.dialects.langgraph import assistant_uuid
from tests.support.puppet import order
from tests.support.service import Service, words
from tests.support.talk import rows

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOBODYS = {
    "/webhooks/{provider}/{tenant}": "signed by providers, who are no callers",
    "/v1/exports/{export_id}": "for managers: tests/integration/test_privacy_tools.py",
    "/v1/knowledge/files/{name}": "named by who uploads it: tests/e2e/test_uploads.py",
}
DECISION = {"decision": "approve"}
BODIES: dict[str, Any] = {
    "PATCH /threads/{thread_id}": {"metadata": {"a": 1}},
    "POST /threads/{thread_id}/state": {"values": words("x")},
    "POST /threads/{thread_id}/state/checkpoint": {"checkpoint": {"checkpoint_id": str(uuid4())}},
    "POST /threads/{thread_id}/runs": {"input": words("x")},
    "POST /threads/{thread_id}/runs/stream": {"input": words("x")},
    "POST /threads/{thread_id}/runs/wait": {"input": words("x")},
    "POST /threads/{thread_id}/runs/crons": {"schedule": "0 8 * * *", "input": words("x")},
    "PATCH /runs/crons/{cron_id}": {"enabled": False},
    "POST /v1/approvals/{approval_id}": DECISION,
}


@dataclass(frozen=True, slots=True)
class Things:
    """What belongs to the merchant of the first shop, by the names of path parameters."""

    ids: dict[str, str]

    def of(self, path: str, *, unknown: bool) -> str:
        """Return a path with these ids, or with ids that nothing has."""
        for name, known in self.ids.items():
            path = path.replace(f"{{{name}}}", str(uuid4()) if unknown else known)
        return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things(api: Service) -> Things:
    async with api.client(api.merchant) as client:
        thread = (await client.post("/threads", json={})).json()["thread_id"]
        asked = order("issue_refund", order="1017", amount="105.00", reason="goodwill")
        run = (await client.post(f"/threads/{thread}/runs/wait", json={"input": words(f"refund: {asked}")})).headers["content-location"]
        cron = await client.post("/runs/crons", json={"schedule": "0 8 * * *", "input": words("x")})
        state = (await client.get(f"/threads/{thread}/state")).json()
        [document] = (await rows(api.runtime, api.merchant, "SELECT id FROM documents LIMIT 1")) or [(uuid4(),)]
        return Things(
            {
                "thread_id": thread,
                "run_id": run.rpartition("/")[2],
                "checkpoint_id": state["checkpoint_id"],
                "cron_id": cron.json()["cron_id"],
                "approval_id": state["interrupts"][0]["value"]["approval"]["approval_id"],
                "document_id": str(document[0]),
                "assistant_id": str(assistant_uuid("ops")),
                "namespace": "none",
            }
        )


def routes(api: Service) -> list[tuple[str, str]]:
    """Return every method and path of the API that names something."""
    paths: dict[str, Any] = create_app(api.runtime).openapi()["paths"]
    return [(method.upper(), path) for path, found in paths.items() if "{" in path and path not in NOBODYS for method in found]


async def test_what_is_somebody_elses_does_not_exist(api: Service, things: Things):
    listed = routes(api)
    assert len(listed) > 30
    for who in (api.customer, api.other_customer, api.other_merchant):
        async with api.client(who) as stranger:
            for method, path in listed:
                if path.startswith("/assistants") and who is api.other_merchant:
                    continue  # the assistants of every merchant are the same
                answers: list[tuple[int, str]] = []
                for unknown in (False, True):
                    address = things.of(path, unknown=unknown)
                    response = await stranger.request(
                        method, address, json=BODIES.get(f"{method} {path}", {} if method == "POST" else None)
                    )
                    answers.append((response.status_code, without_ids(response.text, address)))
                assert answers[0] == answers[1], (method, path, who.name)
                assert answers[0][0] == 404, (method, path, who.name, answers)
    async with api.client(api.merchant) as client:
        assert (await client.get(things.of("/threads/{thread_id}/runs/{run_id}", unknown=False))).json()["status"] == "success"
        assert (await client.get(things.of("/v1/approvals/{approval_id}", unknown=False))).json()["status"] == "open"


def without_ids(text: str, address: str) -> str:
    for part in address.split("/"):
        if len(part) == 36:
            text = text.replace(part, "<id>")
    return text


async def test_ids_in_bodies_name_nothing_of_others(api: Service, things: Things):
    thread, run = things.ids["thread_id"], things.ids["run_id"]
    for who in (api.customer, api.other_merchant):
        async with api.client(who) as stranger:
            assert (await stranger.post("/threads/search", json={"ids": [thread]})).json() == []
            assert (await stranger.post("/threads/count", json={"ids": [thread]})).json() == 0
            assert (await stranger.post("/threads/prune", json={"thread_ids": [thread]})).json() == {"pruned_count": 0}
            for body in ({"run_ids": [run]}, {"thread_id": thread}, {"status": "all"}):
                assert (await stranger.post("/runs/cancel", json=body)).status_code == 404
            assert (await stranger.post("/runs/batch", json=[{"thread_id": thread, "input": words("x")}])).status_code == 404
    async with api.client(api.other_merchant) as stranger:
        assert (await stranger.post("/runs/crons/search", json={"thread_id": thread})).json() == []


async def test_a_key_has_its_effect_once_wherever_something_is_made(api: Service, things: Things):
    thread = things.ids["thread_id"]
    made: list[tuple[str, Any, Any]] = [
        ("/threads", {"metadata": {"a": 1}}, {"metadata": {"a": 2}}),
        ("/runs/crons", {"schedule": "0 8 * * *", "input": words("x")}, {"schedule": "0 9 * * *", "input": words("x")}),
        (f"/threads/{thread}/runs/crons", {"schedule": "0 8 * * *", "input": words("x")}, {"schedule": "0 9 * * *", "input": words("x")}),
        ("/runs", {"input": words("one")}, {"input": words("two")}),
        ("/runs/batch", [{"input": words("one")}, {"input": words("two")}], [{"input": words("two")}]),
    ]
    async with api.client(api.merchant) as client:
        fresh = (await client.post("/threads", json={})).json()["thread_id"]
        for path, body, other in [*made, (f"/threads/{fresh}/runs", {"input": words("one")}, {"input": words("two")})]:
            headers = {"Idempotency-Key": str(uuid4())}
            answers = await asyncio.gather(*(client.post(path, json=body, headers=headers) for _ in range(8)))
            assert {answer.status_code for answer in answers} == {200}, (path, answers[0].text)
            assert len({orjson.dumps(ids(answer.json())) for answer in answers}) == 1, path
            refused = await client.post(path, json=other, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_reused"), path
        headers = {"Idempotency-Key": str(uuid4())}
        copies = [(await client.post(f"/threads/{fresh}/copy", headers=headers)) for _ in range(2) if await idle(client, fresh)]
        assert copies[0].content == copies[1].content
        streams = [await client.post("/runs/wait", json={"input": words("one")}, headers={"Idempotency-Key": "w1"}) for _ in range(2)]
        assert streams[0].json() == streams[1].json()


def ids(answer: Any) -> Any:
    """Return what an answer made: a run's status may have moved on meanwhile."""
    if isinstance(answer, list):
        return [ids(one) for one in answer]
    return [answer.get(name) for name in ("thread_id", "run_id", "cron_id")]


async def idle(client: httpx.AsyncClient, thread: str) -> bool:
    async with asyncio.timeout(20):
        while (await client.get(f"/threads/{thread}")).json()["status"] == "busy":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return True


async def test_the_document_describes_every_operation(api: Service):
    async with api.client(api.merchant) as client:
        document = (await client.get("/openapi.json")).json()
    bare: list[str] = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not operation.get("summary") or not {"401", "404", "422"} <= operation["responses"].keys():
                bare.append(f"{method} {path}")
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            if "$ref" in body and not path.startswith("/v1") and not has_examples(document, body["$ref"]):
                bare.append(f"no example: {method} {path}")
    assert bare == []


def has_examples(document: dict[str, Any], reference: str) -> bool:
    schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    named = schema.get("properties", {})
    return bool(schema.get("examples")) or (
        all("examples" in named[name] for name in schema.get("required", [])) and bool(schema.get("required"))
    )


CHECKS: list[Any] = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = ("/threads/{thread_id}/stream",)


@pytest.mark.filterwarnings("ignore")
async def test_whatever_is_sent_nothing_unforeseen_is_answered(api: Service):
    """Sends generated requests, right and wrong ones, to every operation; tools share one of theirs."""
    async with api.client(api.developer) as client:
        document = (await client.get("/openapi.json")).json()
    tools = sorted(path for path in document["paths"] if path.startswith("/v1/tools/"))
    for path in [*tools[1:], *ENDLESS]:
        del document["paths"][path]
    wrong = await asyncio.to_thread(fuzz, document, api.address, {"X-Api-Key": api.token(api.developer)})
    assert wrong == []


def fuzz(document: dict[str, Any], address: str, headers: dict[str, str]) -> list[str]:
    """Return what was wrong with answers, the first problem of each operation."""
    schema = schemathesis.openapi.from_dict(document)
    wrong: list[str] = []
    count = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        right, broken = (operation.as_strategy(mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE))

        @given(case=one_of(right, broken))
        @settings(
            max_examples=6,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def check(case: Any) -> None:
            nonlocal count
            count += 1
            case.call_and_validate(base_url=address, headers=headers, timeout=20, checks=CHECKS)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                check()
            except (Exception, BaseExceptionGroup) as error:
                wrong.append(f"{operation.label}: {error}"[:1500])
    assert count > 100
    return wrong
