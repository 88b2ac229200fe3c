"""From where a run goes on: a checkpoint that a client names is a wish, and means three different things.

A client that shows a conversation names the newest state that it knows with every message. When that is no longer the newest, the
message is still meant for the conversation as it is. An edited message names the state in which the old one came in. A turn asked for
again brings no words and names the state in which it began.
"""

from uuid import UUID

from core.errors import Conflict, Forbidden, NotFound
from core.identity import Permission, Principal
from server.dialects.langgraph_request import RunCreate, repeats, resumes
from server.state import head_of, next_at
from server.wiring import Runtime

_TURN = ("supervisor",)
"""What follows where a turn begins."""
_MESSAGE = ("__start__",)
"""What follows where a message comes in."""
_FOR_STAFF = "a turn cannot be repeated from an earlier checkpoint: send a new message"


async def fork_of(runtime: Runtime, principal: Principal, thread_id: UUID, body: RunCreate) -> str | None:
    """Return the checkpoint from which a run is to go on, None for the newest.

    Raises:
        Conflict: a decision on what is no longer shown, or a turn that did not begin at the checkpoint.
        Forbidden: the caller may not go back in a conversation.
        NotFound: no such thread, or no such checkpoint.
    """
    named = body.asked_checkpoint
    if named is None:
        return None
    if resumes(body):
        if await head_of(runtime, principal, thread_id) != named:
            raise Conflict("the conversation went on since this request was shown; look at it again", code="approval_superseded")
        return None
    again = repeats(body)
    if not principal.may(Permission.RUN_FORK):
        if again:
            raise Forbidden(_FOR_STAFF)
        return None
    follows = await next_at(runtime, principal, thread_id, named)
    if again and follows is None:
        raise NotFound("checkpoint", named[:60])
    if again and follows != _TURN:
        raise Conflict("a turn can be repeated only from the checkpoint where it began", code="not_a_beginning")
    return named if follows in (_TURN, _MESSAGE) else None
