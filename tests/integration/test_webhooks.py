"""Reports of providers are believed when they are signed and fresh, and have one effect however often they come."""

import json
from typing import Any

import httpx
import pytest

from core.identity import Principal, system
from server.app import create_app
from server.signature import sign, sign_shopify, verify, verify_shopify
from server.wiring import Runtime
from store.queries import providers
from tests.support.talk import one

SECRET = "a secret of the store's connection"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def path(runtime: Runtime, merchant: Principal) -> str:
    values = {"code": "payments", "kind": "payments", "adapter": "rest", "base_url": "http://127.0.0.1:9", "api_key": "k"}
    async with runtime.units.write(system(merchant.tenant_id, "set-up")) as tx:
        await providers.connect(tx, runtime.vault, {**values, "webhook_secret": SECRET})
    return f"/webhooks/payments/{await one(runtime, merchant, 'SELECT slug FROM tenants')}"


async def post(runtime: Runtime, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(runtime)), base_url="http://shop") as http:
        return await http.post(path, content=body, headers=headers)


def report(**data: Any) -> bytes:
    return json.dumps({"type": "movement.succeeded", "data": {"id": "mv_1", "transaction": NOBODY, **data}}).encode()


def now(runtime: Runtime) -> int:
    return int(runtime.clock().timestamp())


async def test_a_forged_stale_or_changed_report_is_not_believed(runtime: Runtime, merchant: Principal, path: str) -> None:
    body = json.dumps({"type": "something.else", "data": {}}).encode()
    good = sign(SECRET, "evt_1", now(runtime), body)
    bad: list[tuple[str, bytes, dict[str, str]]] = [
        (path, body, {}),
        (path, body, sign("another secret", "evt_1", now(runtime), body)),
        (path, body + b" ", good),
        (path, body, {**good, "webhook-id": "evt_2"}),
        (path, body, sign(SECRET, "evt_1", now(runtime) - 310, body)),
        (path, body, sign(SECRET, "evt_1", now(runtime) + 310, body)),
        (path, body, {**good, "webhook-signature": "v1,%%%"}),
        (path.replace("payments", "nobody", 1), body, good),
        ("/webhooks/payments/no-such-store", body, good),
    ]
    answers = [await post(runtime, *each) for each in bad]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1, "nobody learns which stores and providers there are"
    assert await one(runtime, merchant, "SELECT count(*) FROM provider_reports") == 0
    assert (await post(runtime, path, body, good)).json() == {"status": "refused"}


async def test_a_report_about_nothing_known_is_asked_for_again(runtime: Runtime, merchant: Principal, path: str) -> None:
    body = report()
    answer = await post(runtime, path, body, sign(SECRET, "evt_1", now(runtime), body))
    assert (answer.status_code, answer.json()["code"]) == (503, "report_not_recorded")
    assert await one(runtime, merchant, "SELECT status FROM provider_reports") == "received"


async def test_a_body_that_is_no_report_is_refused(runtime: Runtime, path: str) -> None:
    for body in (b"{", b"[]", b'{"type": 1, "data": {}}'):
        assert (await post(runtime, path, body, sign(SECRET, "evt_1", now(runtime), body))).status_code == 422
    big = b'{"type":"x","data":{"a":"' + b"a" * 300_000 + b'"}}'
    assert (await post(runtime, path, big, sign(SECRET, "evt_1", now(runtime), big))).status_code == 413


def test_a_signature_covers_id_time_and_body() -> None:
    headers = sign(SECRET, "evt_1", 1_000, b"body")
    assert verify(SECRET, headers, b"body", now=1_000, tolerance=300) is not None
    assert verify(SECRET, {**headers, "webhook-timestamp": "1001"}, b"body", now=1_000, tolerance=300) is None
    rotated = {**headers, "webhook-signature": f"v1,AAAA {headers['webhook-signature']}"}
    assert verify(SECRET, rotated, b"body", now=1_000, tolerance=300) is not None
    shopify = {"x-shopify-hmac-sha256": sign_shopify(SECRET, b"body"), "x-shopify-webhook-id": "w1"}
    assert verify_shopify(SECRET, shopify, b"body") is not None
    assert verify_shopify(SECRET, shopify, b"bodY") is None
