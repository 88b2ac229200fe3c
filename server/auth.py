"""Who calls: sign-in with a password, and the signed token that later requests carry."""

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from core.errors import NotAuthenticated
from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from server.limits import Limits
from server.passwords import hash_password, verify_password
from server.wiring import Runtime

_ALGORITHM = "HS256"
_ISSUER = "storehand"
_LONGEST_PASSWORD = 1024


@dataclass(frozen=True, slots=True)
class Session:
    """A fresh sign-in."""

    token: str
    expires_in: int
    principal: Principal
    tenant_name: str


async def sign_in(runtime: Runtime, limits: Limits, email: str, password: str, *, address: str) -> Session:
    """Check a password and issue a token; an unknown e-mail address costs the same time as a wrong password.

    Raises:
        NotAuthenticated: unknown e-mail address or wrong password, never told apart.
        RateLimited: too many attempts for this e-mail address from this network address.
    """
    await limits.sign_in(email.strip().lower(), address)
    found = await runtime.units.call("sign_in_lookup", email=email.strip())
    row = found[0] if found else None
    async with limits.hashing:
        matches = await asyncio.to_thread(_matches, password[:_LONGEST_PASSWORD], row["password_hash"] if row else None)
    if row is None or not matches:
        raise NotAuthenticated("the e-mail address or the password is wrong", code="wrong_credentials")
    customer = CustomerId(row["customer_id"]) if row["customer_id"] else None
    principal = Principal(TenantId(row["tenant_id"]), UserId(row["user_id"]), Role(row["role"]), customer, row["name"])
    ttl = runtime.settings.auth.token_ttl_seconds
    return Session(issue(runtime, principal, ttl), ttl, principal, row["tenant_name"])


def issue(runtime: Runtime, principal: Principal, ttl_seconds: int) -> str:
    """Return a signed token that stands for `principal`.

    Raises:
        ValueError: `principal` is no person.
    """
    if not principal.is_person:
        raise ValueError(f"role: nobody signs in as {principal.role}")
    now = int(runtime.clock().timestamp())
    user = {
        "tenant": str(principal.tenant_id),
        "role": principal.role.value,
        "customer": str(principal.customer_id) if principal.customer_id else None,
        "name": principal.name,
    }
    claims = {"iss": _ISSUER, "sub": str(principal.user_id), "user": user, "iat": now, "exp": now + ttl_seconds}
    return jwt.encode(claims, runtime.secret, algorithm=_ALGORITHM)


def read_token(runtime: Runtime, token: str) -> Principal:
    """Return whom a token stands for.

    Raises:
        NotAuthenticated: it is not ours, was changed, or has expired.
    """
    options: Any = {"require": ["exp", "iss", "sub"], "verify_exp": False, "verify_iat": False}
    try:
        claims = jwt.decode(token, runtime.secret, algorithms=[_ALGORITHM], issuer=_ISSUER, options=options)
        if int(claims["exp"]) <= runtime.clock().timestamp():
            raise NotAuthenticated("the sign-in has expired; sign in again", code="token_expired")
        user = claims["user"]
        customer = CustomerId(UUID(user["customer"])) if user["customer"] else None
        found = Principal(TenantId(UUID(user["tenant"])), UserId(UUID(claims["sub"])), Role(user["role"]), customer, user["name"])
        if not found.is_person:
            raise NotAuthenticated("the token is not valid; sign in again", code="invalid_token")
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
        raise NotAuthenticated("the token is not valid; sign in again", code="invalid_token") from error
    return found


def runtime_of(request: Request) -> Runtime:
    """Return the runtime of the application that serves a request."""
    return request.app.state.runtime


async def wired(request: Request) -> Runtime:
    """Return the same to a route; what is no coroutine would be asked for in a thread."""
    return runtime_of(request)


def limits_of(request: Request) -> Limits:
    """Return the limits of the application that serves a request."""
    return request.app.state.limits


_BEARER = HTTPBearer(auto_error=False, description="The access token of POST /v1/auth/sign-in")
_API_KEY = APIKeyHeader(name="X-Api-Key", auto_error=False, description="The same token, for clients of LangGraph")


async def caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    api_key: Annotated[str | None, Depends(_API_KEY)],
) -> Principal:
    """Return the verified caller, from `Authorization: Bearer` or `X-Api-Key`; requests that change something are counted.

    Raises:
        NotAuthenticated: no credentials, or bad ones.
        RateLimited: too many requests.
    """
    token = bearer.credentials if bearer is not None else api_key
    if not token:
        raise NotAuthenticated("sign in first: send Authorization: Bearer <token> of POST /v1/auth/sign-in")
    principal = read_token(runtime_of(request), token)
    if request.method == "POST":
        await limits_of(request).request(principal)
    return principal


Caller = Annotated[Principal, Depends(caller)]
Wired = Annotated[Runtime, Depends(wired)]


def _matches(password: str, hashed: str | None) -> bool:
    if hashed is None:
        verify_password(password, _decoy())
        return False
    return verify_password(password, hashed)


@cache
def _decoy() -> str:
    return hash_password("nobody has this password")
