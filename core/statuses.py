"""Status words and the transitions between them. A change that is not listed is a `TransitionError`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from core.errors import TransitionError

S = TypeVar("S", bound=StrEnum)


class OrderStatus(StrEnum):
    """Where an order stands as a whole."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class PaymentStatus(StrEnum):
    """What was paid for an order."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    FAILED = "failed"


class FulfilmentStatus(StrEnum):
    """What left the warehouse."""

    UNFULFILLED = "unfulfilled"
    PARTIALLY_FULFILLED = "partially_fulfilled"
    FULFILLED = "fulfilled"
    RETURNED = "returned"


class TransactionType(StrEnum):
    """What a payment transaction does."""

    AUTHORIZATION = "authorization"
    CAPTURE = "capture"
    CHARGE = "charge"
    REFUND = "refund"
    VOID = "void"


class TransactionState(StrEnum):
    """How a payment transaction went."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PaymentKind(StrEnum):
    """What a customer can pay with."""

    CARD = "card"
    PAYPAL = "paypal"
    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"


HOLDS_BALANCE = frozenset({PaymentKind.GIFT_CARD, PaymentKind.STORE_CREDIT})
"""Paid and paid back in the store's own books at once, without a payment provider."""


class ShipmentStatus(StrEnum):
    """Where a parcel is."""

    PENDING = "pending"
    LABEL_CREATED = "label_created"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class ReturnStatus(StrEnum):
    """Where a return (RMA) stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    LABEL_SENT = "label_sent"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    INSPECTING = "inspecting"
    INSPECTED = "inspected"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ReturnReason(StrEnum):
    """Why a customer sends something back."""

    DEFECTIVE = "defective"
    WRONG_ITEM = "wrong_item"
    NOT_AS_DESCRIBED = "not_as_described"
    DAMAGED_IN_SHIPPING = "damaged_in_shipping"
    QUALITY = "quality"
    SIZE_FIT = "size_fit"
    CHANGED_MIND = "changed_mind"
    BETTER_PRICE = "better_price"
    LATE_DELIVERY = "late_delivery"
    OTHER = "other"


class ReturnType(StrEnum):
    """What the customer wants for it."""

    REFUND = "refund"
    EXCHANGE = "exchange"
    REPLACEMENT = "replacement"
    STORE_CREDIT = "store_credit"


class CancelReason(StrEnum):
    """Why an order is cancelled."""

    CUSTOMER_REQUEST = "customer_request"
    ORDERED_BY_MISTAKE = "ordered_by_mistake"
    NO_LONGER_NEEDED = "no_longer_needed"
    OUT_OF_STOCK = "out_of_stock"
    PAYMENT_FAILED = "payment_failed"
    FRAUD_DETECTED = "fraud_detected"
    DUPLICATE_ORDER = "duplicate_order"
    ADDRESS_ISSUE = "address_issue"
    PRICING_ERROR = "pricing_error"
    OTHER = "other"


class ReservationStatus(StrEnum):
    """What became of reserved stock."""

    ACTIVE = "active"
    FULFILLED = "fulfilled"
    RELEASED = "released"
    EXPIRED = "expired"


class ListingStatus(StrEnum):
    """Where a product's listing on a channel stands."""

    DRAFT = "draft"
    ACTIVE = "active"
    INACTIVE = "inactive"
    OUT_OF_STOCK = "out_of_stock"
    ERROR = "error"


class IssueType(StrEnum):
    """Why a channel refuses a listing."""

    MISSING_REQUIRED_FIELD = "missing_required_field"
    INVALID_FORMAT = "invalid_format"
    BUSINESS_RULE_VIOLATION = "business_rule_violation"
    CHANNEL_SPECIFIC = "channel_specific"


class IssueStatus(StrEnum):
    """Whether a listing issue still stands."""

    OPEN = "open"
    FIXED = "fixed"
    REJECTED = "rejected"


class TicketStatus(StrEnum):
    """Where a support ticket stands."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    WAITING_CUSTOMER = "waiting_customer"
    RESOLVED = "resolved"
    CLOSED = "closed"


class TicketPriority(StrEnum):
    """How urgent a ticket is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class ArticleStatus(StrEnum):
    """Whether an article is shown."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class ArticleCategory(StrEnum):
    """What kind of article it is."""

    FAQ = "faq"
    GUIDE = "guide"
    TUTORIAL = "tutorial"
    POLICY = "policy"
    PRODUCT_INFO = "product_info"
    TROUBLESHOOTING = "troubleshooting"


class FraudDecision(StrEnum):
    """What a fraud check says of an order."""

    APPROVE = "approve"
    FLAG = "flag"
    REVIEW = "review"
    BLOCK = "block"


class FraudOutcome(StrEnum):
    """What a person decides of an order that a check stopped."""

    APPROVE = "approve"
    HOLD = "hold"
    BLOCK = "block"


class BlockKind(StrEnum):
    """What can be on the block list."""

    EMAIL = "email"
    CARD = "card"
    ADDRESS = "address"
    IP = "ip"


class AlertStatus(StrEnum):
    """Where an alert stands."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


class AlertLevel(StrEnum):
    """How bad it is, the least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class ApplicationStatus(StrEnum):
    """Where a merchant's application to sell here stands."""

    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    DOCUMENTS_REQUIRED = "documents_required"
    APPROVED = "approved"
    REJECTED = "rejected"


class LoyaltyTier(StrEnum):
    """What a customer's loyalty has earned, the least first."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"
    DIAMOND = "diamond"


class ConsentPurpose(StrEnum):
    """What a customer may allow the shop to do with their data."""

    EMAIL_MARKETING = "email_marketing"
    SMS_MARKETING = "sms_marketing"
    PROFILING = "profiling"
    DATA_SHARING = "data_sharing"


class InteractionChannel(StrEnum):
    """How the shop and a customer were in touch."""

    PHONE = "phone"
    EMAIL = "email"
    CHAT = "chat"
    SHOP = "shop"
    SOCIAL = "social"


class PurchaseOrderStatus(StrEnum):
    """Where an order to a supplier stands."""

    PROPOSED = "proposed"
    ORDERED = "ordered"
    RECEIVED = "received"
    CANCELLED = "cancelled"


ORDER_TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED}),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.PROCESSING, OrderStatus.CANCELLED}),
    OrderStatus.PROCESSING: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
    OrderStatus.SHIPPED: frozenset({OrderStatus.PROCESSING, OrderStatus.DELIVERED, OrderStatus.RETURNED}),
    OrderStatus.DELIVERED: frozenset({OrderStatus.RETURNED}),
    OrderStatus.CANCELLED: frozenset(),
    OrderStatus.RETURNED: frozenset(),
}

_BEFORE_RECEIVED = frozenset({ReturnStatus.CANCELLED})
RETURN_TRANSITIONS: Mapping[ReturnStatus, frozenset[ReturnStatus]] = {
    ReturnStatus.REQUESTED: frozenset({ReturnStatus.APPROVED, ReturnStatus.REJECTED}) | _BEFORE_RECEIVED,
    ReturnStatus.APPROVED: frozenset({ReturnStatus.LABEL_SENT}) | _BEFORE_RECEIVED,
    ReturnStatus.REJECTED: frozenset(),
    ReturnStatus.LABEL_SENT: frozenset({ReturnStatus.IN_TRANSIT}) | _BEFORE_RECEIVED,
    ReturnStatus.IN_TRANSIT: frozenset({ReturnStatus.RECEIVED}) | _BEFORE_RECEIVED,
    ReturnStatus.RECEIVED: frozenset({ReturnStatus.INSPECTING}),
    ReturnStatus.INSPECTING: frozenset({ReturnStatus.INSPECTED}),
    ReturnStatus.INSPECTED: frozenset({ReturnStatus.REFUND_PENDING, ReturnStatus.COMPLETED}),
    ReturnStatus.REFUND_PENDING: frozenset({ReturnStatus.REFUNDED}),
    ReturnStatus.REFUNDED: frozenset({ReturnStatus.COMPLETED}),
    ReturnStatus.COMPLETED: frozenset(),
    ReturnStatus.CANCELLED: frozenset(),
}
"""An exchange or a replacement is completed without a refund, when the goods are sent."""

TRANSACTION_TRANSITIONS: Mapping[TransactionState, frozenset[TransactionState]] = {
    TransactionState.PENDING: frozenset({TransactionState.SUCCEEDED, TransactionState.FAILED, TransactionState.CANCELLED}),
    TransactionState.SUCCEEDED: frozenset(),
    TransactionState.FAILED: frozenset(),
    TransactionState.CANCELLED: frozenset({TransactionState.SUCCEEDED}),
}
"""What was called off here may have been taken already there: the provider's word counts, and the money goes back."""

TICKET_TRANSITIONS: Mapping[TicketStatus, frozenset[TicketStatus]] = {
    TicketStatus.OPEN: frozenset({TicketStatus.IN_PROGRESS, TicketStatus.WAITING_CUSTOMER, TicketStatus.RESOLVED}),
    TicketStatus.IN_PROGRESS: frozenset({TicketStatus.WAITING_CUSTOMER, TicketStatus.RESOLVED}),
    TicketStatus.WAITING_CUSTOMER: frozenset({TicketStatus.IN_PROGRESS, TicketStatus.RESOLVED}),
    TicketStatus.RESOLVED: frozenset({TicketStatus.CLOSED, TicketStatus.IN_PROGRESS}),
    TicketStatus.CLOSED: frozenset(),
}


ALERT_TRANSITIONS: Mapping[AlertStatus, frozenset[AlertStatus]] = {
    AlertStatus.ACTIVE: frozenset({AlertStatus.ACKNOWLEDGED, AlertStatus.SUPPRESSED, AlertStatus.RESOLVED}),
    AlertStatus.ACKNOWLEDGED: frozenset({AlertStatus.ACTIVE, AlertStatus.SUPPRESSED, AlertStatus.RESOLVED}),
    AlertStatus.SUPPRESSED: frozenset({AlertStatus.RESOLVED}),
    AlertStatus.RESOLVED: frozenset(),
}
"""An acknowledged alert is active again when it gets worse."""

APPLICATION_TRANSITIONS: Mapping[ApplicationStatus, frozenset[ApplicationStatus]] = {
    ApplicationStatus.SUBMITTED: frozenset(
        {ApplicationStatus.UNDER_REVIEW, ApplicationStatus.DOCUMENTS_REQUIRED, ApplicationStatus.APPROVED, ApplicationStatus.REJECTED}
    ),
    ApplicationStatus.UNDER_REVIEW: frozenset(
        {ApplicationStatus.DOCUMENTS_REQUIRED, ApplicationStatus.APPROVED, ApplicationStatus.REJECTED}
    ),
    ApplicationStatus.DOCUMENTS_REQUIRED: frozenset({ApplicationStatus.UNDER_REVIEW, ApplicationStatus.REJECTED}),
    ApplicationStatus.APPROVED: frozenset(),
    ApplicationStatus.REJECTED: frozenset(),
}


def change(what: str, current: S, wanted: S, table: Mapping[S, frozenset[S]]) -> S:
    """Return `wanted` when `table` allows it from `current`.

    Raises:
        TransitionError: the change is not listed; the error lists what is.
    """
    allowed = table[current]
    if wanted not in allowed:
        raise TransitionError(what, current, wanted, frozenset(str(status) for status in allowed))
    return wanted
