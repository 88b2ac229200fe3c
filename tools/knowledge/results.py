"""What the knowledge tools give back."""

from datetime import date

from pydantic import BaseModel

from core.knowing import SourceKind
from tools.result import Quote, Result

_ROOM = 1100
"""Characters of passages that an answer shows; the best one is always shown whole."""


class Citation(BaseModel):
    """A passage with where it stands: source, section, link, version and day."""

    number: int
    kind: SourceKind
    title: str
    slug: str
    heading: str
    link: str
    version: int
    updated: date
    excerpt: str | Quote
    """The shop's own words, or a quotation of what a customer wrote or a merchant's file or address says."""
    flags: list[str] = []
    """What to take care of: another passage that says otherwise, or an age at which facts change."""

    @property
    def quoted(self) -> str:
        """The passage's words."""
        return self.excerpt if isinstance(self.excerpt, str) else self.excerpt.text


class ArticlesFound(Result):
    """Passages of the shop's articles, the best first."""

    query: str
    citations: list[Citation]
    gap: str = ""
    """The number under which the shop was told that it has no answer."""
    degraded: bool = False
    """The search by meaning was out of reach: passages were found by their words only."""

    def text(self) -> str:
        """Quote the best passages word for word, with their sources."""
        note = ["", "_Searched by words only: the search by meaning cannot be reached right now._"] if self.degraded else []
        if not self.citations:
            told = [f"The shop has been told that this is missing ({self.gap})."] if self.gap else []
            return "\n".join([f"Our articles say nothing about “{self.query}”.", *told, *note])
        shown, room = self.citations[:1], _ROOM - len(self.citations[0].quoted)
        for citation in self.citations[1:2]:
            if len(citation.quoted) <= room:
                shown.append(citation)
        passages = [f"**{citation.heading or citation.title}** [{citation.number}]\n\n{_said(citation)}\n" for citation in shown]
        sources = [f"[{citation.number}] {_place(citation)}" for citation in shown]
        flags = [f"_{flag}_" for citation in shown for flag in citation.flags]
        return "\n".join([*passages, "**Sources**", *(f"- {source}" for source in sources), *flags, *note])


def _place(citation: Citation) -> str:
    return f"{citation.title} — {citation.heading}" if citation.heading else citation.title


def _said(citation: Citation) -> str:
    who = _WRITERS.get(citation.kind)
    return f"{who}: “{citation.quoted}”" if who else citation.quoted


_WRITERS = {SourceKind.REVIEW: "A customer wrote", SourceKind.TICKET: "From a solved ticket"}
