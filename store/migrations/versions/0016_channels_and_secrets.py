"""Channels and secrets: where the next pull of a channel's orders begins, and providers' secrets that are sealed at rest.

A secret that stood in plain text cannot be sealed here, since the key is not in the database: it is taken out, and its connection rests
until it is made again.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

_SECRETS = ("api_key", "webhook_secret")


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE channels ADD COLUMN orders_cursor VARCHAR(200) NOT NULL DEFAULT ''")
    op.execute(
        "UPDATE provider_connections SET active = false, api_key = '', webhook_secret = '' WHERE api_key <> '' OR webhook_secret <> ''"
    )
    for name in _SECRETS:
        op.execute(f"ALTER TABLE provider_connections ALTER COLUMN {name} TYPE VARCHAR(600)")
        op.execute(
            f"ALTER TABLE provider_connections ADD CONSTRAINT provider_connections_{name}_check CHECK ({name} = '' OR {name} LIKE 'v1.%')"
        )


def downgrade() -> None:
    """Take back."""
    op.execute("UPDATE provider_connections SET active = false, api_key = '', webhook_secret = ''")
    for name in _SECRETS:
        op.execute(f"ALTER TABLE provider_connections DROP CONSTRAINT provider_connections_{name}_check")
        op.execute(f"ALTER TABLE provider_connections ALTER COLUMN {name} TYPE VARCHAR(300)")
    op.execute("ALTER TABLE channels DROP COLUMN orders_cursor")
