"""Prints: the same figures give the same bytes, long ones break over pages, and a barcode reads what it should."""

import re
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from core.money import Money
from tools.documents.prints import InvoiceData, LabelData, PrintedLine, Seller, invoice, label

SELLER = Seller("Shop", "help@shop.example", ("1 Rue Haute, Lyon",))


def euros(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


LINE = PrintedLine("LAMP", "Desk Lamp", 2, euros(2_000), euros(4_000))
INVOICE = InvoiceData(
    number="INV-1001",
    dated=date(2026, 11, 18),
    order="1042",
    ordered=date(2026, 11, 10),
    seller=SELLER,
    bill_to=["Ana"],
    ship_to=["Ana"],
    lines=[LINE],
    sums=[("Subtotal", euros(4_000))],
    total=euros(4_000),
    tax=("Including VAT 20 %", euros(667)),
    paid=[],
)


def pages(pdf: bytes) -> list[Any]:
    return list(PdfReader(BytesIO(pdf)).pages)


def test_the_same_figures_give_the_same_bytes() -> None:
    assert invoice(INVOICE) == invoice(INVOICE)
    assert invoice(INVOICE) != invoice(replace(INVOICE, number="INV-1002"))


def test_a_long_invoice_breaks_over_pages_and_loses_no_line() -> None:
    lines = [replace(LINE, title=f"Lamp number {number}") for number in range(90)]
    found = pages(invoice(replace(INVOICE, lines=lines)))
    assert len(found) > 2
    words = "\n".join(page.extract_text() for page in found)
    assert all(f"Lamp number {number}\n" in words for number in range(90))
    assert all(f"Page {number}" in page.extract_text() for number, page in enumerate(found, 1))


def test_what_no_font_holds_is_marked_and_hidden_letters_are_left_out() -> None:
    words = pages(invoice(replace(INVOICE, bill_to=["Ana 李\u202e Silva"])))[0].extract_text()
    assert "Ana \ufffd Silva" in words


def test_the_bars_of_a_label_read_as_its_number() -> None:
    data = LabelData("Return", "R-1007", ["Ana"], ["Shop"], [], "Shop")
    assert read_code128(pages(label(data))[0]) == "R-1007"


def read_code128(page: Any) -> str:
    """Read the black bars of a page as Code 128, code set B or C, from their places alone (ISO/IEC 15417)."""
    content = page.get_contents().get_data().decode("latin-1")
    bars = sorted({(float(x), float(w)) for x, w, h in re.findall(r"([\d.]+) [\d.]+ ([\d.]+) ([\d.]+) re", content) if float(h) > 40})
    module = min(width for _, width in bars)
    runs: list[int] = []
    for (x, width), following in zip(bars, [*bars[1:], None], strict=True):
        runs.append(round(width / module))
        if following is not None:
            runs.append(round((following[0] - x - width) / module))
    values = [_PATTERNS.index("".join(map(str, runs[at : at + 6]))) for at in range(0, len(runs) - 7, 6)]
    start, *data, check = values
    assert check == (start + sum(place * value for place, value in enumerate(data, 1))) % 103
    mode, read = {104: "B", 105: "C"}[start], ""
    for value in data:
        if value in {99, 100}:
            mode = "C" if value == 99 else "B"
        else:
            read += f"{value:02d}" if mode == "C" else chr(value + 32)
    return read


_PATTERNS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 123221 "
    "223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 "
    "112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 "
    "311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 "
    "122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 "
    "214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 211232"
).split()
