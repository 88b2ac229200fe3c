"""Care after the sale: quality inspections, warranty claims, surveys."""

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
