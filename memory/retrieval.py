"""Passages of the shop's articles for a question: by meaning from Chroma and by words from Postgres, joined by rank."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol
from uuid import UUID

from core.errors import ModelFailed, Unavailable
from core.log import get_logger
from memory.articles import ArticleIndex, Hit, Visibility, split
from memory.fusion import reciprocal_rank_fusion
from store.queries import articles
from store.queries.articles import Page, Piece
from store.unit import ReadTx

_log = get_logger(__name__)
_CANDIDATES = 20
_PATIENCE_SECONDS = 3
"""How long Chroma may take before the words alone answer."""
_ALIKE, _SHARED = 0.4, 0.7
"""A passage is about the question when its cosine over `_ALIKE` and its share of the words over `_SHARED` add up to 1."""
_ALIKE_UNKNOWN = 0.22
"""The cosine that is assumed while the search by meaning is out of reach."""
_WEIGHTS = (1.0, 1.0, 0.5)
"""Of the ranking by words, by meaning, and by words among the pages that state the shop's rules: others only point to those."""
_IDIOMS = (
    (re.compile(r"\bmoney back\b", re.IGNORECASE), "refund"),
    (re.compile(r"\b(?:send|give|bring|ship)(?:ing)?\b(.{0,30}?)\bback\b", re.IGNORECASE), r"return\1"),
    (re.compile(r"\b(?:broken|smashed|cracked|shattered)\b", re.IGNORECASE), "damaged"),
    (re.compile(r"\bdisconnect\w*", re.IGNORECASE), "connection"),
)
"""Everyday words for what articles call by another name."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A section of an article, whole."""

    article_id: UUID
    slug: str
    title: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Passages:
    """What was found, best first; `degraded` when the search by meaning was out of reach."""

    found: list[Passage] = field(default_factory=list[Passage])
    degraded: bool = False


class ArticleSearch(Protocol):
    """Finds passages that answer a question."""

    async def search(self, tx: ReadTx, query: str, *, visibility: Sequence[Visibility], limit: int) -> Passages:
        """Return at most `limit` passages of the tenant's published articles."""
        ...


class HybridSearch:
    """Two searches that make up for each other's weakness. Postgres has the last word on what may be seen."""

    def __init__(self, index: ArticleIndex) -> None:
        self._index = index

    async def search(self, tx: ReadTx, query: str, *, visibility: Sequence[Visibility], limit: int) -> Passages:
        """Return at most `limit` passages of the tenant's published articles."""
        query = _plain(query)
        hits = await self._by_meaning(tx, query, visibility)
        by_words = await articles.matching(tx, query, visibility, _CANDIDATES)
        ids = list(dict.fromkeys([*by_words, *(hit.article_id for hit in hits or ())]))
        pages = await articles.published(tx, ids, visibility) if ids else []
        sections = [section for page in pages for section in _sections(page)]
        pieces = [Piece(each.title, each.heading or each.title, each.text) for each in (section.passage for section in sections)]
        shares = dict(await articles.rank(tx, query, pieces, _CANDIDATES)) if pieces else {}
        cosines = _cosines(sections, hits or ())
        rules = [place for place in shares if sections[place].rules]
        fused = reciprocal_rank_fusion([list(shares), list(cosines), rules], weights=_WEIGHTS)
        unknown = _ALIKE_UNKNOWN if hits is None else 0.0
        best = [place for place, _ in fused if cosines.get(place, unknown) / _ALIKE + shares.get(place, 0.0) / _SHARED >= 1]
        return Passages([sections[place].passage for place in best[:limit]], degraded=hits is None)

    async def _by_meaning(self, tx: ReadTx, query: str, visibility: Sequence[Visibility]) -> list[Hit] | None:
        """Return the nearest chunks, or None when they cannot be had."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._index.search(tx.tenant_id, query, visibility=visibility, limit=_CANDIDATES)
        except (Unavailable, ModelFailed, TimeoutError) as error:
            _log.warning("search by meaning is out of reach, answering by words", cause=type(error).__name__)
            return None


@dataclass(frozen=True, slots=True)
class _Section:
    passage: Passage
    chunk_ids: frozenset[str]
    rules: bool


def _sections(page: Page) -> Iterator[_Section]:
    """Join an article's neighbouring chunks of one heading, so that a passage is quoted whole."""
    visibility: Visibility = "internal" if page.visibility == "internal" else "public"
    for heading, group in groupby(split(page.id, page.title, page.body, visibility=visibility), key=lambda chunk: chunk.heading):
        chunks = list(group)
        text = "\n\n".join(chunk.text for chunk in chunks)
        yield _Section(Passage(page.id, page.slug, page.title, heading, text), frozenset(chunk.id for chunk in chunks), page.rules)


def _cosines(sections: Sequence[_Section], hits: Sequence[Hit]) -> dict[int, float]:
    """Return the best cosine of each section that was hit, best first; a chunk that is not of today's text is passed over."""
    places = {chunk_id: place for place, section in enumerate(sections) for chunk_id in section.chunk_ids}
    found: dict[int, float] = {}
    for hit in hits:
        if hit.chunk_id in places:
            found.setdefault(places[hit.chunk_id], hit.score)
    return found


def _plain(query: str) -> str:
    for idiom, word in _IDIOMS:
        query = idiom.sub(word, query)
    return query
