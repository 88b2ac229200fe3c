"""What the knowledge tools give back."""

from datetime import date

from pydantic import BaseModel

from core.knowing import SourceKind, SourceStatus, Visibility
from store.queries.added import SourceLine
from tools.phrases import day, listing, plural
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


class SourceShown(Result):
    """A source of knowledge and how far it is."""

    source: str
    kind: SourceKind
    title: Quote
    owner: str
    visibility: Visibility
    language: str
    valid_from: date | None
    valid_until: date | None
    version: int
    status: SourceStatus
    reason: str
    """Why its passages are not what it says today."""
    passages: int
    with_vector: int
    """Passages that the search by meaning finds; all of them are found by their words."""

    @property
    def shown(self) -> str:
        """One line."""
        return f"{self.source} “{self.title.text}” (version {self.version}, for {_READERS[self.visibility]}): {self.progress}"

    @property
    def progress(self) -> str:
        """Where it stands."""
        if self.status is SourceStatus.FAILED:
            return f"failed, {self.reason}"
        if self.status is SourceStatus.WAITING:
            return "waits to be read"
        left = self.passages - self.with_vector
        return plural(self.passages, "passage") + (f", {left} of them found by words only so far" if left else "")

    def text(self) -> str:
        """Say what it is, who reads it when, and how far it is."""
        days = [f"from {day(self.valid_from)}"] if self.valid_from else []
        days += [f"until {day(self.valid_until)}"] if self.valid_until else []
        return f"{self.shown}. Added by {self.owner or 'the shop'}{', holds ' + ' '.join(days) if days else ''}."


class SourcesListed(Result):
    """Sources by kind and title."""

    total: int
    sources: list[SourceShown]

    def text(self) -> str:
        """Return one line a source."""
        return listing(f"{plural(self.total, 'source')} of knowledge:", [each.shown for each in self.sources[:10]], self.total)


class SourceRemoved(Result):
    """A file that agents no longer cite."""

    source: str
    passages: int

    def text(self) -> str:
        """Say that it is gone."""
        return f"{self.source} and its {plural(self.passages, 'passage')} are gone."


def source_shown(line: SourceLine) -> SourceShown:
    """Return a stored source as a result."""
    return SourceShown(
        source=line.slug,
        kind=SourceKind(line.kind),
        title=Quote.external(line.title),
        owner=line.owner,
        visibility=Visibility(line.visibility),
        language=line.language,
        valid_from=line.valid_from.date() if line.valid_from else None,
        valid_until=line.valid_until.date() if line.valid_until else None,
        version=line.version,
        status=SourceStatus(line.status),
        reason=line.reason,
        passages=line.chunks,
        with_vector=line.vectors,
    )


_READERS = {Visibility.PUBLIC: "everybody", Visibility.CUSTOMER: "customers", Visibility.STAFF: "the shop's people"}
