"""Every error that Storehand raises on purpose.

    StorehandError              code, message, audience
    ├── InvalidInput            400/422  a field is wrong; names the field and the fix
    ├── NotAuthenticated        401      no or bad credentials
    ├── Forbidden               403      known caller, not allowed
    ├── NotFound                404      unknown, or belongs to somebody else (never told apart)
    ├── Conflict                409      the state forbids it now
    │   └── TransitionError              a status change that the transition table does not list
    ├── TooLarge                413      the body is over the limit
    ├── RateLimited             429      carries retry_after seconds
    ├── Fenced                  500      this worker lost its lease; its write was refused
    ├── BudgetExceeded          500      a run used up its model, tool, time or cost budget
    ├── ModelFailed             502      the model's provider failed after every retry
    └── Unavailable             503      Postgres, Valkey or Chroma cannot be reached

Expected refusals of a tool are results (`tools.result`), not exceptions. Messages are safe to show to their audience and
never contain SQL, stack traces, hosts or secrets; the cause is chained for the operator's log.
"""

from enum import StrEnum
from typing import ClassVar


class Audience(StrEnum):
    """Who may read an error's message."""

    USER = "user"
    MODEL = "model"
    OPERATOR = "operator"


class StorehandError(Exception):
    """Base of all designed errors; `status` is the HTTP status that it maps to."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal"
    audience: ClassVar[Audience] = Audience.USER

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code


class InvalidInput(StorehandError):
    """A value that the caller sent is wrong."""

    status = 422
    default_code = "invalid_input"

    def __init__(self, message: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(f"{field}: {message}" if field else message, code=code)
        self.field = field


class NotAuthenticated(StorehandError):
    """The caller did not prove who they are."""

    status = 401
    default_code = "not_authenticated"


class Forbidden(StorehandError):
    """The caller is known and may not do this."""

    status = 403
    default_code = "forbidden"


class NotFound(StorehandError):
    """The thing does not exist for this caller."""

    status = 404
    default_code = "not_found"

    def __init__(self, what: str, name: object = None) -> None:
        super().__init__(f"{what} {name} was not found" if name is not None else f"{what} was not found")


class Conflict(StorehandError):
    """The current state forbids the request."""

    status = 409
    default_code = "conflict"


class TransitionError(Conflict):
    """A status may not change that way; the message lists what it may change to."""

    default_code = "transition_not_allowed"

    def __init__(self, what: str, current: str, wanted: str, allowed: frozenset[str]) -> None:
        ways = ", ".join(sorted(allowed)) or "nothing: it is final"
        super().__init__(f"{what} is {current} and cannot become {wanted}; from here it can become: {ways}")
        self.allowed = allowed


class TooLarge(StorehandError):
    """The request is larger than the limit."""

    status = 413
    default_code = "too_large"


class RateLimited(StorehandError):
    """Too many requests; try again after `retry_after` seconds."""

    status = 429
    default_code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Fenced(StorehandError):
    """A newer attempt owns the run; nothing of this one may be written."""

    default_code = "fenced"
    audience = Audience.OPERATOR


class BudgetExceeded(StorehandError):
    """A run reached a limit that stops loops and runaway cost."""

    default_code = "budget_exceeded"


class ModelFailed(StorehandError):
    """The language model could not be asked, after every retry and fallback."""

    status = 502
    default_code = "model_failed"


class Unavailable(StorehandError):
    """A server that Storehand needs cannot be reached."""

    status = 503
    default_code = "unavailable"
