"""What channels report beside orders: how a pull ended, what buyers ask, and what a channel did not take. Only the process calls it."""

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue

from core.identity import Permission, RunContext
from core.selling import SYNC_TRANSITIONS, MessageStatus, SyncStatus
from core.statuses import AlertLevel, change
from store.queries import channels
from store.tables.channels import ChannelMessage
from store.unit import Tx
from tools.arguments import ChannelCode
from tools.backoffice.alerts import raise_alert
from tools.marketplace.answers import reported
from tools.marketplace.facts import InForce, in_force
from tools.marketplace.module import module
from tools.marketplace.outcomes import MessageRecorded, ReplyRefused, SyncRecorded
from tools.spec import Args, Audience, Effect


class SyncOutcome(StrEnum):
    """How a pull ended at the channel."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RecordSyncResult(Args):
    """How a pull of orders ended."""

    sync_run: Annotated[str, Field(pattern=r"^S-[0-9]{1,18}$", json_schema_extra={"format": "sync-number"})]
    """Number of the synchronisation."""
    outcome: SyncOutcome
    """How it ended."""
    reason: Annotated[str, Field(max_length=300)] = ""
    """Why it failed, in the channel's words."""
    cursor: Annotated[str, Field(max_length=200)] = ""
    """Where the next pull begins, in the channel's words."""


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    facts=in_force,
    policy=reported,
    examples=(
        "the pull of amazon orders has ended",
        "ebay could not be reached for the pull",
        "all pages of orders are read",
        "the synchronisation S-1001 failed",
        "every order of the channel was reported",
        "the last page of the pull was empty",
    ),
)
async def record_sync_result(tx: Tx, args: RecordSyncResult, _ctx: RunContext, _facts: InForce) -> SyncRecorded:
    """Record how a pull of a channel's orders ended; it is partial when some could not be taken over."""
    run = await channels.run_by_number(tx, args.sync_run)
    wanted = SyncStatus.FAILED if args.outcome is SyncOutcome.FAILED else SyncStatus.PARTIAL if run.blocked else SyncStatus.SUCCEEDED
    run.status = change(f"synchronisation {run.number}", SyncStatus(run.status), wanted, SYNC_TRANSITIONS)
    run.finished_at, run.note = tx.now, args.reason
    tx.session.add(run)
    if args.outcome is SyncOutcome.SUCCEEDED and args.cursor:
        await channels.pulled_up_to(tx, run.channel_id, args.cursor)
    counts: dict[str, JsonValue] = {"imported": run.imported, "known": run.known, "blocked": run.blocked}
    tx.emit("channel.sync.finished", sync_run=run.number, status=wanted.value, **counts)
    return SyncRecorded(sync_run=run.number, status=wanted)


class RecordChannelMessage(Args):
    """A message that a buyer wrote on a channel."""

    channel: ChannelCode
    conversation: Annotated[str, Field(min_length=1, max_length=80)]
    """The channel's number of the conversation."""
    message: Annotated[str, Field(min_length=1, max_length=80)]
    """The channel's number of the message."""
    author: Annotated[str, Field(min_length=1, max_length=120)]
    """Who wrote."""
    subject: Annotated[str, Field(max_length=160)] = ""
    """What it is about."""
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    """The buyer's words."""
    written_at: AwareDatetime
    """When it was written."""


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    facts=in_force,
    policy=reported,
    examples=(
        "a buyer wrote on ebay",
        "amazon passes on a question of a customer",
        "a message came in from a marketplace buyer",
        "the channel reports a new conversation",
        "a buyer answered in the conversation on cdiscount",
        "keep the message that came from backmarket",
    ),
)
async def record_channel_message(tx: Tx, args: RecordChannelMessage, _ctx: RunContext, _facts: InForce) -> MessageRecorded:
    """Keep a message that a buyer wrote on a channel, once."""
    channel = await channels.locked(tx, args.channel)
    new = not await channels.known_message(tx, channel, args.message)
    if new:
        tx.add(
            ChannelMessage(
                tenant_id=tx.tenant_id,
                channel_id=channel.id,
                conversation=args.conversation,
                external_id=args.message,
                author=args.author,
                subject=args.subject,
                body=args.text,
                status=MessageStatus.OPEN,
                created_at=min(args.written_at, tx.now),
            )
        )
        tx.emit("channel.message.received", channel=channel.code, conversation=args.conversation)
    return MessageRecorded(channel=channel.code, conversation=args.conversation, new=new)


class RecordReplyRefused(Args):
    """An answer to a buyer that the channel did not take."""

    channel: ChannelCode
    conversation: Annotated[str, Field(min_length=1, max_length=80)]
    """The channel's number of the conversation."""
    message: Annotated[str, Field(min_length=1, max_length=80)]
    """The shop's own number of the answer."""
    reason: Annotated[str, Field(max_length=300)]
    """Why, in the channel's words."""


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.PROVIDER_REPORT,
    audience=Audience.STAFF,
    facts=in_force,
    policy=reported,
    examples=(
        "ebay did not take our answer",
        "the reply in EB-77 was refused by the channel",
        "amazon closed the conversation before our message",
        "our answer to the marketplace buyer bounced",
        "the channel says the conversation is too old",
        "cdiscount rejected the message that we sent",
    ),
)
async def record_reply_refused(tx: Tx, args: RecordReplyRefused, _ctx: RunContext, _facts: InForce) -> ReplyRefused:
    """Record that a channel refused an answer: the conversation waits again, the answer as its draft, and staff are alerted."""
    found = await channels.conversation(tx, args.channel, args.conversation)
    sent = next((row for row in found.messages if row.external_id == args.message and row.status == MessageStatus.SENT), None)
    if sent is None:
        return ReplyRefused(channel=found.channel.code, conversation=args.conversation, reopened=False)
    drafted = any(row.status == MessageStatus.DRAFT for row in found.messages)
    asked = next((row for row in reversed(found.messages) if row.status == MessageStatus.ANSWERED), None)
    if asked is not None:
        asked.status = MessageStatus.OPEN
        tx.session.add(asked)
    if drafted:
        await tx.session.delete(sent)
    else:
        sent.status, sent.sent_at = MessageStatus.DRAFT, None
        tx.session.add(sent)
    tx.emit("channel.reply.refused", channel=found.channel.code, conversation=args.conversation, reason=args.reason)
    await raise_alert(
        tx,
        kind="channel.reply_refused",
        subject=f"{found.channel.code}:{args.conversation}",
        level=AlertLevel.MEDIUM,
        title=f"{found.channel.name} did not take the answer in {args.conversation}",
        detail=args.reason,
    )
    return ReplyRefused(channel=found.channel.code, conversation=args.conversation, reopened=True)
