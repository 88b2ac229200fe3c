"""What most commands need: settings, servers, a runtime, and on whose behalf."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from core.errors import InvalidInput, NotFound
from core.identity import Principal, Role
from core.ids import CustomerId, TenantId, UserId
from core.settings import Settings
from server.cli.output import progress

T = TypeVar("T")
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where the embedded servers keep their data.", show_default="~/.storehand")
]
As = Annotated[str, typer.Option("--as", help="Who asks: merchant, customer, or the e-mail address of a user.")]
_SHORT = {"merchant": 0, "customer": 1, "customer2": 2, "merchant2": 3}


def read_settings(data_dir: Path | None = None, **overrides: Any) -> Settings:
    """Return the settings with a command's options on top."""
    from pydantic import ValidationError

    from core.log import configure

    try:
        settings = Settings(**({"data_dir": data_dir} if data_dir else {}), **overrides)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "STOREHAND_" + "__".join(str(part).upper() for part in first["loc"])
        raise InvalidInput(first["msg"], field=name) from error
    configure(settings.log_level, settings.log_format)
    return settings


def given(**options: Any) -> dict[str, Any]:
    """Return the options that the command line names; the others keep what the environment says."""
    return {name: value for name, value in options.items() if value is not None}


@contextmanager
def prepared(settings: Settings, *, quiet: bool = True) -> Iterator[Any]:
    """Keep the servers running during the block, with the schema up to date."""
    from server.setup import migrate
    from store.embedded import servers

    show = _silent if quiet else progress
    with servers(settings, progress=show) as endpoints:
        migrate(endpoints.db_url, show)
        yield endpoints


def with_runtime(settings: Settings, work: Callable[[Any], Awaitable[T]]) -> T:
    """Open servers and a runtime, do `work`, close everything."""

    async def inside(endpoints: Any) -> T:
        from server.wiring import open_runtime

        async with open_runtime(settings, endpoints) as runtime:
            return await work(runtime)

    with prepared(settings) as endpoints:
        return uvloop.run(inside(endpoints))


async def who_is(runtime: Any, name: str) -> Principal:
    """Return the principal of `merchant`, `customer` or an e-mail address. The command line trusts its user: it holds the database.

    Raises:
        NotFound: no such user.
    """
    from store.seed import SIGN_INS

    email = SIGN_INS[_SHORT[name]].email if name in _SHORT else name
    rows = await runtime.units.call("sign_in_lookup", email=email)
    if not rows:
        raise NotFound("user", f"{email} (load the demo shop with 'storehand seed', or give a user's e-mail address)")
    row = rows[0]
    customer = CustomerId(row["customer_id"]) if row["customer_id"] else None
    return Principal(TenantId(row["tenant_id"]), UserId(row["user_id"]), Role(row["role"]), customer, row["name"])


@asynccontextmanager
async def helping_hands(runtime: Any) -> AsyncIterator[None]:
    """Work on queued runs beside the block, in case no worker is running."""
    from server.worker.loop import working

    async with working(runtime):
        yield


def _silent(_: str) -> None:
    """Show nothing."""
