"""Weighs a message with what was learned: from general examples, or from a store's own messages once it has trained on them."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agents.routing.sayings import KINDS, Audience, Saying, audience_of, examples, side_of
from agents.routing.words import features, gist
from core.identity import Principal
from core.ids import TenantId
from memory.sentences import SentenceModel
from tools.registry import Toolbox

if TYPE_CHECKING:
    from agents.routing.model import Learned, Votes

_FORMAT = "3"
"""Raised when what is learned changes in form or meaning, so that nobody reads an old file."""


class Stored(Protocol):
    """Where trained models of stores are kept."""

    async def find(self, tenant: TenantId, audience: Audience) -> "Learned | None":
        """Return a store's own model, or None when it has trained none."""
        ...


class Router:
    """Shared by all runs of a process. NumPy and the sentence model are loaded with the first message, in a thread."""

    def __init__(
        self, toolbox: Toolbox, *, sentences: SentenceModel | None = None, folder: Path | None = None, stored: Stored | None = None
    ) -> None:
        """Take what to learn from.

        Args:
            sentences: makes sentence vectors; without it words and letters decide alone.
            folder: where models of general examples are kept between processes.
            stored: the stores' own models.
        """
        self._toolbox = toolbox
        self._sentences = sentences
        self._folder = folder
        self._stored = stored
        self._general: dict[Audience, Learned] = {}
        self._training = asyncio.Lock()

    async def learned(self, principal: Principal) -> "Learned":
        """Return what a caller's messages are weighed with."""
        audience = audience_of(principal)
        if self._stored is not None and (own := await self._stored.find(principal.tenant_id, audience)) is not None:
            return own
        if audience not in self._general:
            async with self._training:
                if audience not in self._general:
                    self._general[audience] = await asyncio.to_thread(self.general, audience)
        return self._general[audience]

    async def votes(self, text: str, principal: Principal, *, quick: bool = False, explain: bool = False) -> "Votes":
        """Weigh a clean message.

        Args:
            quick: by words and letters alone: for what a rule has decided already.
            explain: name the examples that are most like it.
        """
        learned = await self.learned(principal)
        text = learned.spelling.mended(gist(text))
        vector = None
        if self._sentences is not None and learned.sentences == self._sentences.name and not quick:
            vector = (await asyncio.to_thread(self._sentences.vectors, [text]))[0]
        return learned.votes(features(text), vector, explain=explain)

    def general(self, audience: Audience) -> "Learned":
        """Learn from general examples alone, or read what was learned from the same ones before."""
        from agents.routing.learn import train
        from agents.routing.model import Learned

        sayings = examples(self._toolbox, audience)
        path = self._folder / f"{audience}-{self._digest(sayings)}.npz" if self._folder else None
        if path is not None and path.exists():
            try:
                return Learned.from_bytes(path.read_bytes())
            except (ValueError, KeyError, OSError):
                path.unlink(missing_ok=True)
        learned = train(sayings, (), self._sentences, audience)
        if path is not None:
            _keep(path, learned.to_bytes())
        return learned

    def sides(self, audience: Audience) -> set[str]:
        """Return the agents whom an audience can be sent to."""
        return {side_of(saying.label) for saying in examples(self._toolbox, audience)} - set(KINDS)

    def train(self, own: Sequence[Saying], audience: Audience) -> "Learned":
        """Learn from general examples and a store's own messages."""
        from agents.routing.learn import train

        return train(examples(self._toolbox, audience), own, self._sentences, audience)

    def _digest(self, sayings: Sequence[Saying]) -> str:
        name = self._sentences.name if self._sentences else ""
        body = "\n".join([_FORMAT, name, *(f"{saying.label}\t{saying.text}" for saying in sayings)])
        return hashlib.sha256(body.encode()).hexdigest()[:16]


def _keep(path: Path, body: bytes) -> None:
    """Write a file whole, and put it in the place of those of older examples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{path.name.split('-')[0]}-*.npz"):
        old.unlink(missing_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(body)
    fresh.replace(path)
