"""What the knowledge tools give back."""

from pydantic import BaseModel

from tools.result import Result

_ROOM = 1100
"""Characters of passages that an answer shows; the best one is always shown whole."""


class Citation(BaseModel):
    """A passage with where it stands."""

    number: int
    title: str
    slug: str
    heading: str
    excerpt: str


class ArticlesFound(Result):
    """Passages of the shop's articles, the best first."""

    query: str
    citations: list[Citation]
    degraded: bool = False
    """The search by meaning was out of reach: passages were found by their words only."""

    def text(self) -> str:
        """Quote the best passages word for word, with their sources."""
        note = ["", "_Searched by words only: the search by meaning cannot be reached right now._"] if self.degraded else []
        if not self.citations:
            return "\n".join([f"Our articles say nothing about “{self.query}”.", *note])
        shown, room = self.citations[:1], _ROOM - len(self.citations[0].excerpt)
        for citation in self.citations[1:2]:
            if len(citation.excerpt) <= room:
                shown.append(citation)
        passages = [f"**{citation.heading or citation.title}** [{citation.number}]\n\n{citation.excerpt}\n" for citation in shown]
        sources = [f"[{citation.number}] {_place(citation)}" for citation in shown]
        return "\n".join([*passages, "**Sources**", *(f"- {source}" for source in sources), *note])


def _place(citation: Citation) -> str:
    return f"{citation.title} — {citation.heading}" if citation.heading else citation.title
