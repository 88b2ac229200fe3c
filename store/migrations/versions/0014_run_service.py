"""The run service: assistants, scheduled runs, the store, kept answers."""

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
