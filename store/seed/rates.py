"""What the carriers offer: their services, with rates by zone and weight."""

from collections.abc import Iterator

from core.fulfilment import RateZone
from store.seed.data.shops import CARRIERS, SERVICES, Courier, Service
from store.seed.model import Batch, Row, Shop

_BANDS = ((2_000, 100), (5_000, 130), (10_000, 170), (30_000, 260))
"""Weight in grams, and per cent of the base rate."""
_ZONES = ((RateZone.DOMESTIC, 100, 0), (RateZone.EUROPE, 160, 2), (RateZone.WORLD, 320, 6))
"""Zone, per cent of the domestic rate, and days more."""


def batches(shop: Shop) -> Iterator[Batch]:
    """Yield services and rates of all carriers."""
    offers = [(courier, service) for courier in CARRIERS for service in SERVICES if courier.code in service.carriers]
    yield Batch(shop.tenant_id, "carrier_services", [_service(shop, *offer) for offer in offers])
    yield Batch(shop.tenant_id, "carrier_rates", [row for offer in offers for row in _rates(shop, *offer)])


def _service(shop: Shop, courier: Courier, service: Service) -> Row:
    carrier = shop.id_of("carriers", courier.code)
    key = f"{courier.code}-{service.code}"
    return shop.row("carrier_services", key, carrier_id=carrier, code=service.code, name=service.name, active=True)


def _rates(shop: Shop, courier: Courier, service: Service) -> Iterator[Row]:
    key = f"{courier.code}-{service.code}"
    for zone, zone_percent, more_days in _ZONES:
        for grams, weight_percent in _BANDS:
            yield shop.row(
                "carrier_rates",
                f"{key}-{zone}-{grams}",
                service_id=shop.id_of("carrier_services", key),
                zone=zone.value,
                up_to_grams=grams,
                price_minor=courier.price_minor * service.percent * zone_percent * weight_percent // 1_000_000,
                currency=shop.profile.currency,
                transit_days=max(courier.transit_days + service.days + more_days, 1),
            )
