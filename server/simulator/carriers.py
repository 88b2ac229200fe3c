"""The carriers: rates, labels, and parcels that move in simulated time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from server.simulator.behaviour import World
from server.simulator.reporting import Reporter
from server.simulator.rest import Asked, Refusal

_PREFIX = {"colissimo": "6A", "chronopost": "XY", "dpd": "0510", "colis_prive": "CP", "ups": "1Z", "fedex": "FX"}
_WAY = (
    (2, "picked_up", "Depot", "Picked up by the carrier"),
    (12, "in_transit", "Sorting centre", "Left the sorting centre"),
    (36, "out_for_delivery", "Local depot", "Out for delivery"),
    (40, "delivered", "Doorstep", "Delivered to the recipient"),
)
_SERVICES = (("standard", 1.0, 3), ("express", 1.9, 1))
_NOT_SERVED = frozenset({"AQ", "KP"})


class Carriers:
    """Sells labels and moves parcels."""

    def __init__(self, world: World, reporter: Reporter) -> None:
        self._world = world
        self._reporter = reporter

    def label(self, asked: Asked) -> dict[str, Any]:
        """Sell a label; the parcel sets off when the simulated time runs."""
        body = asked.body
        country = str(body.get("ship_to", {}).get("country", ""))
        if not country or country in _NOT_SERVED:
            raise Refusal(422, "address", f"no service to {country or 'an address without a country'}")
        carrier = str(body.get("carrier", "carrier"))
        digits = "".join(str(self._world.chance.randrange(10)) for _ in range(11))
        parcel: dict[str, Any] = {
            "id": self._world.number("lbl"),
            "account": asked.account,
            "carrier": carrier,
            "shipment": str(body.get("shipment", "")),
            "tracking_number": f"{_PREFIX.get(carrier, 'TR')}{digits}",
            "status": "label_created",
        }
        self._world.parcels[parcel["tracking_number"]] = parcel
        if hour := self._world.behaviour.seconds_an_hour:
            for position, (hours, *_) in enumerate(_WAY):
                self._reporter.later(hours * hour, lambda position=position: self.move(parcel["tracking_number"], position))
        return {key: value for key, value in parcel.items() if key != "account"}

    def rates(self, asked: Asked) -> dict[str, Any]:
        """Return what the carriers take for a parcel, by its weight."""
        grams = max(int(asked.body.get("weight_grams") or 0), 1)
        rates: list[dict[str, Any]] = []
        for position, carrier in enumerate(_PREFIX):
            for service, factor, days in _SERVICES:
                minor = round((450 + 35 * position + 40 * -(-grams // 1000)) * factor)
                rates.append({"carrier": carrier, "service": service, "price": {"minor": minor, "currency": "EUR"}, "transit_days": days})
        return {"rates": rates}

    async def move(self, tracking_number: str, position: int) -> None:
        """Bring a parcel to a place on its way and report it."""
        parcel = self._world.parcels[tracking_number]
        hours, status, place, text = _WAY[position]
        parcel["status"] = status
        data = {"tracking_number": tracking_number, "status": status, "place": place, "text": text}
        at = (datetime.now(UTC) + timedelta(seconds=position)).isoformat()
        self._reporter.report(parcel["account"], "carrier", "tracking.updated", {**data, "at": at, "hours": hours})
