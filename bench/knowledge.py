"""How well passages are found on a public set of policy documents (`BANKING_KNOWLEDGE` names its folder; without it, left out)."""

import asyncio
import os
from pathlib import Path
from typing import Any

from bench.results import Figure, at_least, record
from core.settings import Settings
from evals import copies
from evals.retrieval import measure, read_documents, read_queries
from server.setup import migrate
from store.embedded import servers

_GAIN_GOAL = 0.34
"""Of the hybrid search with sentence vectors; the other ways are there to compare."""
_RECALL_GOAL = 0.731
"""What plain BM25 over whole documents and whole questions reaches on the same set."""


def figures(report: dict[str, Any]) -> list[Figure]:
    """Return what was measured against the goals."""
    found: list[Figure] = []
    for way, measured in report["ways"].items():
        found.append(at_least(f"retrieval of policy documents, {way}: NDCG@10", measured["ndcg_at_10"], "share", _GAIN_GOAL))
        found.append(at_least(f"retrieval of policy documents, {way}: Recall@100", measured["recall_at_100"], "share", _RECALL_GOAL))
    return found


def main() -> None:
    """Measure where the data is."""
    folder, settings = Path(os.environ.get("BANKING_KNOWLEDGE", "")), Settings()
    if not (folder / "documents.jsonl").is_file():
        print("retrieval: left out, BANKING_KNOWLEDGE names no folder with documents.jsonl")
        return
    documents, queries = read_documents(folder / "documents.jsonl"), read_queries(folder / "queries.jsonl")
    with servers(settings, progress=print) as endpoints:
        loaded = copies.create(endpoints)
        try:
            migrate(loaded.db_url, print)
            record(figures(asyncio.run(measure(settings, loaded, documents, queries))))
        finally:
            copies.remove(endpoints, copies.name_of(loaded))


if __name__ == "__main__":
    main()
