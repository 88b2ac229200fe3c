"""Tenants (stores of merchants), their users, and the versions of their policy."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.identity import PEOPLE, Role
from core.ids import new_id
from store.tables.base import TenantRow, belongs, instant, json_column, word, words_check


class Tenant(SQLModel, table=True):
    """A merchant's store."""

    __tablename__ = "tenants"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(max_length=40, unique=True)
    name: str = Field(max_length=120)
    currency: str = Field(max_length=3)
    support_email: str = Field(max_length=200)
    created_at: datetime = instant()


class User(TenantRow, table=True):
    """Somebody who signs in. The e-mail address is unique over all tenants, so that sign-in needs no tenant."""

    __tablename__ = "users"
    __table_args__ = (belongs("customer_id", "customers"), words_check("role", PEOPLE, "users_role_check"))
    email: str = Field(max_length=200, unique=True)
    name: str = Field(max_length=120)
    password_hash: str = Field(max_length=200)
    role: Role = word(Role)
    customer_id: UUID | None = None
    created_at: datetime = instant()


class PolicyVersion(TenantRow, table=True):
    """One version of a tenant's policy: the typed object of `tools.policy`, as data."""

    __tablename__ = "policy_versions"
    __table_args__ = (UniqueConstraint("tenant_id", "version"), CheckConstraint("version > based_on", name="policy_versions_order_check"))
    version: int
    based_on: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """The version that the author changed; 0 for the first."""
    body: dict[str, Any] = json_column()
    author: str = Field(max_length=120)
    note: str = Field(default="", max_length=1000, sa_column_kwargs={"server_default": ""})
    """Why, in the author's words."""
    created_at: datetime = instant()
    effective_at: datetime = instant()
    """From when on it holds, unless a higher version does: a rule of the future is stored today."""
