"""The console page and the page of the API's documentation. Nothing on them comes from another host."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB = Path(__file__).parents[1] / "web"
_REVALIDATE = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> Response:
    """Return the console."""
    return FileResponse(WEB / "index.html", headers=_REVALIDATE)


@router.get("/docs")
async def docs() -> Response:
    """Return the documentation of the API, drawn from /openapi.json."""
    return FileResponse(WEB / "docs.html", headers=_REVALIDATE)


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_REVALIDATE)
        return response


def mount(app: FastAPI) -> None:
    """Serve the pages and their assets."""
    app.include_router(router)
    app.mount("/web", _Assets(directory=WEB), name="web")
