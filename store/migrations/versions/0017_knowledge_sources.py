"""Knowledge sources: owners, visibility, validity, versions, gaps."""

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
