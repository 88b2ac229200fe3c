"""What merchants add as Markdown: HTML, PDF, DOCX and CSV are read by libraries, and of each only what a reader would see is kept."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from core.errors import InvalidInput, TooLarge
from core.redact import visible

if TYPE_CHECKING:
    from bs4 import Tag

LARGEST_FILE = 20 * 1024 * 1024
_LARGEST_UNPACKED = 200 * 1024 * 1024
_LARGEST_TEXT = 10_000_000
_MOST_PAGES = 2000
_PDF, _ZIP, _LOOKED_AT = b"%PDF-", b"PK\x03\x04", 65_536
_UNSEEN = ("script", "style", "noscript", "template", "head", "svg", "iframe", "object", "form", "nav")
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(?:opacity|font-size)\s*:\s*0(?![.\d]*[1-9])", re.IGNORECASE)
_BLOCKS = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "li", "pre", "blockquote", "table", "dt", "dd", "figcaption")


class Parsed(NamedTuple):
    """A document's own title, where it has one, and its text."""

    title: str
    body: str


def parse(name: str, content: bytes) -> Parsed:
    """Return a file as Markdown; its name's ending says what it is.

    Raises:
        InvalidInput: the ending is not known, the file is broken or encrypted, or nothing can be read in it.
        TooLarge: the file, or what it unpacks to, is over the limit.
    """
    if len(content) > LARGEST_FILE:
        raise TooLarge(
            f"{name} has {len(content) / 1024 / 1024:.0f} MB; at most {LARGEST_FILE // 1024 // 1024} MB can be added, so split it"
        )
    read = _READERS.get(PurePath(name).suffix.lower())
    if read is None:
        raise InvalidInput(f"{name}: only {', '.join(sorted(_READERS))} can be added", field="file")
    _check_content(name, content)
    title, body = read(name, content)
    body = re.sub(r"\n{3,}", "\n\n", visible(body)).strip()
    if not any(map(str.isalnum, body)):
        raise InvalidInput(f"{name} holds no text that can be read; a scan needs text recognition first", field="file")
    if len(body) > _LARGEST_TEXT:
        raise TooLarge(f"{name} holds {len(body):,} characters; at most {_LARGEST_TEXT:,} can be added, so split it")
    return Parsed(visible(title).strip() or PurePath(name).stem.replace("_", " ").replace("-", " "), body)


def _check_content(name: str, content: bytes) -> None:
    """Refuse a file that is something else than its name's ending says."""
    ending = PurePath(name).suffix.lower()
    if ending == ".pdf" and _PDF not in content[:1024]:
        raise _broken(name, "PDF")
    if ending == ".docx" and not content.startswith(_ZIP):
        raise _broken(name, "DOCX")
    if ending not in {".pdf", ".docx"} and (content.startswith((_PDF, _ZIP)) or b"\0" in content[:_LOOKED_AT]):
        raise InvalidInput(f"{name} is no text: give it the ending of what it is, or save it as UTF-8", field="file")


def _text(_name: str, content: bytes) -> Parsed:
    text = _decoded(content)
    heading = re.match(r"\s*#\s+(.+)", text)
    return Parsed(heading[1] if heading else "", text)


def _html(_name: str, content: bytes) -> Parsed:
    from bs4 import BeautifulSoup, Comment

    soup = BeautifulSoup(content, "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in soup.find_all(_UNSEEN):
        tag.decompose()
    for tag in soup.find_all(_hidden):
        if not tag.decomposed:
            tag.decompose()
    return Parsed(title, "\n\n".join(_blocks(soup)))


def _hidden(tag: "Tag") -> bool:
    return tag.has_attr("hidden") or tag.get("aria-hidden") == "true" or bool(_HIDING.search(str(tag.get("style") or "")))


def _blocks(soup: Any) -> Iterator[str]:
    found = [tag for tag in soup.find_all(_BLOCKS) if not tag.find_parent(("table", "li", "blockquote", "pre"))]
    for tag in found:
        text = " ".join(tag.get_text(" ", strip=True).split())
        if tag.name == "table":
            yield _table(
                [[" ".join(cell.get_text(" ", strip=True).split()) for cell in row.find_all(("th", "td"))] for row in tag.find_all("tr")]
            )
        elif text and tag.name[0] == "h":
            yield f"{'#' * int(tag.name[1])} {text}"
        elif text:
            yield f"- {text}" if tag.name == "li" else text
    if not found:
        yield soup.get_text("\n", strip=True)


def _pdf(name: str, content: bytes) -> Parsed:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InvalidInput(f"{name} is encrypted; add it without a password", field="file")
        if len(reader.pages) > _MOST_PAGES:
            raise TooLarge(f"{name} has {len(reader.pages)} pages; at most {_MOST_PAGES} can be added, so split it")
        pages = [page.extract_text() for page in reader.pages]
        title = str(reader.metadata.title or "") if reader.metadata else ""
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _broken(name, "PDF") from error
    return Parsed(title, "\n\n".join(f"## Page {number}\n\n{text}" for number, text in enumerate(pages, start=1) if text.strip()))


def _docx(name: str, content: bytes) -> Parsed:
    from docx import Document
    from docx.table import Table

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _LARGEST_UNPACKED:
                raise TooLarge(f"{name} unpacks to more than {_LARGEST_UNPACKED // 1024 // 1024} MB")
        document: Any = Document(io.BytesIO(content))
        parts: list[str] = []
        for part in document.iter_inner_content():
            if isinstance(part, Table):
                parts.append(_table([[cell.text for cell in row.cells] for row in part.rows]))
                continue
            text = "".join(run.text for run in part.runs if not run.font.hidden).strip() if part.runs else part.text.strip()
            level = re.fullmatch(r"Heading (\d)", part.style.name or "")
            if text:
                parts.append(f"{'#' * int(level[1])} {text}" if level else text)
        title = str(document.core_properties.title or "")
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, SyntaxError) as error:
        raise _broken(name, "DOCX") from error
    return Parsed(title, "\n\n".join(parts))


def _csv(name: str, content: bytes) -> Parsed:
    text = _decoded(content)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise _broken(name, "CSV") from error
    return Parsed("", _table(rows))


def _table(rows: list[list[str]]) -> str:
    """Return rows as a Markdown table; the first is its head."""
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = [" | ".join(" ".join(cell.split()).replace("|", "/") for cell in [*row, *[""] * (width - len(row))]) for row in rows]
    return "\n".join([f"| {lines[0]} |", f"|{' --- |' * width}", *(f"| {line} |" for line in lines[1:])])


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _broken(name: str, kind: str) -> InvalidInput:
    return InvalidInput(f"{name} cannot be read as {kind}; save it again and add it once more", field="file")


_READERS: dict[str, Callable[[str, bytes], Parsed]] = {
    ".md": _text,
    ".markdown": _text,
    ".txt": _text,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
    ".csv": _csv,
}
