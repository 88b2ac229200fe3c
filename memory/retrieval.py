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
from store.queries import articles, products
from store.queries.articles import Page, Piece
from store.unit import ReadTx

_log = get_logger(__name__)
_CANDIDATES = 20
_PATIENCE_SECONDS = 6
"""How long Chroma may take before the words alone answer."""
_ALIKE, _SHARED = 0.4, 0.7
"""A passage is about the question when its cosine over `_ALIKE` and its share of the words over `_SHARED` add up to 1."""
_ALIKE_UNKNOWN = 0.22
"""The cosine that is assumed while the search by meaning is out of reach."""
_LEADS, _RULES, _RULES_ASIDE = 0.1, 1.0, 0.25
"""Weights beside 1 for words and 1 for meaning: first sections of policy pages, which sum them up, and all policy sections, by words.

A question about the rules is answered by the pages that state them; others only point there.
"""
_DAMPING = 10
"""Of the fusion: the first few places differ more than with its default, since sections of one page crowd together."""
_RETURNING = re.compile(r"\b(?:return|refund|exchang|warrant|window|policy|policies)\w*", re.IGNORECASE)
_IDIOMS = (
    (re.compile(r"\bmoney back\b", re.IGNORECASE), "refund"),
    (re.compile(r"\b(?:send|give|bring|ship)(?:ing)?\b(.{0,30}?)\bback\b", re.IGNORECASE), r"return\1"),
    (re.compile(r"\b(?:broken|smashed|cracked|shattered)\b", re.IGNORECASE), "damaged"),
    (re.compile(r"\b(?:stuff|things?|something|anything|please|pls|hi|hey|hello)\b", re.IGNORECASE), ""),
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
        query = await _plain(tx, query)
        hits = await self._by_meaning(tx, query, visibility)
        by_words = await articles.matching(tx, query, visibility, _CANDIDATES)
        ids = list(dict.fromkeys([*by_words, *(hit.article_id for hit in hits or ())]))
        pages = await articles.published(tx, query, ids, visibility) if ids else []
        sections = [section for page in pages for section in _sections(page)]
        pieces = [Piece(each.title, each.heading, each.text) for each in (section.passage for section in sections)]
        shares = dict(await articles.rank(tx, query, pieces, _CANDIDATES)) if pieces else {}
        cosines = _cosines(sections, hits or ())
        rules = [place for place in shares if sections[place].rules]
        leads = [place for place in rules if sections[place].first]
        weights = (1.0, 1.0, _LEADS, _RULES if _RETURNING.search(query) else _RULES_ASIDE)
        fused = reciprocal_rank_fusion([list(shares), list(cosines), leads, rules], weights=weights, k=_DAMPING)
        unknown = _ALIKE_UNKNOWN if hits is None else 0.0
        near = [place for place, _ in fused if cosines.get(place, unknown) / _ALIKE + shares.get(place, 0.0) / _SHARED >= 1]
        best = sorted(near, key=lambda place: not sections[place].named)
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
    first: bool
    rules: bool
    named: bool
    """Whether it is the first section of a page that the question names by its title."""


def _sections(page: Page) -> Iterator[_Section]:
    """Join an article's neighbouring chunks of one heading, so that a passage is quoted whole."""
    visibility: Visibility = "internal" if page.visibility == "internal" else "public"
    for number, (heading, group) in enumerate(
        groupby(split(page.id, page.title, page.body, visibility=visibility), key=lambda chunk: chunk.heading)
    ):
        chunks = list(group)
        text = "\n\n".join(chunk.text for chunk in chunks)
        passage, first = Passage(page.id, page.slug, page.title, heading, text), number == 0
        yield _Section(passage, frozenset(chunk.id for chunk in chunks), first, page.rules, first and page.titled)


def _cosines(sections: Sequence[_Section], hits: Sequence[Hit]) -> dict[int, float]:
    """Return the best cosine of each section that was hit, best first; a chunk that is not of today's text is passed over."""
    places = {chunk_id: place for place, section in enumerate(sections) for chunk_id in section.chunk_ids}
    found: dict[int, float] = {}
    for hit in hits:
        if hit.chunk_id in places:
            found.setdefault(places[hit.chunk_id], hit.score)
    return found


async def _plain(tx: ReadTx, query: str) -> str:
    """Return a question in the words of the articles; one about returning a product gains its category, which the rules go by."""
    for idiom, word in _IDIOMS:
        query = idiom.sub(word, query)
    if _RETURNING.search(query):
        named = await products.categories_of(tx, _RETURNING.sub("", query))
        query = " ".join([query, *(named if len(named) <= 2 else [])])
    return query
