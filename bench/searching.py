"""How long a short question takes among many passages: the whole search, as a tool makes it."""

import asyncio
import os
import random
import time
from itertools import accumulate

from bench.results import Figure, at_most, record
from core.clock import system_clock
from core.identity import Principal, Role
from core.ids import TenantId, UserId, new_id
from core.knowing import Visibility
from core.settings import Settings
from evals import copies
from memory.embed import Embedder, HashEmbedder, SentenceEmbedder
from memory.index import KnowledgeIndex
from memory.indexing import index_knowledge
from memory.retrieval import HybridSearch, Wanted
from memory.sentences import find_sentences
from server.setup import migrate
from store.embedded import Endpoints, servers
from store.engine import app_url, build_engine
from store.queries import added
from store.tables.tenancy import Tenant
from store.unit import Units

_PASSAGES, _SECTIONS = int(os.environ.get("STOREHAND_BENCH_PASSAGES", "50000")), 20
_QUESTIONS, _WARM = 300, 30
_LIMIT_MS = 30.0
_VOCABULARY = 30_000
_SEEN = (Visibility.PUBLIC, Visibility.CUSTOMER)


class Words:
    """Words that are as common as those of a language: the n-th is seen 1/n as often as the first (Zipf's law)."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "el")]
        self._known = [f"{self._dice.choice(syllables)}{self._dice.choice(syllables)}{place:x}" for place in range(_VOCABULARY)]
        self._weights = list(accumulate(1 / (place + 1) for place in range(_VOCABULARY)))

    def said(self, count: int) -> str:
        """Return so many words."""
        return " ".join(self._dice.choices(self._known, cum_weights=self._weights, k=count))

    def page(self) -> str:
        """Return a page of headed sections, each of them one passage."""
        return "\n\n".join(f"## {self.said(3)}\n\n{self.said(60)}." for _ in range(_SECTIONS))


async def measure(settings: Settings, endpoints: Endpoints) -> list[Figure]:
    """Fill a store, ask it one question after the other, and return the figures."""
    sentences = find_sentences(settings.routing.sentences) if os.environ.get("STOREHAND_BENCH_LOCAL") else None
    embedders: list[tuple[str, Embedder]] = [("hash", HashEmbedder())]
    if sentences is not None:
        embedders.append(("local", SentenceEmbedder(sentences)))
    engine = build_engine(app_url(endpoints.db_url), pool_size=4)
    units, words, found = Units(engine, system_clock), Words(1), list[Figure]()
    who = Principal(TenantId(new_id()), UserId(new_id()), Role.OWNER, name="measuring")
    try:
        await _fill(units, who, words)
        questions = [words.said(6) for _ in range(_QUESTIONS)]
        for name, embedder in embedders:
            index = KnowledgeIndex(endpoints.chroma_url, embedder)
            try:
                await index_knowledge(units, who, index, progress=print)
                times = await _asked(units, who, HybridSearch(index), questions)
                what = f"search among {_PASSAGES:,} passages, {name}"
                print(f"{what}: p50 {times[len(times) // 2]:.1f} ms, load average {os.getloadavg()[0]:.1f}")
                found.append(at_most(f"{what}: p95", times[int(len(times) * 0.95)], "ms", _LIMIT_MS))
            finally:
                await index.drop(who.tenant_id, index.embedding)
                await index.close()
    finally:
        await engine.dispose()
    return found


async def _fill(units: Units, who: Principal, words: Words) -> None:
    async with units.write(who) as tx:
        tx.session.add(Tenant(id=who.tenant_id, slug="measured", name="Measured", currency="EUR", support_email="", created_at=tx.now))
    for number in range(_PASSAGES // _SECTIONS):
        async with units.write(who) as tx:
            await added.add(tx, added.AddedFile(f"page-{number}.md", words.said(4), words.page(), "measuring"))


async def _asked(units: Units, who: Principal, search: HybridSearch, questions: list[str]) -> list[float]:
    times: list[float] = []
    for place, question in enumerate([*questions[:_WARM], *questions]):
        began = time.perf_counter()
        async with units.read(who) as tx:
            await search.search(tx, Wanted(question, _SEEN))
        if place >= _WARM:
            times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


def main() -> None:
    """Measure on a database of its own."""
    settings = Settings()
    with servers(settings, progress=print) as endpoints:
        loaded = copies.create(endpoints)
        try:
            migrate(loaded.db_url, print)
            record(asyncio.run(measure(settings, loaded)))
        finally:
            copies.remove(endpoints, copies.name_of(loaded))


if __name__ == "__main__":
    main()
