"""`storehand eval retrieval`: how well passages are found, on documents and questions of the caller's own.

The documents become sources of a store in a database of its own, cut, indexed and searched by what the product itself uses. A document
ranks with its best passage. Nothing is learned from the questions.
"""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from core.clock import system_clock
from core.errors import InvalidInput
from core.identity import Principal, Role
from core.ids import TenantId, UserId, new_id
from core.knowing import SourceKind, SourceStatus, Visibility
from core.settings import Settings
from evals import copies
from memory.embed import Embedder, HashEmbedder, SentenceEmbedder
from memory.index import KnowledgeIndex
from memory.indexing import index_knowledge
from memory.retrieval import HybridSearch, Trust, Wanted
from memory.sentences import find_sentences
from server.cli.output import out, progress
from server.setup import migrate
from store.embedded import Endpoints, servers
from store.engine import app_url, build_engine
from store.tables.knowledge import KnowledgeSource
from store.tables.tenancy import Tenant
from store.unit import Units

_NDCG_AT, _RECALL_AT = 10, 100
_PATIENCE_SECONDS = 60
"""A slow machine shall not count as a search by words alone."""
_PASSAGES = 400
"""So many passages are ranked for a question, which are enough for a hundred documents."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document by its own name."""

    id: str
    title: str
    content: str


@dataclass(frozen=True, slots=True)
class Query:
    """A question and the documents that it needs."""

    id: str
    text: str
    needed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to search."""

    name: str
    trust: Trust
    neural: bool


_WAYS = (
    Way("words", Trust(meaning=0), neural=False),
    Way("hash", Trust(words=0), neural=False),
    Way("local", Trust(words=0), neural=True),
    Way("hybrid hash", Trust(), neural=False),
    Way("hybrid local", Trust(), neural=True),
)


def read_documents(path: Path) -> list[Document]:
    """Read JSON lines `{"id", "title", "content"}`.

    Raises:
        InvalidInput: a line is not of this form.
    """
    return [Document(row["id"], row["title"], row["content"]) for row in _rows(path, {"id", "title", "content"})]


def read_queries(path: Path) -> list[Query]:
    """Read JSON lines `{"id", "query", "required_documents"}`.

    Raises:
        InvalidInput: a line is not of this form.
    """
    rows = _rows(path, {"id", "query", "required_documents"})
    return [Query(row["id"], row["query"], frozenset(row["required_documents"])) for row in rows]


def ndcg(ranked: Sequence[str], needed: frozenset[str], depth: int = _NDCG_AT) -> float:
    """Return the discounted gain of a ranking over the best one there is: 1 when all that is needed comes first."""
    gain = sum(1 / math.log2(place + 2) for place, name in enumerate(ranked[:depth]) if name in needed)
    best = sum(1 / math.log2(place + 2) for place in range(min(depth, len(needed))))
    return gain / best if best else 0.0


def recall(ranked: Sequence[str], needed: frozenset[str], depth: int = _RECALL_AT) -> float:
    """Return which share of what is needed is among the first."""
    return len(needed & set(ranked[:depth])) / len(needed) if needed else 0.0


def run(settings: Settings, documents: Path, queries: Path, *, as_json: bool) -> int:
    """Measure and print; return 0."""
    known, asked = read_documents(documents), read_queries(queries)
    with servers(settings, progress=progress) as endpoints:
        loaded = copies.create(endpoints)
        try:
            migrate(loaded.db_url, progress)
            report = asyncio.run(measure(settings, loaded, known, asked))
        finally:
            copies.remove(endpoints, copies.name_of(loaded))
    if as_json:
        print(json.dumps(report))  # noqa: T201
    else:
        for name, figures in report["ways"].items():
            out().print(
                f"{name:14} NDCG@10 {figures['ndcg_at_10']:.4f}   Recall@100 {figures['recall_at_100']:.4f}   {figures['ms_p95']:.0f} ms p95"
            )
    return 0


async def measure(settings: Settings, endpoints: Endpoints, documents: Sequence[Document], queries: Sequence[Query]) -> dict[str, Any]:
    """Load the documents, search in every way that can be had, and return the figures."""
    model = find_sentences(settings.routing.sentences)
    embedders: dict[bool, Embedder] = {False: HashEmbedder(), **({True: SentenceEmbedder(model)} if model else {})}
    if model is None:
        progress("Without sentence vectors: STOREHAND_ROUTING__SENTENCES names no folder with all-MiniLM-L6-v2")
    ways: dict[str, dict[str, float]] = {}
    async with _store(endpoints) as (units, who):
        names = await _load(units, who, documents)
        for neural, embedder in embedders.items():
            index = KnowledgeIndex(endpoints.chroma_url, embedder)
            try:
                began = time.perf_counter()
                chunks = await index_knowledge(units, who, index, progress=progress)
                progress(f"{chunks:,} passages with {embedder.name}, {chunks / (time.perf_counter() - began):.0f} a second")
                for way in (each for each in _WAYS if each.neural == neural):
                    ways[way.name] = await _figures(units, who, HybridSearch(index, way.trust, patience=_PATIENCE_SECONDS), names, queries)
            finally:
                await index.drop(who.tenant_id, index.embedding)
                await index.close()
    return {"documents": len(documents), "queries": len(queries), "ways": ways}


async def _figures(
    units: Units, who: Principal, search: HybridSearch, names: dict[UUID, str], queries: Sequence[Query]
) -> dict[str, float]:
    gains, recalls, times = list[float](), list[float](), list[float]()
    for query in queries:
        began = time.perf_counter()
        async with units.read(who) as tx:
            ranked = await search.rank(tx, Wanted(query.text, (Visibility.PUBLIC,), limit=_PASSAGES))
        times.append((time.perf_counter() - began) * 1000)
        found = list(dict.fromkeys(names[each.place.source_id] for each in ranked))
        gains.append(ndcg(found, query.needed))
        recalls.append(recall(found, query.needed))
    return {
        "ndcg_at_10": round(sum(gains) / len(gains), 4),
        "recall_at_100": round(sum(recalls) / len(recalls), 4),
        "ms_p95": round(sorted(times)[math.ceil(len(times) * 0.95) - 1], 1),
    }


async def _load(units: Units, who: Principal, documents: Sequence[Document]) -> dict[UUID, str]:
    names: dict[UUID, str] = {}
    async with units.write(who) as tx:
        now = tx.now
        tx.session.add(Tenant(id=who.tenant_id, slug="measured", name="Measured", currency="EUR", support_email="", created_at=now))
        await tx.session.flush()
        for document in documents:
            row = tx.add(
                KnowledgeSource(
                    tenant_id=who.tenant_id,
                    kind=SourceKind.FILE,
                    slug=document.id[-120:],
                    title=document.title[:200],
                    body=document.content,
                    visibility=Visibility.PUBLIC,
                    status=SourceStatus.WAITING,
                    created_at=now,
                    updated_at=now,
                )
            )
            names[row.id] = document.id
    return names


@asynccontextmanager
async def _store(endpoints: Endpoints) -> AsyncIterator[tuple[Units, Principal]]:
    engine = build_engine(app_url(endpoints.db_url), pool_size=4)
    try:
        yield Units(engine, system_clock), Principal(TenantId(new_id()), UserId(UUID(int=0)), Role.OWNER, name="measuring")
    finally:
        await engine.dispose()


def _rows(path: Path, fields: set[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            row: dict[str, Any] = json.loads(line)
            if not fields <= set(row):
                raise InvalidInput(f"line {number} of {path.name} needs {', '.join(sorted(fields))}", field="documents")
            yield row
