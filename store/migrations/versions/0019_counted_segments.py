"""Who is in a segment by its rule is counted by the worker and kept, so that reading it costs the same at any size."""

from alembic import op

revision = "0019"
down_revision = "0022"

_UP = (
    "ALTER TABLE segments ADD COLUMN members INTEGER NOT NULL DEFAULT 0, ADD COLUMN counted_at TIMESTAMPTZ, "
    "ADD CONSTRAINT segments_members_check CHECK (members >= 0)",
    "ALTER TABLE segments ALTER COLUMN members DROP DEFAULT",
    "CREATE INDEX segment_members_added_idx ON segment_members (tenant_id, segment_id, added_at, id)",
)
_DOWN = (
    "DROP INDEX segment_members_added_idx",
    "DELETE FROM segment_members m USING segments s WHERE s.tenant_id = m.tenant_id AND s.id = m.segment_id AND s.rule IS NOT NULL",
    "ALTER TABLE segments DROP COLUMN members, DROP COLUMN counted_at",
)


def upgrade() -> None:
    """Apply."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Take back."""
    for statement in _DOWN:
        op.execute(statement)
