"""Knowledge as it is searched: passages by words, by name and by place; what is to be made of a change; gaps."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from store.unit import ReadTx

CONFIGS = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french", "it": "italian",
    "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
"""PostgreSQL's text search configuration of each language; another language is searched word by word, as written."""
_BY_WORDS = (
    "SELECT id, source_id, section, score, share FROM knowledge_by_words(%(clauses)s::text[], %(config)s, %(see)s::text[], "
    "%(kinds)s::text[], %(languages)s::text[], %(at)s, %(pool)s, %(best)s)"
)
_BY_NAME = "SELECT id FROM knowledge_by_name(%(names)s::text[], %(see)s::text[], %(kinds)s::text[], %(at)s, %(best)s)"
_PASSAGES = (
    "SELECT id, source_id, section, kind, slug, title, heading, link, version, updated_at, titled, headed FROM knowledge_passages("
    "%(chunks)s::uuid[], %(question)s, %(config)s, %(see)s::text[], %(kinds)s::text[], %(languages)s::text[], %(at)s)"
)
_SECTIONS = "SELECT source_id, section, text FROM knowledge_sections(%(sources)s::uuid[], %(sections)s::integer[], %(see)s::text[])"


class Seen(NamedTuple):
    """What a search may find: filters that hold before anything is ranked. None lets everything pass."""

    visibility: tuple[str, ...]
    at: datetime
    kinds: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None


class Match(NamedTuple):
    """A chunk that shares words with the question."""

    id: UUID
    source_id: UUID
    section: int
    score: float
    share: float
    """How much of a clause's words it has, a rare word counting more than a common one: 1 has all of them."""


class Place(NamedTuple):
    """Where a chunk stands."""

    id: UUID
    source_id: UUID
    section: int
    kind: str
    slug: str
    title: str
    heading: str
    link: str
    version: int
    updated_at: datetime
    titled: bool
    """Whether its title has every word of the question."""
    headed: bool
    """Whether the question has every word of its heading, of two words or more."""


def config_of(language: str) -> str:
    """Return PostgreSQL's configuration for a language's code."""
    return CONFIGS.get(language, "simple")


async def by_words(tx: ReadTx, clauses: Sequence[str], seen: Seen, *, language: str = "en", pool: int, best: int) -> list[Match]:
    """Return at most `best` chunks by BM25, the best first.

    A long question counts clause by clause, the squares of their scores added: one that is answered well beats many that are touched.

    Args:
        pool: of about so many chunks, those with the question's rarest words, the best are found; bounds the time it takes.
    """
    values = {"clauses": list(clauses), "config": config_of(language), "pool": pool, "best": best, **_filters(seen)}
    return [Match(*row) for row in await tx.run(_BY_WORDS, values)]


async def by_name(tx: ReadTx, names: Sequence[str], seen: Seen, best: int) -> list[UUID]:
    """Return the chunks that carry one of some identifiers."""
    values = _filters(seen)
    values.pop("languages")
    return [row[0] for row in await tx.run(_BY_NAME, {"names": list(names), "best": best, **values})]


async def places(tx: ReadTx, chunks: Sequence[UUID], question: str, seen: Seen, *, language: str = "en") -> list[Place]:
    """Return where chunks stand, of those that may be seen."""
    values = {"chunks": list(chunks), "question": question, "config": config_of(language), **_filters(seen)}
    return [Place(*row) for row in await tx.run(_PASSAGES, values)]


async def sections(tx: ReadTx, wanted: Sequence[tuple[UUID, int]], seen: Seen) -> dict[tuple[UUID, int], str]:
    """Return whole sections by their source and number."""
    values = {"sources": [source for source, _ in wanted], "sections": [number for _, number in wanted], "see": list(seen.visibility)}
    return {(row[0], row[1]): row[2] for row in await tx.run(_SECTIONS, values)}


async def ready_embeddings(tx: ReadTx) -> list[str]:
    """Return the embeddings that all chunks had a vector of, the newest first."""
    return [row[0] for row in await tx.run("SELECT name FROM knowledge_ready()")]


def _filters(seen: Seen) -> dict[str, object]:
    return {
        "see": list(seen.visibility),
        "kinds": list(seen.kinds) if seen.kinds is not None else None,
        "languages": list(seen.languages) if seen.languages is not None else None,
        "at": seen.at,
    }
