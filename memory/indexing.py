"""Bring what is searched up to date with Postgres, which is the truth: sources follow their rows, chunks their sources, vectors chunks.

Each step is a transaction of its own and picks up where the last one stopped, in whatever process: changes stay queued until their
chunks are stored, chunks without a vector are found again, and what is gone is forgotten last.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from uuid import UUID

from core.identity import Principal
from core.knowing import SourceKind, SourceStatus
from memory.index import KnowledgeIndex, Vectored
from memory.rendering import Rendered, render
from memory.splitting import split
from store.queries import passages
from store.queries.passages import Changed, Piece
from store.tables.knowledge import KnowledgeSource
from store.unit import Tx, Units

Progress = Callable[[str], None]
_CHANGES = 50
_FRESH = 2000
"""Chunks that one transaction adds at most."""
_VECTORS = 64
_LEFTOVERS = 1000
_TOLD = 1000


async def index_knowledge(
    units: Units, principal: Principal, index: KnowledgeIndex, *, everything: bool = False, progress: Progress | None = None
) -> int:
    """Follow the tenant's changes to the end, and return how many chunks got a vector.

    Safe to run again and beside itself. No transaction is open while vectors are made.

    Args:
        principal: somebody of the tenant who is not a customer.
        everything: read all rows again and make all vectors again, such as after the loss of Chroma's data.
        progress: is told how far a long run is.

    Raises:
        Unavailable: Chroma or Postgres cannot be reached; what was done stays done.
        ModelFailed: the embedding model cannot be asked.
    """
    if everything:
        async with units.write(principal) as tx:
            await passages.note_everything(tx)
            await passages.without_vectors(tx)
    while await follow_changes(units, principal):
        pass
    await read_waiting(units, principal)
    await forget(units, principal, index)
    return await give_vectors(units, principal, index, progress)


async def follow_changes(units: Units, principal: Principal) -> int:
    """Make sources and chunks of the oldest changes, and return how many changes there were."""
    async with units.write(principal) as tx:
        await passages.lock(tx)
        changes = await passages.take_changes(tx, _CHANGES)
        for change in changes:
            await _follow(tx, change)
    return len(changes)


async def read_waiting(units: Units, principal: Principal) -> None:
    """Cut what merchants added into chunks, a part in each transaction; addresses that nobody fetched yet are left alone."""
    while True:
        async with units.read(principal) as tx:
            waiting = await passages.waiting(tx)
        if not waiting:
            return
        for source_id in waiting:
            while await _read(units, principal, source_id):
                pass


async def forget(units: Units, principal: Principal, index: KnowledgeIndex) -> None:
    """Let Chroma forget what is gone or over."""
    async with units.write(principal) as tx:
        await passages.lock(tx)
        await passages.drop_expired(tx)
    while True:
        async with units.read(principal) as tx:
            gone = await passages.leftovers(tx, _LEFTOVERS)
            embeddings = [index.embedding, *await passages.other_embeddings(tx, index.embedding)]
        if not gone:
            return
        await index.remove(principal.tenant_id, gone, embeddings)
        async with units.write(principal) as tx:
            await passages.forgotten(tx, gone)


async def give_vectors(units: Units, principal: Principal, index: KnowledgeIndex, progress: Progress | None = None) -> int:
    """Make the vectors that chunks lack, and forget another embedding's when all have theirs; return how many were made."""
    done, told = 0, 0
    async with units.write(principal) as tx:
        await passages.begin_embedding(tx, index.embedding)
    while True:
        async with units.read(principal) as tx:
            bare = await passages.bare(tx, index.embedding, _VECTORS)
        if not bare:
            break
        vectors = await index.embedder.embed([f"{chunk.title}\n{chunk.heading}\n{chunk.text}" for chunk in bare])
        ids = [chunk.id for chunk in bare]
        async with units.write(principal) as tx:
            await passages.expect(tx, ids)
        await index.put(
            principal.tenant_id, [Vectored(chunk.id, chunk.visibility, vector) for chunk, vector in zip(bare, vectors, strict=True)]
        )
        async with units.write(principal) as tx:
            await passages.given(tx, index.embedding, ids)
        done += len(bare)
        if progress and done - told >= _TOLD:
            told = done
            progress(f"{done:,} passages have their vector")
    await _settle(units, principal, index)
    return done


async def _settle(units: Units, principal: Principal, index: KnowledgeIndex) -> None:
    async with units.write(principal) as tx:
        ready = await passages.note_ready(tx, index.embedding)
        others = await passages.other_embeddings(tx, index.embedding)
    if ready and others:
        for name in others:
            await index.drop(principal.tenant_id, name)
        async with units.write(principal) as tx:
            await passages.drop_embeddings(tx, others)


async def _follow(tx: Tx, change: Changed) -> None:
    if change.kind in {SourceKind.FILE, SourceKind.URL}:
        await passages.wait_anew(tx, change.id)
        return
    found = await render(tx, change.kind, change.id)
    row = await passages.locked(tx, change.id)
    if found is None:
        if row is not None:
            await passages.drop(tx, row)
        return
    pieces = [Piece(piece.section, piece.title, piece.heading, piece.text, found.names) for piece in split(found.title, found.body)]
    digest = _digest(pieces)
    if row is None:
        row = tx.add(_new(tx, change.id, found))
    elif row.digest != digest:
        row.version += 1
    row.kind, row.slug, row.title, row.link, row.visibility = found.kind, found.slug[:120], found.title[:200], found.link, found.visibility
    row.digest, row.status, row.updated_at = digest, SourceStatus.READY, found.updated_at or tx.now
    tx.session.add(row)
    await passages.store(tx, row, pieces)


def _new(tx: Tx, source_id: UUID, found: Rendered) -> KnowledgeSource:
    return KnowledgeSource(
        tenant_id=tx.tenant_id,
        id=source_id,
        kind=found.kind,
        slug=found.slug[:120],
        title=found.title[:200],
        visibility=found.visibility,
        created_at=tx.now,
        updated_at=tx.now,
    )


async def _read(units: Units, principal: Principal, source_id: UUID) -> bool:
    """Store a part of an added source's chunks, and return whether more are left."""
    async with units.write(principal) as tx:
        await passages.lock(tx)
        row = await passages.locked(tx, source_id)
        if row is None or row.status != SourceStatus.WAITING or not row.body:
            return False
        over = row.valid_until is not None and row.valid_until <= tx.now
        pieces = [] if over else split(row.title, row.body)
        left = await passages.store(tx, row, pieces, most=_FRESH)
        if not left:
            row.status, row.digest = SourceStatus.READY, _digest(pieces)
            tx.session.add(row)
        return bool(left)


def _digest(pieces: Sequence[Piece]) -> str:
    return sha256("".join(piece.digest for piece in pieces).encode()).hexdigest()
