"""Signing in, and who one is."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from core.errors import NotFound
from core.identity import Principal
from server.auth import Caller, Wired, limits_of, sign_in
from store.queries import tenants

router = APIRouter(prefix="/v1", tags=["session"])


class SignInBody(BaseModel):
    """An e-mail address and a password."""

    email: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1024)


@router.post("/auth/sign-in")
async def post_sign_in(request: Request, runtime: Wired, body: SignInBody) -> dict[str, Any]:
    """Exchange a password for a token: send it as `Authorization: Bearer`, or as `X-Api-Key`."""
    address = request.client.host if request.client else "unknown"
    session = await sign_in(runtime, limits_of(request), body.email, body.password, address=address)
    return {
        "access_token": session.token,
        "token_type": "bearer",
        "expires_in": session.expires_in,
        "principal": _shown(session.principal, session.tenant_name),
    }


@router.get("/me")
async def me(runtime: Wired, principal: Caller) -> dict[str, Any]:
    """Return who the caller is and which model answers."""
    async with runtime.units.read(principal) as tx:
        tenant = await tenants.current(tx)
    model = {"description": runtime.models.description, "offline": runtime.models.is_offline}
    return {"principal": _shown(principal, tenant.name), "model": model}


@router.get("/demo/sign-ins")
async def demo_sign_ins(runtime: Wired) -> list[dict[str, str]]:
    """Return the ready-made sign-ins of the demo; outside a demo there are none."""
    if not runtime.demo:
        raise NotFound("demo")
    from store.seed import SIGN_INS

    return [
        {"label": one.label, "email": one.email, "password": one.password, "role": one.role.value, "shop": one.shop} for one in SIGN_INS
    ]


def _shown(principal: Principal, tenant_name: str) -> dict[str, Any]:
    return {
        "user_id": str(principal.user_id),
        "name": principal.name,
        "role": principal.role.value,
        "tenant": {"id": str(principal.tenant_id), "name": tenant_name},
        "customer_id": str(principal.customer_id) if principal.customer_id else None,
    }
