"""Passages for a question: by meaning from Chroma and by words from Postgres, joined by rank; what it names exactly comes first."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.errors import ModelFailed, Unavailable
from core.knowing import SourceKind
from core.log import get_logger
from memory.fusion import reciprocal_rank_fusion
from memory.index import Hit, KnowledgeIndex
from memory.questions import clauses, names
from store.queries import knowledge, products
from store.queries.knowledge import Match, Place, Seen
from store.unit import ReadTx

_log = get_logger(__name__)
_CANDIDATES, _MOST_CANDIDATES = 50, 100
"""Chunks that each of the two searches hands over; the search by meaning, for each clause."""
_POOL, _LARGE_POOL = 600, 4000
"""Chunks among which words are weighed: of a short question, and of a long one."""
_PATIENCE_SECONDS = 6
"""How long Chroma may take before the words alone answer."""
_SHARED = 0.7
"""A passage is about the question when its share of the words over this and its cosine over the embedder's `alike` add up to 1."""
_ALIKE_UNKNOWN = 0.55
"""The part of `alike` that is assumed while the search by meaning is out of reach."""
_LEADS, _HEADED, _RULES, _RULES_ASIDE = 0.1, 0.5, 1.0, 0.25
"""Weights beside 1 for words and 1 for meaning: first sections of policy pages, which sum them up, sections whose whole heading the
question says, and all policy sections, by words.

A question about the rules is answered by the pages that state them; others only point there.
"""
_KIND_WEIGHTS = {SourceKind.PRODUCT: 0.6, SourceKind.TICKET: 0.6, SourceKind.REVIEW: 0.35}
"""Of a place in the fusion, beside 1 for what the shop itself states."""
_DAMPING = 10
"""Of the fusion: the first few places differ more than with its default, since sections of one page crowd together."""
_SHARPNESS = 4
"""Cosines of a long question's clauses are added up to this power: one clause that is answered beats many that are touched."""
_SHORT = 120
"""A longer question says the words of many headings."""
_MOST_BY_NAME = 20
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
    """A section of a source, whole."""

    source_id: UUID
    kind: SourceKind
    slug: str
    title: str
    heading: str
    text: str
    link: str
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Passages:
    """What was found, best first; `degraded` when the search by meaning was out of reach."""

    found: list[Passage] = field(default_factory=list[Passage])
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search: what is asked, and filters that hold before anything is ranked."""

    question: str
    visibility: tuple[str, ...]
    kinds: tuple[str, ...] | None = None
    language: str | None = None
    """A code such as `de`: only passages in it, and its endings are known; else all, by English endings."""
    limit: int = 4


@dataclass(frozen=True, slots=True)
class Ranked:
    """A section and how near it is to the question."""

    place: Place
    cosine: float
    share: float


@dataclass(frozen=True, slots=True)
class Trust:
    """How much the places of each search count in the fusion; 0 leaves one out."""

    words: float = 1.0
    meaning: float = 1.0


class KnowledgeSearch(Protocol):
    """Finds passages that answer a question."""

    async def search(self, tx: ReadTx, wanted: Wanted) -> Passages:
        """Return passages of the tenant that the caller may see."""
        ...


class HybridSearch:
    """Two searches that make up for each other's weakness. Postgres has the last word on what may be seen."""

    def __init__(self, index: KnowledgeIndex, trust: Trust | None = None, *, patience: float = _PATIENCE_SECONDS) -> None:
        self._index = index
        self._trust = trust or Trust()
        self._patience = patience

    async def search(self, tx: ReadTx, wanted: Wanted) -> Passages:
        """Return at most `limit` passages, those that carry an identifier of the question alone where there are any."""
        seen = _seen(tx, wanted)
        if named := await self._by_name(tx, wanted, seen):
            return Passages(await self._quoted(tx, named[: wanted.limit], seen))
        ready = await knowledge.ready_embeddings(tx)
        question = await _plain(tx, wanted.question)
        ranked, degraded = await self._rank(tx, question, wanted, seen, ready, _CANDIDATES)
        alike, unknown = self._index.chosen(ready).alike, _ALIKE_UNKNOWN if degraded else 0.0
        near = [each for each in ranked if max(each.cosine / alike, unknown) + each.share / _SHARED >= 1]
        best = sorted(near, key=lambda each: not (each.place.titled and each.place.section == 0))
        return Passages(await self._quoted(tx, [each.place for each in best[: wanted.limit]], seen), degraded)

    async def rank(self, tx: ReadTx, wanted: Wanted) -> list[Ranked]:
        """Return the sections nearest to a question, best first, however far they are."""
        ready = await knowledge.ready_embeddings(tx)
        question = await _plain(tx, wanted.question)
        return (await self._rank(tx, question, wanted, _seen(tx, wanted), ready, wanted.limit))[0]

    async def _rank(
        self, tx: ReadTx, question: str, wanted: Wanted, seen: Seen, ready: Sequence[str], candidates: int
    ) -> tuple[list[Ranked], bool]:
        asked = clauses(question)
        if not asked:
            return [], False
        meaning = asyncio.create_task(self._by_meaning(tx, asked, wanted, ready, candidates))
        language = wanted.language or "en"
        try:
            words = await self._by_words(tx, asked, seen, language, candidates)
        except BaseException:
            meaning.cancel()
            raise
        near = await meaning
        scores, cosines = _added(near or [])
        places = await knowledge.places(tx, [*{*scores, *(match.id for match in words)}], question, seen, language=language)
        return self._fused(question, places, words, scores, cosines), near is None

    async def _by_words(self, tx: ReadTx, asked: Sequence[str], seen: Seen, language: str, candidates: int) -> list[Match]:
        if not self._trust.words:
            return []
        pool = _POOL if len(asked) == 1 else _LARGE_POOL
        return await knowledge.by_words(tx, asked, seen, language=language, pool=pool, best=candidates)

    async def _by_meaning(
        self, tx: ReadTx, asked: Sequence[str], wanted: Wanted, ready: Sequence[str], candidates: int
    ) -> list[list[Hit]] | None:
        """Return the nearest chunks to each clause, or None when they cannot be had."""
        if not self._trust.meaning:
            return []
        try:
            async with asyncio.timeout(self._patience):
                limit = min(candidates, _MOST_CANDIDATES)
                return await self._index.search(tx.tenant_id, asked, visibility=wanted.visibility, limit=limit, ready=ready)
        except (Unavailable, ModelFailed, TimeoutError) as error:
            _log.warning("search by meaning is out of reach, answering by words", cause=type(error).__name__)
            return None

    def _fused(
        self, question: str, places: Sequence[Place], words: Sequence[Match], scores: dict[UUID, float], cosines: dict[UUID, float]
    ) -> list[Ranked]:
        sections = {(place.source_id, place.section): place for place in reversed(places)}
        of = {place.id: (place.source_id, place.section) for place in places}
        by_words = list(dict.fromkeys(of[match.id] for match in words if match.id in of))
        by_meaning = list(dict.fromkeys(of[chunk] for chunk in sorted(scores, key=lambda chunk: -scores[chunk]) if chunk in of))
        rules = [key for key in by_words if sections[key].kind == SourceKind.POLICY]
        leads = [key for key in rules if sections[key].section == 0]
        headed = [key for key in by_words if sections[key].headed] if len(question) <= _SHORT else []
        weights = (self._trust.words, self._trust.meaning, _LEADS, _HEADED, _RULES if _RETURNING.search(question) else _RULES_ASIDE)
        fused = reciprocal_rank_fusion([by_words, by_meaning, leads, headed, rules], weights=weights, k=_DAMPING)
        weighed = sorted(fused, key=lambda entry: -entry[1] * _KIND_WEIGHTS.get(SourceKind(sections[entry[0]].kind), 1.0))
        share, cosine = dict[tuple[UUID, int], float](), dict[tuple[UUID, int], float]()
        for match in words:
            if match.id in of:
                share[of[match.id]] = max(share.get(of[match.id], 0.0), match.share)
        for chunk, value in cosines.items():
            if chunk in of:
                cosine[of[chunk]] = max(cosine.get(of[chunk], 0.0), value)
        return [Ranked(sections[key], cosine.get(key, 0.0), share.get(key, 0.0)) for key, _ in weighed]

    async def _by_name(self, tx: ReadTx, wanted: Wanted, seen: Seen) -> list[Place]:
        """Return the sections that carry an identifier of the question."""
        wanted_names = names(wanted.question)
        if not wanted_names:
            return []
        chunks = await knowledge.by_name(tx, wanted_names, seen, _MOST_BY_NAME)
        places = {place.id: place for place in await knowledge.places(tx, chunks, wanted.question, seen)} if chunks else {}
        found = {(places[chunk].source_id, places[chunk].section): places[chunk] for chunk in reversed(chunks) if chunk in places}
        return list(found.values())[::-1]

    async def _quoted(self, tx: ReadTx, places: Sequence[Place], seen: Seen) -> list[Passage]:
        texts = await knowledge.sections(tx, [(place.source_id, place.section) for place in places], seen) if places else {}
        return [
            Passage(
                source_id=place.source_id,
                kind=SourceKind(place.kind),
                slug=place.slug,
                title=place.title,
                heading=place.heading,
                text=texts[place.source_id, place.section],
                link=place.link,
                version=place.version,
                updated_at=place.updated_at,
            )
            for place in places
            if (place.source_id, place.section) in texts
        ]


def _seen(tx: ReadTx, wanted: Wanted) -> Seen:
    return Seen(wanted.visibility, tx.now, wanted.kinds, (wanted.language,) if wanted.language else None)


def _added(near: Sequence[Sequence[Hit]]) -> tuple[dict[UUID, float], dict[UUID, float]]:
    """Return each chunk's cosines to the clauses, sharpened and added up, and the best of them."""
    scores, cosines = dict[UUID, float](), dict[UUID, float]()
    for hits in near:
        for hit in hits:
            cosine = max(hit.score, 0.0)
            scores[hit.id] = scores.get(hit.id, 0.0) + cosine**_SHARPNESS
            cosines[hit.id] = max(cosines.get(hit.id, 0.0), cosine)
    return scores, cosines


async def _plain(tx: ReadTx, question: str) -> str:
    """Return a question in the words of the articles; one about returning a product gains its category, which the rules go by."""
    for idiom, word in _IDIOMS:
        question = idiom.sub(word, question)
    if _RETURNING.search(question):
        named = await products.categories_of(tx, _RETURNING.sub("", question)[:300])
        question = " ".join([question, *(named if len(named) <= 2 else [])])
    return question
