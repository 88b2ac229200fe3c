"""Sources and their chunks as they are made: taken from changes, cut anew, given vectors, forgotten."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from core.ids import new_id
from core.knowing import SourceKind, SourceStatus
from store.queries.knowledge import config_of
from store.tables.knowledge import KnowledgeSource
from store.unit import ReadTx, Tx

_TAKE = (
    "WITH taken AS (SELECT id, kind, source_id FROM knowledge_changes WHERE tenant_id = %(tenant)s ORDER BY at LIMIT %(limit)s "
    "FOR UPDATE SKIP LOCKED), gone AS (DELETE FROM knowledge_changes c USING taken t WHERE c.tenant_id = %(tenant)s AND c.id = t.id) "
    "SELECT DISTINCT kind, source_id FROM taken ORDER BY source_id"
)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('knowledge:' || cast(:tenant AS text), 0))")
_KNOWN = text(
    "SELECT c.id, c.digest, (c.kind, c.visibility, c.language) = (s.kind, s.visibility, s.language) AND "
    "(c.valid_from, c.valid_until) IS NOT DISTINCT FROM (s.valid_from, s.valid_until) AS fitting FROM knowledge_chunks c "
    "JOIN knowledge_sources s ON s.tenant_id = c.tenant_id AND s.id = c.source_id "
    "WHERE c.tenant_id = :tenant AND c.source_id = :source ORDER BY c.place"
)
_ADD = text(
    "INSERT INTO knowledge_chunks (tenant_id, id, source_id, place, section, kind, visibility, language, valid_from, valid_until, title, "
    "heading, text, digest, names, words, search) SELECT s.tenant_id, c.id, s.id, c.place, c.section, s.kind, s.visibility, s.language, "
    "s.valid_from, s.valid_until, c.title, c.heading, c.text, c.digest, string_to_array(c.names, ' '), "
    "greatest(1, length(search.it)), search.it "
    "FROM knowledge_sources s, unnest(cast(:ids AS uuid[]), cast(:places AS integer[]), cast(:sections AS integer[]), "
    "cast(:titles AS text[]), cast(:headings AS text[]), cast(:texts AS text[]), cast(:digests AS text[]), cast(:names AS text[])) "
    "AS c (id, place, section, title, heading, text, digest, names), LATERAL (SELECT to_tsvector(cast(:config AS regconfig), "
    "concat_ws(' ', c.title, c.title, c.heading, c.heading, c.heading, c.text, c.names)) AS it) AS search "
    "WHERE s.tenant_id = :tenant AND s.id = :source"
)
_MOVE = text(
    "UPDATE knowledge_chunks c SET place = m.place, section = m.section FROM unnest(cast(:ids AS uuid[]), cast(:places AS integer[]), "
    "cast(:sections AS integer[])) AS m (id, place, section) "
    "WHERE c.tenant_id = :tenant AND c.id = m.id AND (c.place, c.section) IS DISTINCT FROM (m.place, m.section)"
)
_DROP = text("DELETE FROM knowledge_chunks WHERE tenant_id = :tenant AND id = ANY (:ids)")
_DROP_SOURCE = text("DELETE FROM knowledge_chunks WHERE tenant_id = :tenant AND source_id = :source")
_EXPIRED = text("DELETE FROM knowledge_chunks WHERE tenant_id = :tenant AND valid_until <= :now")
_BARE = text(
    "SELECT c.id, c.kind, c.visibility, c.title, c.heading, c.text FROM ("
    "(SELECT id FROM knowledge_vectors WHERE tenant_id = :tenant AND embedding < :embedding ORDER BY embedding, id LIMIT :limit) UNION ALL "
    "(SELECT id FROM knowledge_vectors WHERE tenant_id = :tenant AND embedding > :embedding ORDER BY embedding, id LIMIT :limit)) bare "
    "JOIN knowledge_chunks c ON c.tenant_id = :tenant AND c.id = bare.id LIMIT :limit"
)
_EXPECT = text("UPDATE knowledge_vectors SET embedding = '-' WHERE tenant_id = :tenant AND id = ANY (:ids) AND embedding = ''")
_WAIT = text("UPDATE knowledge_sources SET status = 'waiting', reason = '' WHERE tenant_id = :tenant AND id = :source AND body <> ''")
_GIVEN = text(
    "WITH had AS (UPDATE knowledge_vectors SET embedding = :embedding WHERE tenant_id = :tenant AND id = ANY (:ids) RETURNING id) "
    "INSERT INTO knowledge_leftovers (tenant_id, id) SELECT :tenant, gone.id FROM unnest(cast(:ids AS uuid[])) AS gone (id) "
    "WHERE gone.id NOT IN (SELECT id FROM had) ON CONFLICT DO NOTHING"
)
_LEFT = text("SELECT id FROM knowledge_leftovers WHERE tenant_id = :tenant ORDER BY id LIMIT :limit")
_FORGOTTEN = text("DELETE FROM knowledge_leftovers WHERE tenant_id = :tenant AND id = ANY (:ids)")
_READY = text(
    "INSERT INTO knowledge_embeddings AS e (tenant_id, name, ready_at) SELECT :tenant, cast(:embedding AS varchar), :now WHERE NOT EXISTS "
    "(SELECT 1 FROM knowledge_vectors WHERE tenant_id = :tenant AND embedding < :embedding) AND NOT EXISTS "
    "(SELECT 1 FROM knowledge_vectors WHERE tenant_id = :tenant AND embedding > :embedding) "
    "ON CONFLICT (tenant_id, name) DO UPDATE SET ready_at = excluded.ready_at"
)
_BEGUN = text("INSERT INTO knowledge_embeddings (tenant_id, name) VALUES (:tenant, :embedding) ON CONFLICT DO NOTHING")
_OTHERS = text("SELECT name FROM knowledge_embeddings WHERE tenant_id = :tenant AND name <> :embedding")
_UNUSED = text("DELETE FROM knowledge_embeddings WHERE tenant_id = :tenant AND name = ANY (:names)")
_ALL_ANEW = text("UPDATE knowledge_vectors SET embedding = '' WHERE tenant_id = :tenant AND embedding <> ''")
_NONE_READY = text("UPDATE knowledge_embeddings SET ready_at = NULL WHERE tenant_id = :tenant")
_EVERYTHING = text(
    "INSERT INTO knowledge_changes (tenant_id, id, kind, source_id, at) SELECT tenant_id, gen_random_uuid(), kind, id, :now FROM ("
    "SELECT tenant_id, 'article' AS kind, id FROM articles UNION ALL SELECT tenant_id, 'product', id FROM products "
    "UNION ALL SELECT tenant_id, 'review', id FROM reviews UNION ALL SELECT tenant_id, 'ticket', id FROM tickets "
    "UNION ALL SELECT tenant_id, kind, id FROM knowledge_sources) every_one WHERE tenant_id = :tenant"
)
_PROGRESS = text(
    "SELECT count(*), count(*) FILTER (WHERE v.embedding = :embedding) FROM knowledge_chunks c "
    "JOIN knowledge_vectors v ON v.tenant_id = c.tenant_id AND v.id = c.id WHERE c.tenant_id = :tenant AND c.source_id = :source"
)
_ROWS = 500


class Piece(NamedTuple):
    """A chunk before it is stored."""

    section: int
    title: str
    heading: str
    text: str
    names: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The hash of all that is stored of it: two pieces with one digest are the same."""
        return sha256("\0".join([self.title, self.heading, self.text, *self.names]).encode()).hexdigest()


class Bare(NamedTuple):
    """A chunk that lacks a vector."""

    id: UUID
    kind: str
    visibility: str
    title: str
    heading: str
    text: str


class Changed(NamedTuple):
    """A source that has to follow a change."""

    kind: SourceKind
    id: UUID


async def take_changes(tx: Tx, limit: int) -> list[Changed]:
    """Take the oldest changes out of the queue; they are back in it when this transaction fails."""
    rows = await tx.run(_TAKE, {"tenant": tx.tenant_id, "limit": limit})
    return [Changed(SourceKind(kind), source) for kind, source in rows]


async def note_everything(tx: Tx) -> None:
    """Queue every source there is and every row that one is made of."""
    await tx.connection.execute(_EVERYTHING, {"tenant": tx.tenant_id, "now": tx.now})


async def source(tx: ReadTx, source_id: UUID) -> KnowledgeSource | None:
    """Return a source."""
    return await tx.session.get(KnowledgeSource, (tx.tenant_id, source_id))


async def waiting(tx: ReadTx, limit: int = 50) -> list[UUID]:
    """Return added sources whose text waits to be cut into chunks."""
    statement = (
        select(col(KnowledgeSource.id))
        .where(col(KnowledgeSource.tenant_id) == tx.tenant_id, col(KnowledgeSource.status) == SourceStatus.WAITING)
        .where(col(KnowledgeSource.body) != "")
        .order_by(col(KnowledgeSource.id))
        .limit(limit)
    )
    return list(await tx.session.exec(statement))


async def lock(tx: Tx) -> None:
    """Wait until no other transaction changes the tenant's chunks: their words are counted one after the other."""
    await tx.connection.execute(_LOCK, {"tenant": str(tx.tenant_id)})


async def locked(tx: Tx, source_id: UUID) -> KnowledgeSource | None:
    """Return a source, which nobody else changes until this transaction ends."""
    return await tx.session.get(KnowledgeSource, (tx.tenant_id, source_id), with_for_update=True, populate_existing=True)


async def store(tx: Tx, row: KnowledgeSource, pieces: Sequence[Piece], *, most: int | None = None) -> int:
    """Make `pieces` the chunks of a source; those that say the same as before keep their ids and vectors. Return how many are left to add.

    Args:
        most: so many are added at most; another call goes on.
    """
    await tx.session.flush()
    about = {"tenant": tx.tenant_id, "source": row.id}
    known = list(await tx.connection.execute(_KNOWN, about))
    kept: dict[str, list[UUID]] = {}
    for each in known:
        if each.fitting:
            kept.setdefault(each.digest, []).append(each.id)
    fresh, moved = list[tuple[int, Piece]](), list[tuple[UUID, int, int]]()
    for place, piece in enumerate(pieces):
        same = kept.get(piece.digest)
        if same:
            moved.append((same.pop(0), place, piece.section))
        else:
            fresh.append((place, piece))
    staying = {chunk for chunk, _, _ in moved}
    if gone := [each.id for each in known if each.id not in staying]:
        await tx.connection.execute(_DROP, {"tenant": tx.tenant_id, "ids": gone})
    if moved:
        ids, places, sections = zip(*moved, strict=True)
        values = {"ids": list(ids), "places": list(places), "sections": list(sections)}
        await tx.connection.execute(_MOVE, {"tenant": tx.tenant_id, **values})
    now = fresh[:most]
    for start in range(0, len(now), _ROWS):
        await tx.connection.execute(_ADD, {**about, "config": config_of(row.language), **_columns(now[start : start + _ROWS])})
    return len(fresh) - len(now)


def _columns(fresh: Sequence[tuple[int, Piece]]) -> dict[str, list[object]]:
    return {
        "ids": [new_id() for _ in fresh],
        "places": [place for place, _ in fresh],
        "sections": [piece.section for _, piece in fresh],
        "titles": [piece.title for _, piece in fresh],
        "headings": [piece.heading for _, piece in fresh],
        "texts": [piece.text for _, piece in fresh],
        "digests": [piece.digest for _, piece in fresh],
        "names": [" ".join(piece.names) for _, piece in fresh],
    }


async def drop(tx: Tx, row: KnowledgeSource) -> None:
    """Delete a source; its chunks go with it, and their vectors become leftovers."""
    await tx.session.flush()
    await tx.connection.execute(_DROP_SOURCE, {"tenant": tx.tenant_id, "source": row.id})
    await tx.session.delete(row)
    await tx.session.flush()


async def drop_expired(tx: Tx) -> int:
    """Delete the chunks whose time is over and return how many; their sources stay, and can be given another end."""
    return (await tx.connection.execute(_EXPIRED, {"tenant": tx.tenant_id, "now": tx.now})).rowcount


async def bare(tx: ReadTx, embedding: str, limit: int) -> list[Bare]:
    """Return chunks that have no vector of an embedding."""
    return [Bare(*row) for row in await tx.connection.execute(_BARE, {"tenant": tx.tenant_id, "embedding": embedding, "limit": limit})]


async def given(tx: Tx, embedding: str, chunks: Sequence[UUID]) -> None:
    """Note that Chroma holds the vectors of chunks, and have it forget those that went meanwhile."""
    await tx.connection.execute(_GIVEN, {"tenant": tx.tenant_id, "embedding": embedding, "ids": list(chunks)})


async def expect(tx: Tx, chunks: Sequence[UUID]) -> None:
    """Note that Chroma is about to get the vectors of chunks: whatever happens next, it will be told to forget those that go."""
    await tx.connection.execute(_EXPECT, {"tenant": tx.tenant_id, "ids": list(chunks)})


async def wait_anew(tx: Tx, source_id: UUID) -> None:
    """Let an added source be cut into chunks again."""
    await tx.connection.execute(_WAIT, {"tenant": tx.tenant_id, "source": source_id})


async def leftovers(tx: ReadTx, limit: int) -> list[UUID]:
    """Return chunks that are gone, whose vectors are not."""
    return list((await tx.connection.execute(_LEFT, {"tenant": tx.tenant_id, "limit": limit})).scalars())


async def forgotten(tx: Tx, chunks: Sequence[UUID]) -> None:
    """Note that the vectors of chunks are gone."""
    await tx.connection.execute(_FORGOTTEN, {"tenant": tx.tenant_id, "ids": list(chunks)})


async def begin_embedding(tx: Tx, embedding: str) -> None:
    """Note that vectors of an embedding are being made."""
    await tx.connection.execute(_BEGUN, {"tenant": tx.tenant_id, "embedding": embedding})


async def note_ready(tx: Tx, embedding: str) -> bool:
    """Note that an embedding has vectors of every chunk, if it has."""
    values = {"tenant": tx.tenant_id, "embedding": embedding, "now": tx.now}
    return (await tx.connection.execute(_READY, values)).rowcount == 1


async def other_embeddings(tx: ReadTx, embedding: str) -> list[str]:
    """Return the other embeddings that there are vectors of."""
    return list((await tx.connection.execute(_OTHERS, {"tenant": tx.tenant_id, "embedding": embedding})).scalars())


async def drop_embeddings(tx: Tx, names: Sequence[str]) -> None:
    """Forget embeddings whose vectors are gone."""
    await tx.connection.execute(_UNUSED, {"tenant": tx.tenant_id, "names": list(names)})


async def without_vectors(tx: Tx) -> None:
    """Note that Chroma holds no vector, such as after the loss of its data."""
    await tx.connection.execute(_ALL_ANEW, {"tenant": tx.tenant_id})
    await tx.connection.execute(_NONE_READY, {"tenant": tx.tenant_id})


async def progress(tx: ReadTx, embedding: str, source_id: UUID) -> tuple[int, int]:
    """Return how many chunks a source has, and how many of them have their vector."""
    row = (await tx.connection.execute(_PROGRESS, {"tenant": tx.tenant_id, "embedding": embedding, "source": source_id})).one()
    return int(row[0]), int(row[1])
