"""Channels and secrets: where the next pull of a channel's orders begins, provider secrets at rest."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE channels ADD COLUMN orders_cursor VARCHAR(200) NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Take back."""
    op.execute("ALTER TABLE channels DROP COLUMN orders_cursor")
