"""Routing: a shop's labelled messages and trained classifiers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from store.rls import cover

revision = "0015"
down_revision = "0014"

_TABLES = ("route_intents", "route_messages", "route_models")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "route_intents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("intent", sa.String(100), nullable=False),
        sa.Column("route", sa.String(80), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("route ~ '^[a-z_]+(/[a-z_]+)?$'", name="route_intents_route_check"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "intent"),
    )
    op.create_table(
        "route_messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("intent", sa.String(100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 2000", name="route_messages_text_check"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.ForeignKeyConstraint(["tenant_id", "intent"], ["route_intents.tenant_id", "route_intents.intent"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "digest"),
    )
    op.create_index("ix_route_messages_intent", "route_messages", ["tenant_id", "intent"])
    op.create_index("ix_route_messages_newest", "route_messages", ["tenant_id", "created_at", "id"])
    op.create_table(
        "route_models",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.String(8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("sentences", sa.String(100), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("audience IN ('customer', 'staff')", name="route_models_audience_check"),
        sa.CheckConstraint("version >= 1 AND messages >= 1", name="route_models_figures_check"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "audience"),
    )
    for table in _TABLES:
        for statement in cover(table):
            op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for table in reversed(_TABLES):
        op.drop_table(table)
