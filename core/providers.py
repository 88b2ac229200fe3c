"""What stands behind a port to the world outside."""

from enum import StrEnum


class ProviderKind(StrEnum):
    """Which port a provider stands behind."""

    PAYMENTS = "payments"
    CARRIER = "carrier"
    CHANNEL = "channel"
    MAIL = "mail"
