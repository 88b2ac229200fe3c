"""What a store has labelled for routing, and the routers that learned from it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.tables.base import TenantRow, instant, json_column, long_text


class RouteIntent(SQLModel, table=True):
    """What the store calls a kind of message, and who takes it: the table that a merchant edits."""

    __tablename__ = "route_intents"
    __table_args__ = (CheckConstraint("route ~ '^[a-z_]+(/[a-z_]+)?$'", name="route_intents_route_check"),)
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    intent: str = Field(primary_key=True, max_length=100)
    route: str = Field(max_length=80)
    """An agent, a desk, or `human`, `out_of_scope`, `small_talk`, `answer`."""
    updated_at: datetime = instant()


class RouteMessage(TenantRow, table=True):
    """A message as somebody wrote it, with its label; a text has one label."""

    __tablename__ = "route_messages"
    __table_args__ = (
        UniqueConstraint("tenant_id", "digest"),
        ForeignKeyConstraint(["tenant_id", "intent"], ["route_intents.tenant_id", "route_intents.intent"]),
        CheckConstraint("length(text) BETWEEN 1 AND 2000", name="route_messages_text_check"),
        Index("ix_route_messages_intent", "tenant_id", "intent"),
        Index("ix_route_messages_newest", "tenant_id", "created_at", "id"),
    )
    text: str = long_text()
    digest: str = Field(max_length=64)
    """SHA-256 of the text in lower case."""
    intent: str = Field(max_length=100)
    created_at: datetime = instant()


class RouteModel(SQLModel, table=True):
    """A trained router for the store's customers or its staff."""

    __tablename__ = "route_models"
    __table_args__ = (
        CheckConstraint("audience IN ('customer', 'staff')", name="route_models_audience_check"),
        CheckConstraint("version >= 1 AND messages >= 1", name="route_models_figures_check"),
    )
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    audience: str = Field(primary_key=True, max_length=8)
    version: int = 1
    messages: int
    """Labelled messages that it learned from."""
    sentences: str = Field(max_length=100)
    """What made its sentence vectors; empty: words and letters alone."""
    figures: dict[str, Any] = json_column()
    body: bytes = Field(sa_type=LargeBinary)
    trained_at: datetime = instant()
