"""Signatures of webhooks: the headers and the signed text of the Standard Webhooks specification, and Shopify's own.

A report is believed when its HMAC-SHA256 over id, time and raw body fits the secret of the store's connection and its time is near ours.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

_LONGEST_ID = 120


@dataclass(frozen=True, slots=True)
class Signed:
    """What a believed report calls itself."""

    event_id: str


def sign(secret: str, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that prove a report."""
    signature = base64.b64encode(_hmac(secret, f"{event_id}.{timestamp}.".encode() + body)).decode()
    return {"webhook-id": event_id, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float, tolerance: float) -> Signed | None:
    """Return whose report it is, or None when it cannot be believed. Takes the same time for any signature of the right length."""
    event_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (
        0 < len(event_id) <= _LONGEST_ID and event_id.isascii() and timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13
    ):
        return None
    expected = _hmac(secret, f"{event_id}.{timestamp}.".encode() + body)
    given = [part.removeprefix("v1,") for part in headers.get("webhook-signature", "").split(" ")[:5] if part.startswith("v1,")]
    fits = [_same(expected, each) for each in given]
    near = abs(now - int(timestamp)) <= tolerance
    return Signed(event_id) if any(fits) and near else None


def sign_shopify(secret: str, body: bytes) -> str:
    """Return the value of `X-Shopify-Hmac-Sha256`."""
    return base64.b64encode(_hmac(secret, body)).decode()


def verify_shopify(secret: str, headers: Mapping[str, str], body: bytes) -> Signed | None:
    """Return whose report it is. Shopify signs no time: a report that comes again is known by its id."""
    event_id = headers.get("x-shopify-webhook-id", "")
    if not (0 < len(event_id) <= _LONGEST_ID and event_id.isascii()):
        return None
    return Signed(event_id) if _same(_hmac(secret, body), headers.get("x-shopify-hmac-sha256", "")) else None


def _hmac(secret: str, data: bytes) -> bytes:
    return hmac.digest(secret.encode(), data, hashlib.sha256)


def _same(expected: bytes, given: str) -> bool:
    try:
        return hmac.compare_digest(expected, base64.b64decode(given, validate=True))
    except (binascii.Error, ValueError):
        return False
