"""The generic payment API: `POST /v1/movements`, `GET /v1/movements/{reference}`."""

from typing import Any
from urllib.parse import quote

from pydantic import JsonValue

from server.outbound.failure import ProviderDown
from server.outbound.http import ProviderClient
from server.outbound.payments import MoneyAnswer, MoneyRequest, MoneyState


class RestPayments:
    """Speaks to a payment provider that takes every movement at one address."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    async def submit(self, request: MoneyRequest) -> MoneyAnswer:
        """Ask for a movement."""
        body: JsonValue = {
            "kind": request.kind.value,
            "transaction": request.transaction,
            "payment": request.payment,
            "order": request.order,
            "method": request.method,
            "amount": request.amount.model_dump(),
            "reason": request.reason,
        }
        return money_answer(await self._client.send("POST", "/v1/movements", key=request.key, body=body))

    async def look_up(self, reference: str) -> MoneyAnswer:
        """Return how a movement stands now."""
        return money_answer(await self._client.send("GET", f"/v1/movements/{quote(reference, safe='')}"))


def money_answer(found: dict[str, Any]) -> MoneyAnswer:
    """Read how a movement of money stands.

    Raises:
        ProviderDown: it is not understood.
    """
    try:
        return MoneyAnswer(str(found["id"]), MoneyState(found["state"]), str(found.get("reason") or "")[:300])
    except (KeyError, ValueError) as error:
        raise ProviderDown("the provider's answer is not understood") from error
