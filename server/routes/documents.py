"""Documents to download."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from server.auth import Caller, Wired
from store.queries import documents

router = APIRouter(prefix="/v1/documents", tags=["documents"])


@router.get("/{document_id}", responses={200: {"content": {"application/pdf": {}}}}, response_class=Response)
async def download(runtime: Wired, principal: Caller, document_id: UUID) -> Response:
    """Return a document of the caller as a file; what belongs to somebody else does not exist."""
    async with runtime.units.read(principal) as tx:
        row = await documents.get(tx, str(document_id))
        content = await documents.content(tx, row)
    headers = {
        "Content-Disposition": f'attachment; filename="{row.file_name}"',
        "Cache-Control": "private, max-age=0, no-store",
    }
    return Response(content, media_type="application/pdf", headers=headers)
