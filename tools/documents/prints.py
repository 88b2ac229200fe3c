"""What each document looks like: pure functions from its figures to the bytes of a PDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.money import Money
from tools.documents.sheet import A6, Column, Sheet


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells, as it stands on paper."""

    name: str
    email: str
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """Units of an item; what one and all of them cost."""

    sku: str
    title: str
    quantity: int
    unit_price: Money
    total: Money


@dataclass(frozen=True, slots=True)
class InvoiceData:
    """All that an invoice says."""

    number: str
    dated: date
    order: str
    ordered: date
    seller: Seller
    bill_to: Sequence[str]
    ship_to: Sequence[str]
    lines: Sequence[PrintedLine]
    sums: Sequence[tuple[str, Money]]
    total: Money
    tax: tuple[str, Money]
    paid: Sequence[tuple[str, Money]]


@dataclass(frozen=True, slots=True)
class SlipData:
    """All that a packing slip says."""

    order: str
    ordered: date
    shipment: str
    seller: Seller
    ship_to: Sequence[str]
    lines: Sequence[tuple[str, str, int]]
    """SKU, title and units."""


@dataclass(frozen=True, slots=True)
class LabelData:
    """All that a label says; `code` is what its barcode says."""

    heading: str
    code: str
    sender: Sequence[str]
    recipient: Sequence[str]
    notes: Sequence[tuple[str, str]]
    seller: str


@dataclass(frozen=True, slots=True)
class ReportData:
    """All that a sales report says."""

    title: str
    begin: date
    end: date
    seller: Seller
    figures: Sequence[tuple[str, str, str]]
    """What, in the period, and in the one before."""
    daily: Sequence[tuple[str, int, str]]
    top: Sequence[tuple[str, int, str]]
    notes: Sequence[str]


def invoice(data: InvoiceData) -> bytes:
    """Print an invoice."""
    sheet = _letter(f"Invoice {data.number}", data.seller)
    facts = [("Invoice number", data.number), ("Invoice date", _day(data.dated)), ("Order", data.order), ("Order date", _day(data.ordered))]
    end = sheet.block(sheet.margin, "Bill to", data.bill_to, width=150)
    end = min(end, sheet.block(sheet.margin + 170, "Ship to", data.ship_to, width=150))
    end = min(end, _facts(sheet, facts))
    sheet.y = end - 18
    columns = [
        Column("Item", 219),
        Column("SKU", 100),
        Column("Units", 40, "right"),
        Column("Unit price", 70, "right"),
        Column("Amount", 70, "right"),
    ]
    rows = [[line.title, line.sku, str(line.quantity), str(line.unit_price), str(line.total)] for line in data.lines]
    sheet.table(columns, rows)
    if sheet.y < sheet.margin + 140:
        sheet.new_page()
    for name, amount in data.sums:
        _sum(sheet, name, amount)
    sheet.down(4)
    _sum(sheet, "Total", data.total, bold=True)
    _sum(sheet, *data.tax, grey=True)
    if data.paid:
        sheet.down(8)
        for name, amount in data.paid:
            _sum(sheet, name, amount)
    return sheet.done()


def packing_slip(data: SlipData) -> bytes:
    """Print a packing slip: what is in the parcel, without prices."""
    sheet = _letter(f"Packing slip, order {data.order}", data.seller)
    end = sheet.block(sheet.margin, "Ship to", data.ship_to, width=200)
    facts = [("Order", data.order), ("Order date", _day(data.ordered)), *([("Shipment", data.shipment)] if data.shipment else [])]
    end = min(end, _facts(sheet, facts))
    sheet.y = end - 18
    columns = [Column("Item", 289), Column("SKU", 130), Column("Units", 40, "right"), Column("Packed", 40, "center")]
    sheet.table(columns, [[title, sku, str(units), "____"] for sku, title, units in data.lines])
    sheet.line(f"{sum(units for *_, units in data.lines)} units in all", bold=True)
    sheet.down(14)
    sheet.barcode(data.shipment or data.order, x=sheet.margin, width=180, height=36)
    return sheet.done()


def label(data: LabelData) -> bytes:
    """Print a label of 105 x 148 mm (A6): sender, recipient, and the number as a barcode."""
    sheet = Sheet(f"{data.heading} {data.code}", data.seller, A6, margin=20)
    sheet.down(6)
    sheet.text(sheet.margin, data.heading, size=13, bold=True)
    sheet.down(12)
    sheet.rule(14)
    end = sheet.block(sheet.margin, "From", data.sender, width=sheet.right - sheet.margin, size=7.5)
    sheet.y = end - 8
    sheet.rule(14)
    end = sheet.block(sheet.margin, "To", data.recipient, width=sheet.right - sheet.margin, size=12)
    sheet.y = end - 6
    sheet.rule(14)
    for name, value in data.notes:
        sheet.text(sheet.margin, name, size=7, grey=True)
        sheet.text(sheet.margin + 62, value, size=8.5)
        sheet.down(13)
    sheet.y = sheet.margin + 84
    sheet.barcode(data.code, x=sheet.margin, width=sheet.right - sheet.margin, height=54)
    return sheet.done()


def sales_report(data: ReportData) -> bytes:
    """Print a sales report with its charts."""
    sheet = _letter(data.title, data.seller)
    sheet.line(f"{_day(data.begin)} to {_day(data.end)}", size=11, grey=True)
    sheet.down(10)
    columns = [Column("Figure", 199), Column("This period", 150, "right"), Column("The period before", 150, "right")]
    sheet.table(columns, data.figures)
    sheet.down(12)
    sheet.line("Revenue by day", size=11, bold=True, gap=12)
    sheet.bars(data.daily, height=150)
    sheet.down(12)
    sheet.line("Best sellers", size=11, bold=True, gap=12)
    if data.top:
        sheet.lying_bars(data.top)
    else:
        sheet.line("Nothing was sold in this period.", grey=True)
    sheet.down(6)
    for note in data.notes:
        sheet.line(note, size=7.5, grey=True)
    return sheet.done()


def address(found: dict[str, Any]) -> list[str]:
    """Return a postal address as its lines."""
    place = f"{found.get('postal_code') or ''} {found.get('city') or ''}".strip()
    lines = [found.get("name"), found.get("line1"), found.get("line2"), place, found.get("country")]
    return [str(line) for line in lines if line]


def _letter(title: str, seller: Seller) -> Sheet:
    sheet = Sheet(title, seller.name)
    sheet.footer(" · ".join([seller.name, *seller.lines, seller.email]))
    sheet.text(sheet.margin, seller.name, size=15, bold=True)
    for line in (*seller.lines, seller.email):
        sheet.text(sheet.right, line, size=8, grey=True, align="right")
        sheet.down(11)
    sheet.y = min(sheet.y, sheet.height - sheet.margin - 14)
    sheet.down(12)
    sheet.rule(28)
    sheet.line(title, size=18, bold=True, gap=16)
    return sheet


def _facts(sheet: Sheet, facts: Sequence[tuple[str, str]]) -> float:
    top = sheet.y
    for name, value in facts:
        sheet.text(sheet.right - 130, name, size=8, grey=True, align="right")
        sheet.text(sheet.right, value, size=9, align="right")
        sheet.down(14)
    end, sheet.y = sheet.y, top
    return end


def _sum(sheet: Sheet, name: str, amount: Money, *, bold: bool = False, grey: bool = False) -> None:
    size = 11 if bold else 9
    sheet.text(sheet.right - 90, name, size=size, bold=bold, grey=grey, align="right")
    sheet.text(sheet.right, str(amount), size=size, bold=bold, grey=grey, align="right")
    sheet.down(size + 6)


def _day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"
