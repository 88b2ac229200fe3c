"""Routing: a shop's labelled messages and trained classifiers."""

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
