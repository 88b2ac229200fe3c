"""Indexes for shops of a million orders: a customer's returns and tickets, newest first."""

from alembic import op

revision = "0013"
down_revision = "0012"

_INDEXES = {
    "returns_customer_idx": "returns (tenant_id, customer_id, requested_at)",
    "tickets_customer_idx": "tickets (tenant_id, customer_id, created_at)",
}


def upgrade() -> None:
    """Apply."""
    for name, columns in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {columns}")


def downgrade() -> None:
    """Take back."""
    for name in _INDEXES:
        op.execute(f"DROP INDEX {name}")
