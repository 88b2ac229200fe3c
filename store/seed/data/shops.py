"""The two demo shops, the people who sign in to them, and the companies around them."""

from typing import NamedTuple

from core.identity import Role


class Profile(NamedTuple):
    """What a shop is called and how it trades."""

    slug: str
    name: str
    currency: str
    support_email: str


class SignIn(NamedTuple):
    """A ready-made sign-in of the demo. The password is printed on purpose: it opens nothing but the demo."""

    label: str
    email: str
    password: str
    role: Role
    shop: str
    """Slug of the shop."""
    name: str


FIRST = Profile("harbour-pine", "Harbour & Pine Outfitters", "EUR", "help@harbourpine.example")
SECOND = Profile("copper-lane", "Copper Lane Living", "EUR", "hello@copperlane.example")

SIGN_INS: tuple[SignIn, ...] = (
    SignIn("Merchant, Harbour & Pine", "owner@harbourpine.example", "demo-merchant", Role.OWNER, FIRST.slug, "Mara Lindqvist"),
    SignIn("Customer A, Harbour & Pine", "alice@mail.example", "demo-alice", Role.CUSTOMER, FIRST.slug, "Alice Moreau"),
    SignIn("Customer B, Harbour & Pine", "bruno@mail.example", "demo-bruno", Role.CUSTOMER, FIRST.slug, "Bruno Keller"),
    SignIn("Merchant, Copper Lane", "owner@copperlane.example", "demo-copper", Role.OWNER, SECOND.slug, "Ines Calloway"),
)
"""Shown on the sign-in page and by the CLI."""

ALL_USERS: tuple[SignIn, ...] = (
    *SIGN_INS,
    SignIn("Manager, Harbour & Pine", "manager@harbourpine.example", "demo-manager", Role.MANAGER, FIRST.slug, "Teo Barros"),
    SignIn("Staff, Harbour & Pine", "staff@harbourpine.example", "demo-staff", Role.STAFF, FIRST.slug, "Nora Feld"),
)

CATEGORIES = (
    ("electronics", "Electronics"),
    ("clothing", "Clothing"),
    ("furniture", "Furniture"),
    ("shoes", "Shoes"),
    ("home", "Home"),
)


class Supplies(NamedTuple):
    """A supplier: what it supplies, how long it takes and how often it errs."""

    name: str
    email: str
    category: str
    lead_days: int
    max_lead_days: int
    defect_rate_bp: int


SUPPLIERS = (
    Supplies("Meridian Components", "orders@meridiancomponents.example", "electronics", 9, 14, 180),
    Supplies("Baltic Textile Works", "sales@baltictextile.example", "clothing", 12, 18, 90),
    Supplies("Holm Joinery", "trade@holmjoinery.example", "furniture", 14, 21, 260),
    Supplies("Porto Sole Makers", "b2b@portosole.example", "shoes", 10, 15, 140),
    Supplies("Vale Homewares", "desk@valehomewares.example", "home", 5, 7, 60),
    Supplies("Eastgate Electronics Trading", "po@eastgate.example", "electronics", 7, 16, 620),
)


class Depot(NamedTuple):
    """A warehouse; `share` is how many orders of a hundred it ships."""

    code: str
    name: str
    city: str
    country: str
    capacity_units: int
    share: int


WAREHOUSES = (
    Depot("LYO", "Lyon Central", "Lyon", "FR", 24000, 46),
    Depot("ROT", "Rotterdam Gateway", "Rotterdam", "NL", 18000, 28),
    Depot("LEI", "Leipzig East", "Leipzig", "DE", 14000, 18),
    Depot("VAL", "Valencia South", "Valencia", "ES", 9000, 8),
)


class Courier(NamedTuple):
    """A carrier; `on_time_bp` are basis points, `price_minor` its base rate."""

    code: str
    name: str
    on_time_bp: int
    rating: float
    price_minor: int
    transit_days: int
    share: int


CARRIERS = (
    Courier("colissimo", "Colissimo", 9500, 4.3, 640, 3, 30),
    Courier("chronopost", "Chronopost", 9800, 4.6, 1290, 1, 12),
    Courier("dpd", "DPD", 9300, 4.1, 590, 3, 24),
    Courier("colis_prive", "Colis Prive", 8800, 3.5, 420, 4, 14),
    Courier("ups", "UPS", 9200, 4.2, 980, 2, 12),
    Courier("fedex", "FedEx", 9100, 4.0, 1050, 2, 8),
)


class Service(NamedTuple):
    """A way to deliver: which carriers offer it, at what per cent of their base rate, and how many days more or less it takes."""

    code: str
    name: str
    carriers: tuple[str, ...]
    percent: int
    days: int


SERVICES = (
    Service("standard", "Standard", ("colissimo", "chronopost", "dpd", "colis_prive", "ups", "fedex"), 100, 0),
    Service("pickup", "Pick-up point", ("colissimo", "dpd", "colis_prive"), 75, 1),
    Service("express", "Express", ("chronopost", "ups", "fedex"), 165, -1),
)

CHANNELS = (("amazon", "Amazon"), ("ebay", "eBay"), ("shopify", "Shopify"))

BLOCKED = (
    ("email", "quick.cash.88@mail.example", "Three chargebacks in one month"),
    ("ip", "203.0.113.77", "Card testing: forty small authorizations in an hour"),
    ("address", "Unit 9, Dockside Storage, Rotterdam", "Parcel forwarder used in confirmed fraud"),
)
