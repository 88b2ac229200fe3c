"""The librarian: what changed in a store can be found within seconds, and what went is forgotten.

Changes wait in a queue that triggers fill in the transaction of the change. Any number of librarians work beside each other; one that
dies leaves its work to be taken up where it stopped.
"""

from memory.indexing import index_knowledge
from server.setup import keeper
from server.wiring import Runtime
from server.worker.pace import look_again

_POLL_SECONDS = 1.0


class Librarian:
    """Keeps the knowledge of all stores of a database up to date."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run_forever(self) -> None:
        """Look every second until cancelled; while a server is down, less and less often."""
        await look_again("librarian", self.once, _POLL_SECONDS)

    async def once(self) -> int:
        """Do what is due and return of how many stores.

        Raises:
            Unavailable: Postgres or Chroma cannot be reached; what is left is found again next time.
            ModelFailed: the embedding model cannot be asked.
        """
        runtime = self._runtime
        due = await runtime.units.call("tenants_with_knowledge_to_do", wanted=runtime.index.embedding, at=runtime.clock())
        for row in due:
            await index_knowledge(runtime.units, keeper(row["tenant_id"]), runtime.index)
        return len(due)
