"""What carriers offer, why one was chosen, what went wrong with its parcels, and what it owes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from core.fulfilment import ClaimStatus, IncidentKind, RateZone
from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, long_text, word, words_check


class CarrierService(TenantRow, table=True):
    """A way in which a carrier delivers, such as express."""

    __tablename__ = "carrier_services"
    __table_args__ = (UniqueConstraint("tenant_id", "carrier_id", "code"), belongs("carrier_id", "carriers", on_delete="CASCADE"))
    carrier_id: UUID
    code: str = Field(max_length=20)
    name: str = Field(max_length=60)
    active: bool = True


class CarrierRate(TenantRow, table=True):
    """What a service costs for a zone up to a weight, and how long it takes."""

    __tablename__ = "carrier_rates"
    __table_args__ = (
        UniqueConstraint("tenant_id", "service_id", "zone", "up_to_grams"),
        belongs("service_id", "carrier_services", on_delete="CASCADE"),
        words_check("zone", RateZone, "carrier_rates_zone_check"),
        CheckConstraint("up_to_grams > 0 AND price_minor >= 0 AND transit_days >= 0", name="carrier_rates_price_check"),
    )
    service_id: UUID
    zone: RateZone = word(RateZone)
    up_to_grams: int
    price_minor: int
    currency: str = Field(max_length=3)
    transit_days: int


class CarrierChoice(TenantRow, table=True):
    """Why a shipment goes with its carrier: the offers at hand and their scores, kept as they were."""

    __tablename__ = "carrier_choices"
    __table_args__ = (
        belongs("shipment_id", "shipments", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "shipment_id"),
        CheckConstraint("score_bp BETWEEN 0 AND 10000", name="carrier_choices_score_check"),
    )
    shipment_id: UUID
    service: str = Field(max_length=20)
    price_minor: int
    currency: str = Field(max_length=3)
    score_bp: int
    reason: str = Field(max_length=300)
    alternatives: list[Any] = json_column(list)
    policy_version: int
    created_at: datetime = instant()


class CarrierIncident(TenantRow, table=True):
    """A note against a carrier: what went wrong with a parcel, and what the customer got for it. Once a parcel and kind."""

    __tablename__ = "carrier_incidents"
    __table_args__ = (
        belongs("shipment_id", "shipments", on_delete="CASCADE"),
        belongs("carrier_id", "carriers"),
        UniqueConstraint("tenant_id", "shipment_id", "kind"),
        words_check("kind", IncidentKind, "carrier_incidents_kind_check"),
        CheckConstraint("credit_minor >= 0", name="carrier_incidents_credit_check"),
        Index("carrier_incidents_carrier_idx", "tenant_id", "carrier_id", "created_at"),
    )
    shipment_id: UUID
    carrier_id: UUID
    kind: IncidentKind = word(IncidentKind)
    credit_minor: int = 0
    currency: str = Field(max_length=3)
    policy_version: int
    created_at: datetime = instant()


class CarrierClaim(TenantRow, table=True):
    """What the shop demands of a carrier for a parcel. Once a parcel and kind."""

    __tablename__ = "carrier_claims"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "shipment_id", "kind"),
        belongs("shipment_id", "shipments", on_delete="CASCADE"),
        belongs("carrier_id", "carriers"),
        words_check("kind", IncidentKind, "carrier_claims_kind_check"),
        words_check("status", ClaimStatus, "carrier_claims_status_check"),
        CheckConstraint("amount_minor > 0 AND awarded_minor BETWEEN 0 AND amount_minor", name="carrier_claims_amount_check"),
        Index("carrier_claims_status_idx", "tenant_id", "status", "opened_at"),
        Index("carrier_claims_carrier_idx", "tenant_id", "carrier_id", "status"),
    )
    number: str = Field(max_length=20)
    shipment_id: UUID
    carrier_id: UUID
    kind: IncidentKind = word(IncidentKind)
    status: ClaimStatus = word(ClaimStatus, ClaimStatus.OPEN)
    description: str = long_text()
    photos: list[Any] = json_column(list)
    amount_minor: int
    awarded_minor: int = 0
    currency: str = Field(max_length=3)
    note: str = long_text()
    """What the carrier answered."""
    opened_at: datetime = instant()
    decided_at: datetime | None = instant_or_none()
