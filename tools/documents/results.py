"""What the document tools give back."""

from datetime import date
from uuid import UUID

from store.tables.documents import Document, DocumentKind
from tools.phrases import bullets, words
from tools.result import Result


class DocumentMade(Result):
    """A document and where it is read. `fresh` is false when it was made before."""

    id: UUID
    kind: DocumentKind
    number: str
    title: str
    dated: date
    size: int
    """Bytes."""
    link: str
    fresh: bool = True

    def text(self) -> str:
        """Return its name with the link."""
        known = "" if self.fresh else " It was made before."
        return f"**{self.title}** ({words(self.kind)}, PDF, {max(self.size // 1024, 1)} KB): [{self.number}]({self.link}).{known}"


class DocumentList(Result):
    """Documents, the newest first."""

    total: int
    items: list[DocumentMade]

    def text(self) -> str:
        """Return a line a document."""
        if not self.items:
            return "There are no documents yet."
        more = self.total - len(self.items)
        lines = bullets(f"[{each.number}]({each.link}): {each.title}, {each.dated.isoformat()}" for each in self.items)
        return "\n".join(["Documents:", *lines, *([f"and {more} more."] if more > 0 else [])])


def shown(row: Document, *, fresh: bool = False) -> DocumentMade:
    """Return a stored document as tools show it."""
    return DocumentMade(
        id=row.id,
        kind=DocumentKind(row.kind),
        number=row.number,
        title=row.title,
        dated=row.dated,
        size=row.size,
        link=f"/v1/documents/{row.id}",
        fresh=fresh,
    )
