"""Segments, contacts, alerts and applications of the demo shops."""

from typing import Any, NamedTuple

SEGMENTS: tuple[tuple[str, str, str, dict[str, Any] | None], ...] = (
    ("vip", "VIP", "Chosen by hand: friends of the house.", None),
    ("regulars", "Regulars", "Buy again and again.", {"window_days": 90, "min_orders": 4}),
    ("big-spenders", "Big spenders", "Spent much lately.", {"window_days": 90, "min_spent_minor": 100_000}),
    (
        "sleeping",
        "Sleeping customers",
        "Bought, and did not come back for a while.",
        {"window_days": 365, "min_orders": 1, "idle_days": 45},
    ),
    ("frequent-returners", "Frequent returners", "Send much back.", {"window_days": 180, "min_returns": 2}),
    ("newcomers", "Newcomers", "Joined lately.", {"joined_days": 30}),
)
"""Slug, name, description, rule."""

CONTACTS = (
    ("phone", "inbound", "Asked whether the boots come in half sizes. They do not; she will order one size up.", 21),
    ("email", "outbound", "Sent the care instructions for the oak table he asked for.", 13),
    ("chat", "inbound", "Wants to be told when the headset is back in blue.", 9),
    ("phone", "outbound", "Called about the parcel that went to a neighbour; it has been found.", 4),
    ("shop", "inbound", "Came by to look at the lamps and left with a catalogue.", 2),
)
"""Channel, direction, summary, days ago."""


class AlertRow(NamedTuple):
    """An alert of the demo."""

    kind: str
    subject: str
    level: str
    status: str
    title: str
    detail: str
    hours: int
    times: int = 1


ALERT_ROWS = (
    AlertRow("quality.defect_pattern", "Eastgate Electronics Trading", "high", "resolved", "Three like defects of one supplier in a month",
             "Loose charging ports, reported with three returns", 140),
    AlertRow("shipment.late", "colis_prive", "medium", "acknowledged", "Colis Prive is late more often than usual",
             "Four parcels past their promised date this week", 50, 4),
    AlertRow("stock.low", "MST-FLT", "high", "active", "Few units left of the mist filter", "5 left, reorder point 10", 20, 3),
    AlertRow("fraud.review", "1042", "high", "active", "Order 1042 waits for a fraud review", "Score 60", 46),
)  # fmt: skip


class ApplicationRow(NamedTuple):
    """An application of the demo."""

    company: str
    contact: str
    email: str
    country: str
    monthly_orders: int
    licence: str
    tax_certificate: str
    status: str
    days: int
    note: str = ""


APPLICATION_ROWS = (
    ApplicationRow("Atelier Nord", "Sanne Bosman", "sanne@ateliernord.example", "NL", 1600, "NL-88210", "TAX-NL-4410", "approved", 40),
    ApplicationRow("Lumen Lights", "Anna Ricci", "anna@lumenlights.example", "IT", 420, "IT-2231", "", "documents_required", 6,
                   "The tax certificate that you sent has expired."),
    ApplicationRow("Quickdeal Outlet", "Max Roux", "max@quickdeal.example", "FR", 9000, "", "", "rejected", 25, "The licence is not genuine."),
    ApplicationRow("Nordic Wool", "Freja Holst", "freja@nordicwool.example", "DK", 1250, "DK-7712", "TAX-DK-118", "under_review", 3),
    ApplicationRow("Casa Verde", "Lucia Serrano", "lucia@casaverde.example", "ES", 300, "ES-5530", "TAX-ES-902", "submitted", 1),
)  # fmt: skip
