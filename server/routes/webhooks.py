"""Where providers report: signed, deduplicated, and answered only after the commit."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from core.errors import InvalidInput, NotAuthenticated
from core.providers import ProviderKind
from server.auth import Wired
from server.errors import json_response
from server.reports import Report, Source, record
from server.signature import verify, verify_shopify
from store.queries import providers

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

Code = Annotated[str, Path(max_length=40, description="The code of the store's connection to the provider, such as payments")]
Slug = Annotated[str, Path(max_length=40, description="The store, by its short name")]
_DECOY = "nobody knows this secret"


@router.post("/{provider}/{tenant}")
async def receive(request: Request, runtime: Wired, provider: Code, tenant: Slug) -> Response:
    """Record what a provider reports. The answer 2xx means that it is stored; anything else, that it should be sent again."""
    body = await request.body()
    found = await runtime.units.call("webhook_connection", tenant_slug=tenant, provider=provider)
    row = found[0] if found else None
    place = providers.place(row["tenant_id"], provider, "webhook_secret") if row else ""
    secret = runtime.vault.open(row["webhook_secret"], place) if row else _DECOY
    shopify = row is not None and row["adapter"] == "shopify"
    options, now = runtime.settings.outbound, runtime.clock().timestamp()
    signed = (
        verify_shopify(secret, request.headers, body)
        if shopify
        else verify(secret, request.headers, body, now=now, tolerance=options.webhook_tolerance)
    )
    if row is None or signed is None:
        raise NotAuthenticated("the report cannot be believed", code="bad_signature")
    kind = ProviderKind(row["kind"])
    source = Source(row["tenant_id"], row["connection_id"], kind, row["adapter"], provider)
    report = _report(body, signed.event_id, request.headers.get("x-shopify-topic", "") if shopify else None)
    return json_response({"status": await record(runtime, source, report)})


def _report(body: bytes, event_id: str, topic: str | None) -> Report:
    """Read a report: `{"type", "data"}`, or Shopify's, whose type stands in a header."""
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("the body is not valid JSON", code="malformed_json") from error
    if topic is not None and isinstance(found, dict):
        return Report(event_id, topic, found)  # pyright: ignore[reportUnknownArgumentType]
    if not isinstance(found, dict) or not isinstance(found.get("type"), str) or not isinstance(found.get("data"), dict):  # pyright: ignore[reportUnknownMemberType]
        raise InvalidInput("send an object with type and data")
    return Report(event_id, found["type"], found["data"])  # pyright: ignore[reportUnknownArgumentType]
