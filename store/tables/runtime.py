"""What the runtime itself keeps: threads, runs and their log, the ledger, approvals, the outbox and the audit chain."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from store.tables.base import TenantRow, belongs, instant, instant_or_none, json_column, long_text, word, words_check

_OVER = "status NOT IN ('pending', 'running')"


class ThreadStatus(StrEnum):
    """What a conversation is doing."""

    IDLE = "idle"
    BUSY = "busy"
    INTERRUPTED = "interrupted"
    ERROR = "error"


class RunStatus(StrEnum):
    """Where a run stands. A run that stops at an approval ends as a success."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"


class ApprovalStatus(StrEnum):
    """Where a request for a decision stands. An approved one is consumed by the effect, once."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    CONSUMED = "consumed"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class LedgerStatus(StrEnum):
    """What became of a call that may have an effect."""

    OK = "ok"
    DENIED = "denied"
    PENDING = "pending"
    FAILED = "failed"


class Thread(TenantRow, table=True):
    """A conversation. It belongs to the user who opened it, and to a customer when a customer did."""

    __tablename__ = "threads"
    __table_args__ = (
        belongs("user_id", "users"),
        belongs("customer_id", "customers"),
        words_check("status", ThreadStatus, "threads_status_check"),
        Index("threads_user_idx", "tenant_id", "user_id", "updated_at"),
        Index("threads_transient_idx", "updated_at", postgresql_where=text("transient")),
    )
    user_id: UUID
    customer_id: UUID | None = None
    status: ThreadStatus = word(ThreadStatus, ThreadStatus.IDLE)
    transient: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """Whether it was opened for a single run, and is deleted some time after it."""
    meta: dict[str, Any] = json_column()
    error: dict[str, Any] | None = Field(default=None, sa_type=JSONB, nullable=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
    created_at: datetime = instant()
    updated_at: datetime = instant()


class Run(TenantRow, table=True):
    """One turn of work on a thread. `attempt` is the fencing token; `seq` numbers the log without gaps."""

    __tablename__ = "runs"
    __table_args__ = (
        belongs("thread_id", "threads", on_delete="CASCADE"),
        words_check("status", RunStatus, "runs_status_check"),
        Index("runs_one_active_idx", "tenant_id", "thread_id", unique=True, postgresql_where=text("status = 'running'")),
        Index("runs_queue_idx", "created_at", postgresql_where=text("status IN ('pending', 'running')")),
        Index("runs_thread_idx", "tenant_id", "thread_id", "created_at"),
        Index("runs_log_idx", "updated_at", postgresql_where=text(f"log_forgotten_at IS NULL AND {_OVER}")),
        Index("runs_thin_idx", "updated_at", postgresql_where=text(f"thinned_at IS NULL AND {_OVER}")),
        UniqueConstraint("tenant_id", "user_id", "idempotency_key"),
    )
    thread_id: UUID
    user_id: UUID
    customer_id: UUID | None = None
    assistant: str = Field(max_length=40)
    status: RunStatus = word(RunStatus, RunStatus.PENDING)
    input: dict[str, Any] = json_column()
    """{"messages": [...]} of a new turn, or {"resume": {"approval_id", "decision"}} after a decision."""
    principal: dict[str, Any] = json_column()
    meta: dict[str, Any] = json_column()
    options: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB, nullable=False, sa_column_kwargs={"server_default": text("'{}'")})  # pyright: ignore[reportArgumentType, reportCallIssue, reportUnknownVariableType]
    """What the client asked of the stream and of runs at the same time: `{"stream_mode", "multitask", "on_disconnect"}`."""
    due_at: datetime | None = instant_or_none()
    """Not to be started before; none is at once."""
    reader_until: datetime | None = instant_or_none()
    """It goes on without a sign of a reader until then; none is to its end, whoever reads."""
    attempt: int = 0
    seq: int = Field(default=0, sa_type=BigInteger)
    worker: str | None = Field(default=None, max_length=80)
    lease_until: datetime | None = instant_or_none()
    cancel_requested_at: datetime | None = instant_or_none()
    error: dict[str, Any] | None = Field(default=None, sa_type=JSONB, nullable=True)  # pyright: ignore[reportArgumentType, reportCallIssue]
    idempotency_key: str = Field(max_length=200)
    request_hash: str = Field(default="", max_length=64)
    log_forgotten_at: datetime | None = instant_or_none()
    """When its log was deleted, long after its end."""
    thinned_at: datetime | None = instant_or_none()
    """When the states between its beginning and its end were deleted."""
    created_at: datetime = instant()
    updated_at: datetime = instant()


class RunEventRow(SQLModel, table=True):
    """One fact of a run's log."""

    __tablename__ = "run_events"
    __table_args__ = (belongs("run_id", "runs", on_delete="CASCADE"),)
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    run_id: UUID = Field(primary_key=True)
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    type: str = Field(max_length=30)
    body: dict[str, Any] = json_column()
    at: datetime = instant()


class LedgerRow(SQLModel, table=True):
    """The record that a call had its effect: claimed, executed and answered in one transaction."""

    __tablename__ = "ledger"
    __table_args__ = (words_check("status", LedgerStatus, "ledger_status_check"),)
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    key: str = Field(primary_key=True, max_length=200)
    tool: str = Field(max_length=60)
    args_hash: str = Field(max_length=64)
    status: LedgerStatus = word(LedgerStatus)
    result: dict[str, Any] = json_column()
    customer_id: UUID | None = None
    run_id: UUID | None = None
    created_at: datetime = instant()


class Approval(TenantRow, table=True):
    """A call that waits for a person: bound by `digest` to exactly these arguments and facts, single use, expiring."""

    __tablename__ = "approvals"
    __table_args__ = (
        words_check("status", ApprovalStatus, "approvals_status_check"),
        CheckConstraint("kind IN ('confirmation', 'approval')", name="approvals_kind_check"),
        Index("approvals_open_idx", "tenant_id", "created_at", postgresql_where=text("status = 'open'")),
    )
    kind: str = Field(max_length=12)
    tool: str = Field(max_length=60)
    args: dict[str, Any] = json_column()
    digest: str = Field(max_length=64)
    title: str = Field(max_length=200)
    preview: list[Any] = json_column(list)
    rule: str = Field(max_length=60)
    reason: str = long_text()
    role: str = Field(max_length=12)
    """The least role that may decide an approval; a confirmation is decided by its requester."""
    four_eyes: bool = False
    status: ApprovalStatus = word(ApprovalStatus, ApprovalStatus.OPEN)
    requester_id: UUID
    requester: str = Field(max_length=120)
    requester_role: str = Field(max_length=12)
    customer_id: UUID | None = None
    thread_id: UUID | None = Field(default=None, index=True)
    run_id: UUID | None = None
    call_key: str = Field(max_length=200)
    decided_by: UUID | None = None
    decided_by_name: str | None = Field(default=None, max_length=120)
    message: str = long_text()
    created_at: datetime = instant()
    expires_at: datetime = instant()
    decided_at: datetime | None = instant_or_none()


class OutboxRow(TenantRow, table=True):
    """A domain event or an outbound call that leaves after the commit; `key` is its Idempotency-Key."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        Index("outbox_unsent_idx", "id", postgresql_where=text("sent_at IS NULL")),
    )
    topic: str = Field(max_length=60)
    key: str = Field(max_length=240)
    body: dict[str, Any] = json_column()
    created_at: datetime = instant()
    sent_at: datetime | None = instant_or_none()
    tries: int = 0


class AuditRow(SQLModel, table=True):
    """One link of a tenant's audit chain. Written only by the function `audit_append`, never changed."""

    __tablename__ = "audit"
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    seq: int = Field(primary_key=True, sa_type=BigInteger)
    at: datetime = instant()
    actor: str = Field(max_length=120)
    action: str = Field(max_length=60)
    body: dict[str, Any] = json_column()
    previous: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)


class AuditHead(SQLModel, table=True):
    """The last link of each tenant's audit chain."""

    __tablename__ = "audit_heads"
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    seq: int = Field(sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)


class Counter(SQLModel, table=True):
    """The last number given out of a tenant's series (order, return, ticket, purchase order)."""

    __tablename__ = "counters"
    tenant_id: UUID = Field(primary_key=True, foreign_key="tenants.id")
    series: str = Field(primary_key=True, max_length=20)
    last: int = Field(sa_type=BigInteger)


__all__ = [
    "Approval",
    "ApprovalStatus",
    "AuditHead",
    "AuditRow",
    "Counter",
    "LedgerRow",
    "LedgerStatus",
    "OutboxRow",
    "Run",
    "RunEventRow",
    "RunStatus",
    "Thread",
    "ThreadStatus",
]
