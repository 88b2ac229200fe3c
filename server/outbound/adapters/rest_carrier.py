"""The generic carrier API: `POST /v1/labels`, `POST /v1/rates`."""

from collections.abc import Sequence

from pydantic import JsonValue, ValidationError

from core.money import Money
from server.outbound.carriers import Label, ParcelRequest, Rate
from server.outbound.failure import ProviderDown
from server.outbound.http import ProviderClient


class RestCarrier:
    """Speaks to a carrier, or to a service that speaks for many."""

    def __init__(self, client: ProviderClient) -> None:
        self._client = client

    async def buy_label(self, request: ParcelRequest) -> Label:
        """Buy the label of a parcel."""
        found = await self._client.send("POST", "/v1/labels", key=request.key, body=_parcel(request))
        if not found.get("id") or not found.get("tracking_number"):
            raise ProviderDown("the provider's answer is not understood")
        return Label(str(found["id"])[:120], str(found["tracking_number"])[:40])

    async def rates(self, request: ParcelRequest) -> Sequence[Rate]:
        """Return what the services for a parcel cost."""
        found = await self._client.send("POST", "/v1/rates", body=_parcel(request))
        try:
            return [
                Rate(str(rate["carrier"]), str(rate["service"]), Money.model_validate(rate["price"]), int(rate["transit_days"]))
                for rate in found["rates"]
            ]
        except (KeyError, TypeError, ValidationError) as error:
            raise ProviderDown("the provider's answer is not understood") from error


def _parcel(request: ParcelRequest) -> dict[str, JsonValue]:
    return {
        "shipment": request.shipment,
        "order": request.order,
        "carrier": request.carrier,
        "service": request.service,
        "weight_grams": request.weight_grams,
        "ship_from": request.ship_from,
        "ship_to": request.ship_to,
    }
