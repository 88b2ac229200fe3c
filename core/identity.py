"""Who acts. A `Principal` comes from a verified token, never from a model's output or a request body."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self
from uuid import UUID

from core.ids import CustomerId, RunId, TenantId, ThreadId, UserId


class Role(StrEnum):
    """What a caller is in a tenant (a merchant's store)."""

    CUSTOMER = "customer"
    STAFF = "staff"
    MANAGER = "manager"
    OWNER = "owner"
    DEVELOPER = "developer"
    SYSTEM = "system"
    """No person: the process itself, when it passes on what a provider reports. Nobody can sign in as it."""


PEOPLE: tuple[Role, ...] = tuple(role for role in Role if role is not Role.SYSTEM)
"""The roles that a user, a token or a run can have."""


class Permission(StrEnum):
    """One right. Tools ask for exactly one; roles are sets of them."""

    ORDER_READ = "order:read"
    ORDER_CANCEL = "order:cancel"
    ORDER_HOLD = "order:hold"
    ORDER_WRITE = "order:write"
    ORDER_PLACE = "order:place"
    ORDER_NOTE = "order:note"
    ORDER_SPLIT = "order:split"
    COUPON_WRITE = "coupon:write"
    PRODUCT_READ = "product:read"
    PRODUCT_WRITE = "product:write"
    PRICE_READ = "price:read"
    PRICE_WRITE = "price:write"
    STOCK_READ = "stock:read"
    STOCK_WRITE = "stock:write"
    STOCK_RESERVE = "stock:reserve"
    PURCHASE_WRITE = "purchase:write"
    PURCHASE_RECEIVE = "purchase:receive"
    SHIPMENT_READ = "shipment:read"
    SHIPMENT_WATCH = "shipment:watch"
    SHIPMENT_WRITE = "shipment:write"
    FULFILMENT_WRITE = "fulfilment:write"
    CLAIM_OPEN = "claim:open"
    CLAIM_DECIDE = "claim:decide"
    REFUND_READ = "refund:read"
    REFUND_ISSUE = "refund:issue"
    PAYMENT_READ = "payment:read"
    PAYMENT_WATCH = "payment:watch"
    PAYMENT_WRITE = "payment:write"
    CREDIT_ISSUE = "credit:issue"
    RETURN_READ = "return:read"
    RETURN_REQUEST = "return:request"
    RETURN_DECIDE = "return:decide"
    RETURN_HANDLE = "return:handle"
    WARRANTY_CLAIM = "warranty:claim"
    WARRANTY_DECIDE = "warranty:decide"
    SURVEY_ANSWER = "survey:answer"
    SURVEY_SEND = "survey:send"
    QUALITY_READ = "quality:read"
    QUALITY_WRITE = "quality:write"
    TICKET_READ = "ticket:read"
    TICKET_OPEN = "ticket:open"
    TICKET_HANDLE = "ticket:handle"
    CUSTOMER_READ = "customer:read"
    CUSTOMER_WRITE = "customer:write"
    CUSTOMER_EXPORT = "customer:export"
    CUSTOMER_ERASE = "customer:erase"
    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    FRAUD_READ = "fraud:read"
    FRAUD_SCORE = "fraud:score"
    FRAUD_DECIDE = "fraud:decide"
    CHANNEL_READ = "channel:read"
    CHANNEL_REPLY = "channel:reply"
    CHANNEL_WRITE = "channel:write"
    ARTICLE_READ = "article:read"
    KNOWLEDGE_READ = "knowledge:read"
    """To see what agents' answers are made of."""
    KNOWLEDGE_WRITE = "knowledge:write"
    """To add to it, take from it, and say who may read it."""
    REPORT_READ = "report:read"
    ALERT_READ = "alert:read"
    ALERT_WRITE = "alert:write"
    ONBOARDING_READ = "onboarding:read"
    ONBOARDING_WRITE = "onboarding:write"
    ONBOARDING_DECIDE = "onboarding:decide"
    SUPPLIER_READ = "supplier:read"
    APPROVAL_DECIDE = "approval:decide"
    POLICY_READ = "policy:read"
    POLICY_WRITE = "policy:write"
    AUDIT_READ = "audit:read"
    DOCUMENT_READ = "document:read"
    DOCUMENT_CREATE = "document:create"
    """To have what concerns a customer printed: invoices and return labels."""
    DOCUMENT_PRINT = "document:print"
    """To print what the shop works with: packing slips, shipping labels, reports."""
    RUN_DEBUG = "run:debug"
    RUN_FORK = "run:fork"
    """To go back in a conversation: edit a message, or have a turn again."""
    RUN_SCHEDULE = "run:schedule"
    RUN_WEBHOOK = "run:webhook"
    """To have an address told how a run ended."""
    PROVIDER_REPORT = "provider:report"
    """To record what a provider answered or reported; no person and no agent has it."""


_CUSTOMER = frozenset(
    {
        Permission.ORDER_READ,
        Permission.ORDER_CANCEL,
        Permission.ORDER_WRITE,
        Permission.ORDER_PLACE,
        Permission.PRODUCT_READ,
        Permission.SHIPMENT_READ,
        Permission.REFUND_READ,
        Permission.PAYMENT_READ,
        Permission.REFUND_ISSUE,
        Permission.RETURN_READ,
        Permission.RETURN_REQUEST,
        Permission.TICKET_READ,
        Permission.TICKET_OPEN,
        Permission.WARRANTY_CLAIM,
        Permission.SURVEY_ANSWER,
        Permission.ARTICLE_READ,
        Permission.PROFILE_READ,
        Permission.PROFILE_WRITE,
        Permission.DOCUMENT_READ,
        Permission.DOCUMENT_CREATE,
    }
)
_STAFF = _CUSTOMER | {
    Permission.RUN_FORK,
    Permission.RUN_SCHEDULE,
    Permission.DOCUMENT_PRINT,
    Permission.ORDER_HOLD,
    Permission.ORDER_NOTE,
    Permission.ORDER_SPLIT,
    Permission.STOCK_READ,
    Permission.STOCK_RESERVE,
    Permission.PURCHASE_RECEIVE,
    Permission.SHIPMENT_WATCH,
    Permission.SHIPMENT_WRITE,
    Permission.FULFILMENT_WRITE,
    Permission.CLAIM_OPEN,
    Permission.RETURN_DECIDE,
    Permission.RETURN_HANDLE,
    Permission.WARRANTY_DECIDE,
    Permission.SURVEY_SEND,
    Permission.QUALITY_READ,
    Permission.QUALITY_WRITE,
    Permission.TICKET_HANDLE,
    Permission.PAYMENT_WATCH,
    Permission.PAYMENT_WRITE,
    Permission.CREDIT_ISSUE,
    Permission.CUSTOMER_READ,
    Permission.CUSTOMER_WRITE,
    Permission.FRAUD_READ,
    Permission.FRAUD_SCORE,
    Permission.CHANNEL_READ,
    Permission.CHANNEL_REPLY,
    Permission.PRODUCT_WRITE,
    Permission.PRICE_READ,
    Permission.REPORT_READ,
    Permission.ALERT_READ,
    Permission.ALERT_WRITE,
    Permission.ONBOARDING_READ,
    Permission.ONBOARDING_WRITE,
    Permission.SUPPLIER_READ,
    Permission.POLICY_READ,
    Permission.KNOWLEDGE_READ,
}
_MANAGER = _STAFF | {
    Permission.KNOWLEDGE_WRITE,
    Permission.RUN_WEBHOOK,
    Permission.PRICE_WRITE,
    Permission.STOCK_WRITE,
    Permission.PURCHASE_WRITE,
    Permission.COUPON_WRITE,
    Permission.FRAUD_DECIDE,
    Permission.CUSTOMER_EXPORT,
    Permission.CUSTOMER_ERASE,
    Permission.ONBOARDING_DECIDE,
    Permission.CLAIM_DECIDE,
    Permission.CHANNEL_WRITE,
    Permission.APPROVAL_DECIDE,
}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.CUSTOMER: _CUSTOMER,
    Role.STAFF: _STAFF,
    Role.MANAGER: _MANAGER,
    Role.OWNER: _MANAGER | {Permission.POLICY_WRITE, Permission.AUDIT_READ},
    Role.DEVELOPER: _MANAGER | {Permission.AUDIT_READ, Permission.RUN_DEBUG},
    Role.SYSTEM: frozenset({Permission.PROVIDER_REPORT}),
}
"""Default deny: a role has these rights and no others."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. A customer always carries its `customer_id`, which row security narrows to."""

    tenant_id: TenantId
    user_id: UserId
    role: Role
    customer_id: CustomerId | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if (self.role is Role.CUSTOMER) != (self.customer_id is not None):
            raise ValueError("customer_id: a customer has one and nobody else does")

    @property
    def is_customer(self) -> bool:
        """Whether row security narrows this caller to one customer's rows."""
        return self.role is Role.CUSTOMER

    @property
    def is_person(self) -> bool:
        """Whether somebody can sign in as this caller; the process itself has no user of its own."""
        return self.role in PEOPLE and self.user_id.int != 0

    def may(self, permission: Permission) -> bool:
        """Return whether this caller's role grants `permission`."""
        return permission in GRANTS[self.role]


def system(tenant_id: TenantId, name: str) -> Principal:
    """Return who passes on a provider's answers in a tenant; `name`, such as payment provider, stands in timelines."""
    return Principal(tenant_id, UserId(UUID(int=0)), Role.SYSTEM, name=name)


@dataclass(frozen=True, slots=True)
class RunContext:
    """On whose behalf, for which run and at which position of it a tool is called.

    `attempt` is the fencing token of the run's lease. `position` is ours (`step.index`), not the provider's call id, so that
    a crash and a new sample of the model land on the same ledger row. Outside a run, `idempotency_key` names the call.
    """

    principal: Principal
    run_id: RunId | None = None
    thread_id: ThreadId | None = None
    attempt: int = 0
    agent: str | None = None
    position: str = "0.0"
    idempotency_key: str | None = None
    request_id: str | None = None
    approval_id: UUID | None = None

    def at(self, position: str, *, agent: str | None = None, approval_id: UUID | None = None) -> Self:
        """Return this context at another call position."""
        return replace(self, position=position, agent=agent or self.agent, approval_id=approval_id)

    @property
    def call_key(self) -> str:
        """The ledger key of the call at this position."""
        if self.run_id is not None:
            return f"run:{self.run_id}:{self.position}"
        if self.idempotency_key is None:
            raise ValueError("idempotency_key: a call outside a run needs one")
        return f"key:{self.principal.user_id}:{self.idempotency_key}"
