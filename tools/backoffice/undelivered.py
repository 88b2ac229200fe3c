"""Messages to providers that nobody took: somebody is told. Only the process itself calls the tool."""

from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from core.statuses import AlertLevel
from store.unit import ReadTx, Tx
from tools.backoffice.alerts import raise_alert
from tools.backoffice.module import module
from tools.backoffice.results import UndeliveredRecorded
from tools.policy import Policy
from tools.policy.decision import allow
from tools.spec import Args, Audience, Effect


class RecordUndelivered(Args):
    """A message that will not arrive at its provider."""

    topic: Annotated[str, Field(min_length=1, max_length=60)]
    """What was asked for, such as shipment.label.requested."""
    about: Annotated[str, Field(max_length=80)] = ""
    """The order, parcel, payment or listing that it is about."""
    reason: Annotated[str, Field(max_length=300)]
    """Why, in the provider's words or ours."""


async def _nothing(_tx: ReadTx, _args: Args, _ctx: RunContext, _policy: Policy) -> None:
    return None


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    facts=_nothing,
    policy=lambda _policy, _facts, _args, _principal: allow("provider.report"),
    examples=(
        "the carrier refused the label request",
        "a message to the payment provider was given up",
        "the channel did not take the fulfilment of 1042",
        "the mail server refuses the recipient",
        "after twelve tries the provider was not reached",
        "a request to a provider is parked",
    ),
)
async def record_undelivered(tx: Tx, args: RecordUndelivered, _ctx: RunContext, _facts: None) -> UndeliveredRecorded:
    """Alert staff to a message that a provider refused, or that was given up after too many tries."""
    about = f" for {args.about}" if args.about else ""
    alert = await raise_alert(
        tx,
        kind="provider.undelivered",
        subject=f"{args.topic}:{args.about}",
        level=AlertLevel.MEDIUM if args.topic == "email.requested" else AlertLevel.HIGH,
        title=f"A provider did not take {args.topic.replace('.', ' ')}{about}",
        detail=args.reason,
    )
    return UndeliveredRecorded(topic=args.topic, about=args.about, alert=alert)
