"""Paper to print on: text in a font that holds more than Latin-1, tables that break over pages, barcodes, bars.

The same calls give the same bytes: the library is told to leave out the time and chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from core.redact import visible

_FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
A4 = (595.28, 841.89)
"""Width and height in points (ISO 216)."""
A6 = (297.64, 419.53)
_INK, _GREY, _LINE, _ACCENT = (0.13, 0.15, 0.18), (0.42, 0.45, 0.5), (0.82, 0.84, 0.87), (0.16, 0.38, 0.62)
Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `width` in points."""

    title: str
    width: float
    align: Align = "left"


class Sheet:
    """A document in the making. Lengths are in points; `y` is where the next thing goes, counted from the bottom."""

    def __init__(self, title: str, author: str, size: tuple[float, float] = A4, margin: float = 48) -> None:
        from reportlab.pdfgen.canvas import Canvas

        _register()
        self._file = BytesIO()
        make: Any = Canvas
        self._canvas = make(self._file, pagesize=size, invariant=1, pageCompression=1, initialFontName=PLAIN)
        self._canvas.setTitle(_printable(title))
        self._canvas.setAuthor(_printable(author))
        self._canvas.setCreator("Storehand")
        self.width, self.height = size
        self.margin = margin
        self.y = self.height - margin
        self._page = 1
        self._footer = ""

    @property
    def right(self) -> float:
        """Where the right margin begins."""
        return self.width - self.margin

    def footer(self, text: str) -> None:
        """Set what stands at the foot of every page, beside its number."""
        self._footer = text

    def text(self, x: float, text: str, *, size: float = 9, bold: bool = False, grey: bool = False, align: Align = "left") -> None:
        """Write one line at `x` without moving on."""
        self._canvas.setFont(BOLD if bold else PLAIN, size)
        self._canvas.setFillColorRGB(*(_GREY if grey else _INK))
        write = {"left": self._canvas.drawString, "right": self._canvas.drawRightString, "center": self._canvas.drawCentredString}[align]
        write(x, self.y, _printable(text))

    def line(self, text: str, *, size: float = 9, bold: bool = False, grey: bool = False, gap: float = 4) -> None:
        """Write a line at the left margin, wrapped where it is too long, and move on."""
        for part in self._wrapped(text, self.right - self.margin, size, bold=bold):
            self._room(size + gap)
            self.text(self.margin, part, size=size, bold=bold, grey=grey)
            self.down(size + gap)

    def block(self, x: float, heading: str, lines: Sequence[str], *, width: float, size: float = 9) -> float:
        """Write a headed block at `x` and return where it ends; `y` stays, so that blocks stand side by side."""
        top = self.y
        self.text(x, heading, size=7.5, grey=True)
        self.down(size + 5)
        for line in lines:
            for part in self._wrapped(line, width, size):
                self.text(x, part, size=size)
                self.down(size + 3.5)
        end, self.y = self.y, top
        return end

    def rule(self, gap: float = 8) -> None:
        """Draw a line over the whole width."""
        self._canvas.setStrokeColorRGB(*_LINE)
        self._canvas.setLineWidth(0.7)
        self._canvas.line(self.margin, self.y, self.right, self.y)
        self.down(gap)

    def down(self, points: float) -> None:
        """Move on."""
        self.y -= points

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, size: float = 8.5) -> None:
        """Write a table; its head is repeated on each page."""
        self._head(columns, size)
        for row in rows:
            cells = [self._wrapped(cell, column.width - 6, size) for column, cell in zip(columns, row, strict=True)]
            height = max(len(cell) for cell in cells) * (size + 3) + 6
            if self.y - height < self.margin + 24:
                self.new_page()
                self._head(columns, size)
            top, x = self.y, self.margin
            for column, cell in zip(columns, cells, strict=True):
                self.y = top
                for part in cell:
                    self._cell(x, column, part, size=size)
                    self.down(size + 3)
                x += column.width
            self.y = top - height + 6
            self._canvas.setStrokeColorRGB(*_LINE)
            self._canvas.setLineWidth(0.4)
            self._canvas.line(self.margin, self.y + 3, self.right, self.y + 3)
            self.down(size)
        self.down(2)

    def barcode(self, value: str, *, x: float, width: float, height: float) -> None:
        """Print `value` as Code 128 with its letters beneath, at most `width` wide, and move on."""
        from reportlab.graphics.barcode.code128 import Code128

        code: Any = Code128(value, barHeight=height, barWidth=1.0, quiet=False, humanReadable=False)
        code = Code128(value, barHeight=height, barWidth=min(width / code.width, 1.4), quiet=False, humanReadable=False)
        self.down(height)
        self._canvas.setFillColorRGB(0, 0, 0)
        code.drawOn(self._canvas, x + (width - code.width) / 2, self.y)
        self.down(13)
        self.text(x + width / 2, value, size=9.5, bold=True, align="center")
        self.down(8)

    def bars(self, values: Sequence[tuple[str, int, str]], *, height: float) -> None:
        """Draw a chart of upright bars: the label, the value and the value in words of each. Few labels are written of many bars."""
        self._room(height + 30)
        left, wide = self.margin + 52, self.right - self.margin - 52
        top = max((value for _, value, _ in values), default=0) or 1
        base = self.y - height
        self._canvas.setStrokeColorRGB(*_LINE)
        self._canvas.setLineWidth(0.4)
        highest = next((words for _, value, words in values if value == top), "0")
        for share, words in ((1.0, highest), (0.0, "0")):
            self.y = base + height * share - 3
            self.text(left - 6, words, size=7, grey=True, align="right")
            self._canvas.line(left, self.y + 3, left + wide, self.y + 3)
        each = wide / max(len(values), 1)
        step = -(-len(values) // 10) or 1
        self._canvas.setFillColorRGB(*_ACCENT)
        for position, (_, value, _) in enumerate(values):
            self._canvas.setFillColorRGB(*_ACCENT)
            self._canvas.rect(left + each * position + each * 0.15, base, each * 0.7, height * value / top, stroke=0, fill=1)
        self.y = base - 11
        for position, (label, _, _) in enumerate(values):
            if position % step == 0:
                self.text(left + each * (position + 0.5), label, size=7, grey=True, align="center")
        self.down(18)

    def lying_bars(self, values: Sequence[tuple[str, int, str]]) -> None:
        """Draw a chart of lying bars, the label to the left and the value in words to the right."""
        top = max((value for _, value, _ in values), default=0) or 1
        left, wide = self.margin + 190, self.right - self.margin - 190 - 130
        for label, value, words in values:
            self._room(18)
            self.text(self.margin, self._wrapped(label, 180, 8.5)[0], size=8.5)
            self._canvas.setFillColorRGB(*_ACCENT)
            self._canvas.rect(left, self.y - 2, max(wide * value / top, 0.5), 10, stroke=0, fill=1)
            self.text(self.right, words, size=8.5, align="right")
            self.down(17)

    def new_page(self) -> None:
        """Go on on another page."""
        self._foot()
        self._canvas.showPage()
        self._page += 1
        self.y = self.height - self.margin

    def done(self) -> bytes:
        """Return the document."""
        self._foot()
        self._canvas.save()
        return self._file.getvalue()

    def _head(self, columns: Sequence[Column], size: float) -> None:
        x = self.margin
        for column in columns:
            self._cell(x, column, column.title, size=size - 1, grey=True)
            x += column.width
        self.down(5)
        self.rule(size + 5)

    def _cell(self, x: float, column: Column, text: str, *, size: float, grey: bool = False) -> None:
        place = {"left": x, "right": x + column.width, "center": x + column.width / 2}[column.align]
        self.text(place, text, size=size, grey=grey, align=column.align)

    def _room(self, points: float) -> None:
        if self.y - points < self.margin + 16:
            self.new_page()

    def _foot(self) -> None:
        if not self._footer:
            return
        before, self.y = self.y, self.margin - 18
        self.text(self.margin, self._footer, size=7, grey=True)
        self.text(self.right, f"Page {self._page}", size=7, grey=True, align="right")
        self.y = before

    def _wrapped(self, text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
        from reportlab.pdfbase.pdfmetrics import stringWidth

        font = BOLD if bold else PLAIN
        lines, current = list[str](), ""
        for word in _printable(text).split():
            joined = f"{current} {word}".strip()
            if current and stringWidth(joined, font, size) > width:
                lines.append(current)
                current = word
            else:
                current = joined
            while stringWidth(current, font, size) > width and len(current) > 1:
                cut = next(end for end in range(len(current) - 1, 0, -1) if end == 1 or stringWidth(current[:end], font, size) <= width)
                lines.append(current[:cut])
                current = current[cut:]
        return [*lines, current] if current or not lines else lines


@cache
def _register() -> frozenset[int]:
    """Load the fonts once and return the characters that they hold."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    fonts = [TTFont(name, str(_FONTS / f"{name}.ttf")) for name in (PLAIN, BOLD)]
    for font in fonts:
        pdfmetrics.registerFont(font)
    return frozenset(fonts[0].face.charToGlyph)


def _printable(text: str) -> str:
    """Return `text` on one line, with a mark where the font has no letter."""
    known = _register()
    return "".join(letter if ord(letter) in known else "\ufffd" for letter in " ".join(visible(text).split()))
