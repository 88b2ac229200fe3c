"""Exports of personal data, fetched by the people who may make them."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from core.errors import Forbidden
from core.identity import Permission
from server.auth import Caller, Wired
from server.errors import json_response
from store.queries import personal

router = APIRouter(prefix="/v1/exports", tags=["exports"])


@router.get("/{export_id}")
async def get(runtime: Wired, principal: Caller, export_id: UUID) -> Response:
    """Return the document of an export until it expires."""
    if not principal.may(Permission.CUSTOMER_EXPORT):
        raise Forbidden("exports of personal data are for managers")
    async with runtime.units.read(principal) as tx:
        body = await personal.stored(tx, export_id)
    response = json_response(body)
    response.headers["Content-Disposition"] = f'attachment; filename="personal-data-{export_id}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response
