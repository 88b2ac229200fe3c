"""What tools of quality give back."""

from datetime import datetime
from decimal import Decimal

from core.aftersales import DefectKind, InspectionKind, InspectionStatus
from tools.phrases import day, listing, plural, words
from tools.policy.quality import Rating
from tools.result import Result

_SHOWN = 10


class InspectionShown(Result):
    """An inspection: what it looks at, and what it found."""

    inspection: str
    kind: InspectionKind
    status: InspectionStatus
    sku: str
    title: str
    lot_units: int
    sample_units: int
    defective_units: int
    planned_at: datetime
    inspected_at: datetime | None
    inspected_by: str
    note: str

    @property
    def shown(self) -> str:
        """The inspection on one line."""
        what = f"{self.inspection} {self.kind}, {self.title} ({self.sku}), {self.sample_units} of {self.lot_units} units"
        if self.inspected_at is None:
            return f"{what}: planned for {day(self.planned_at)}"
        return f"{what}: **{self.status}**, {self.defective_units} defective, {day(self.inspected_at)} by {self.inspected_by}"


class InspectionPlanned(Result):
    """An inspection that was put on the calendar."""

    inspection: InspectionShown

    def text(self) -> str:
        """Return the number, the sample and the day."""
        it = self.inspection
        sample = f"look at {plural(it.sample_units, 'unit')} of {it.lot_units}"
        return f"Inspection **{it.inspection}** ({it.kind}, {it.title}, {it.sku}) is planned for {day(it.planned_at)}: {sample}."


class InspectionRecorded(Result):
    """What an inspection found."""

    inspection: InspectionShown
    accepted_percent: Decimal
    """Up to this share of a sample may be defective."""
    defect: DefectKind | None
    pattern: bool
    """The same defect occurs again and again."""

    def text(self) -> str:
        """Return whether the lot passed, by which figures."""
        it = self.inspection
        found = f"{it.defective_units} of {it.sample_units} units defective"
        kind = f" ({words(self.defect)})" if self.defect else ""
        more = " The same defect occurs again and again; an alert is raised." if self.pattern else ""
        limit = f"{self.accepted_percent.normalize():f} %"
        return f"Inspection **{it.inspection}** of {it.title} has **{it.status}**: {found}{kind}, accepted are up to {limit}.{more}"


class InspectionsListed(Result):
    """Inspections that match, the one planned last first; `total` counts all of them."""

    total: int
    inspections: list[InspectionShown]

    def text(self) -> str:
        """Return one line an inspection."""
        if not self.inspections:
            return "No inspection matches."
        head = f"{plural(self.total, 'inspection')}:"
        return listing(head, [each.shown for each in self.inspections[:_SHOWN]], self.total)


class ProductDefects(Result):
    """How often a product was defective."""

    product: str
    title: str
    supplier: str
    sold_units: int
    defective_units: int
    rate_percent: Decimal | None
    """Of what was sold; None when nothing was."""
    usual_defect: DefectKind

    @property
    def shown(self) -> str:
        """The product on one line."""
        rate = f"**{self.rate_percent} %**, " if self.rate_percent is not None else ""
        sold = f"{self.defective_units} defective of {self.sold_units} sold"
        return f"{self.title} by {self.supplier}: {rate}{sold}, mostly {words(self.usual_defect)}"


class DefectRates(Result):
    """Products with defects, the highest rate first; `total` counts all of them."""

    since: datetime
    total: int
    products: list[ProductDefects]

    def text(self) -> str:
        """Return one line a product."""
        if not self.products:
            return f"No defect was found since {day(self.since)}."
        head = f"{plural(self.total, 'product')} with defects since {day(self.since)}:"
        return listing(head, [each.shown for each in self.products[:_SHOWN]], self.total)


class SupplierRated(Result):
    """How good a supplier's goods are."""

    supplier: str
    rating: Rating | None
    """None when nothing was sold."""
    sold_units: int
    defective_units: int
    rate_percent: Decimal | None
    products_with_defects: int

    @property
    def shown(self) -> str:
        """The supplier on one line."""
        if self.rating is None:
            return f"{self.supplier}: nothing sold, so not rated"
        sold = f"{self.defective_units} defective of {self.sold_units} sold"
        many = f" in {plural(self.products_with_defects, 'product')}" if self.products_with_defects else ""
        return f"{self.supplier}: **{self.rating}**, {self.rate_percent} % ({sold}{many})"


class SuppliersRated(Result):
    """Suppliers by defect rate, the highest first; `total` counts all of them."""

    since: datetime
    total: int
    suppliers: list[SupplierRated]

    def text(self) -> str:
        """Return one line a supplier."""
        if not self.suppliers:
            return "No supplier matches."
        head = f"{plural(self.total, 'supplier')} by what was sold and found defective since {day(self.since)}:"
        return listing(head, [each.shown for each in self.suppliers[:_SHOWN]], self.total)
