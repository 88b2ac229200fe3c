"""Channels and secrets: provider secrets at rest, answers of channels."""

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
