"""Articles: found by words, read for citing, and what the index has not seen yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from core.ids import new_id
from store.unit import ReadTx, Tx

_DOCUMENT = "(setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B'))"
"""The expression of articles_search_idx, letter for letter."""
_ANY_WORD = "cast(replace(cast(plainto_tsquery('english', :query) AS text), ' & ', ' | ') AS tsquery)"
_LEXICAL = text(
    f"SELECT id FROM articles, (SELECT {_ANY_WORD} AS terms) q WHERE tenant_id = :tenant AND status = 'published' "
    f"AND visibility = ANY(:visibility) AND numnode(q.terms) > 0 AND {_DOCUMENT} @@ q.terms "
    f"ORDER BY ts_rank({_DOCUMENT}, q.terms) DESC, id LIMIT :limit"
)
_PUBLISHED = text(
    "SELECT id, slug, title, body, visibility, category = 'policy' AS rules, "
    "to_tsvector('english', title) @@ plainto_tsquery('english', :query) AS titled "
    "FROM articles WHERE tenant_id = :tenant AND id = ANY(:ids) AND status = 'published' AND visibility = ANY(:visibility)"
)
_RANK = text(
    f"""
    WITH q AS (SELECT {_ANY_WORD} AS terms),
    piece AS (
      SELECT p.number, setweight(to_tsvector('english', p.title), 'B') || setweight(to_tsvector('english', p.heading), 'A')
        || setweight(to_tsvector('english', p.body), 'C') AS document
      FROM unnest(cast(:titles AS text[]), cast(:headings AS text[]), cast(:bodies AS text[])) WITH ORDINALITY
        AS p(title, heading, body, number)
    ),
    term AS (SELECT lexeme, cast(quote_literal(lexeme) AS tsquery) AS query FROM unnest(to_tsvector('english', :query))),
    weight AS (
      SELECT t.query, ln((1 + (SELECT count(*) FROM piece)) / (0.5 + count(p.number)))::float8 AS rarity
      FROM term t LEFT JOIN piece p ON p.document @@ t.query GROUP BY t.query
    )
    SELECT p.number - 1 AS position, sum(w.rarity) / (SELECT sum(rarity) FROM weight) AS share,
      sum(w.rarity * ts_rank('{{0.1, 0.3, 0.5, 1.0}}', p.document, w.query)) AS score
    FROM piece p JOIN weight w ON p.document @@ w.query GROUP BY p.number ORDER BY score DESC, p.number LIMIT :limit
    """
)
_STALE = text(
    "SELECT id, title, body, visibility, status, updated_at FROM articles WHERE tenant_id = :tenant "
    "AND (:everything OR indexed_at IS NULL OR indexed_at < updated_at) AND id > :after ORDER BY id LIMIT :limit"
)
_INDEXED = text("UPDATE articles SET indexed_at = :now WHERE tenant_id = :tenant AND id = :id AND updated_at = :updated_at")
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
_FIRST_ID = UUID(int=0)


class Page(NamedTuple):
    """A published article."""

    id: UUID
    slug: str
    title: str
    body: str
    visibility: str
    rules: bool
    """Whether it states the shop's own rules, which other articles only point to."""
    titled: bool
    """Whether its title has every word of the question."""


class Piece(NamedTuple):
    """A part of an article that is ranked on its own."""

    title: str
    heading: str
    body: str


class RulesPage(NamedTuple):
    """A page of the policy in words."""

    slug: str
    title: str
    body: str
    visibility: str


class Stale(NamedTuple):
    """An article that changed after it was indexed."""

    id: UUID
    title: str
    body: str
    visibility: str
    status: str
    updated_at: datetime


async def matching(tx: ReadTx, query: str, visibility: Sequence[str], limit: int) -> list[UUID]:
    """Return the published articles that share words with `query`, best first."""
    values = {"tenant": tx.tenant_id, "query": query, "visibility": list(visibility), "limit": limit}
    return list((await tx.session.execute(_LEXICAL, values)).scalars())


async def published(tx: ReadTx, query: str, ids: Sequence[UUID], visibility: Sequence[str]) -> list[Page]:
    """Return those of some articles that are published under one of these visibilities."""
    values = {"tenant": tx.tenant_id, "query": query, "ids": list(ids), "visibility": list(visibility)}
    rows = await tx.session.execute(_PUBLISHED, values)
    return [Page(*row) for row in rows]


async def rank(tx: ReadTx, query: str, pieces: Sequence[Piece], limit: int) -> list[tuple[int, float]]:
    """Return the positions of the pieces that share words with `query`, best first, each with its share of what was asked.

    A rare word counts more than a common one, and one that no piece has counts most: a share of 1 has every word of the query.
    """
    values = {
        "query": query,
        "titles": [piece.title for piece in pieces],
        "headings": [piece.heading for piece in pieces],
        "bodies": [piece.body for piece in pieces],
        "limit": limit,
    }
    return [(int(row.position), float(row.share)) for row in await tx.session.execute(_RANK, values)]


async def stale(tx: ReadTx, *, everything: bool = False, after: UUID | None = None, limit: int = 50) -> list[Stale]:
    """Return articles, by id, that changed since they were indexed, or all of them when `everything`."""
    values = {"tenant": tx.tenant_id, "everything": everything, "after": after or _FIRST_ID, "limit": limit}
    return [Stale(*row) for row in await tx.session.execute(_STALE, values)]


async def mark_indexed(tx: Tx, article: Stale) -> None:
    """Note that an article was indexed as it stood; one that changed meanwhile stays stale."""
    values = {"tenant": tx.tenant_id, "now": tx.now, "id": article.id, "updated_at": article.updated_at}
    await tx.session.execute(_INDEXED, values)


async def publish_rules(tx: Tx, pages: Sequence[RulesPage], version: int) -> None:
    """Make `pages` the articles that state the policy of a version: those that say the same stay indexed, those left over go."""
    common = {"tenant": tx.tenant_id, "now": tx.now, "version": version}
    await tx.connection.execute(_PUBLISH, [{**common, **page._asdict(), "id": new_id()} for page in pages])
    await tx.connection.execute(_WITHDRAW, common)
