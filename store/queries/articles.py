"""Articles: the pages that state the policy."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text

from core.ids import new_id
from store.unit import Tx

_PUBLISH = text(
    "INSERT INTO articles AS a (tenant_id, id, slug, title, body, category, status, visibility, policy_version, updated_at) "
    "VALUES (:tenant, :id, :slug, :title, :body, 'policy', 'published', :visibility, :version, :now) "
    "ON CONFLICT (tenant_id, slug) DO UPDATE SET title = excluded.title, body = excluded.body, visibility = excluded.visibility, "
    "status = excluded.status, policy_version = excluded.policy_version, updated_at = CASE "
    "WHEN (a.title, a.body, a.visibility, a.status) IS DISTINCT FROM (excluded.title, excluded.body, excluded.visibility, excluded.status) "
    "THEN excluded.updated_at ELSE a.updated_at END WHERE a.category = 'policy'"
)
_WITHDRAW = text(
    "UPDATE articles SET status = 'archived', updated_at = :now "
    "WHERE tenant_id = :tenant AND policy_version <> :version AND status = 'published'"
)


class RulesPage(NamedTuple):
    """A page of the policy in words."""

    slug: str
    title: str
    body: str
    visibility: str


async def publish_rules(tx: Tx, pages: Sequence[RulesPage], version: int) -> None:
    """Make `pages` the articles that state the policy of a version: those that say the same stay as they are, those left over go."""
    common = {"tenant": tx.tenant_id, "now": tx.now, "version": version}
    await tx.connection.execute(_PUBLISH, [{**common, **page._asdict(), "id": new_id()} for page in pages])
    await tx.connection.execute(_WITHDRAW, common)
