"""Photos of what comes back: kept elsewhere, referred to here."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput
from core.identity import Permission, RunContext
from core.statuses import ReturnStatus
from store.queries import orders, rma
from store.tables.aftersales import ReturnPhoto
from store.unit import Tx
from tools.aftersales.handled import ReturnStep
from tools.aftersales.locking import Handled, locked
from tools.aftersales.module import module
from tools.arguments import ReturnNumber
from tools.policy import Policy
from tools.policy.handling_returns import decide_photo
from tools.spec import Args, Effect

_AT_MOST = 20
"""Photos of one return."""


class AddReturnPhoto(Args):
    """Which picture belongs to which return."""

    return_number: ReturnNumber
    photo: Annotated[
        str,
        Field(
            pattern=r"^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[^\s<>\"']{1,240}|[A-Za-z0-9][A-Za-z0-9._/-]{0,200}\.(jpe?g|png|webp|heic|gif))$",
            max_length=300,
            description="An https address of the picture, or the name of an uploaded picture such as box.jpg",
            json_schema_extra={"format": "photo"},
        ),
    ]


@dataclass(frozen=True, slots=True)
class _PhotoFacts:
    handled: Handled
    known: frozenset[str]


async def _photo(tx: Tx, args: AddReturnPhoto, _ctx: RunContext, _policy: Policy) -> _PhotoFacts:
    handled = await locked(tx, args.return_number)
    known = frozenset(photo.reference for photo in await rma.photos(tx, handled.rma.id))
    if len(known) >= _AT_MOST:
        raise InvalidInput(f"{args.return_number} has {_AT_MOST} photos already; that is enough", field="photo", code="too_many_photos")
    return _PhotoFacts(handled, known)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.RETURN_REQUEST,
    facts=_photo,
    policy=lambda _policy, facts, _args, _principal: decide_photo(facts.handled.step),
    examples=(
        "here is the photo for R-1007: broken-lamp.jpg",
        "add https://pics.example/box.png to my return R-1007",
        "attach damage.jpeg to return R-1012",
        "I uploaded crack.png for R-1007",
        "photo for return R-1020 is scratch.webp",
        "the picture of the defect, defect.heic, belongs to R-1007",
    ),
)
async def add_return_photo(tx: Tx, args: AddReturnPhoto, _ctx: RunContext, facts: _PhotoFacts) -> ReturnStep:
    """Add a photo to a return, so that it can be approved."""
    row, order = facts.handled.rma, facts.handled.order
    if args.photo not in facts.known:
        who = tx.principal.name or tx.principal.role.value
        tx.add(ReturnPhoto(tenant_id=tx.tenant_id, return_id=row.id, reference=args.photo, added_by=who[:120], added_at=tx.now))
        orders.note(tx, order, "return.photo_added", f"Photo added to return {row.number}")
        tx.emit("return.photo_added", return_number=row.number, order=order.number)
    count = len(facts.known | {args.photo})
    noun = "photo" if count == 1 else "photos"
    return ReturnStep(return_number=row.number, order=order.number, status=ReturnStatus(row.status), detail=f"It has {count} {noun}.")
