"""What a LangGraph client may ask of a run: human words, or one decision. Everything else is ignored or refused."""

from typing import Any, Literal, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from core.errors import Forbidden, InvalidInput
from core.ids import new_id
from core.redact import visible
from tools.approvals import Answer, Choice

LONGEST_TEXT = 8000
_INPUT = "input.messages"
_DECISIONS = "command.resume.decisions"
_CLOSE = "__end__"
"""Where `command.goto` leads when a person closes the open request without a decision: nothing is executed."""
_HUMAN = ("human", "user")
_PASSIVE = frozenset({"thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map", "user_id"})
"""Keys of `config.configurable` that clients send without meaning to steer the graph."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Command(_Body):
    """How to go on with an interrupted thread."""

    resume: JsonValue = None
    goto: JsonValue = None
    update: JsonValue = None


class RunCreate(_Body):
    """A request for a run. Fields of LangGraph's API that are not listed are accepted and have no effect."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {"assistant_id": "ops", "input": {"messages": [{"type": "human", "content": "Which orders are stuck?"}]}},
                {"assistant_id": "ops", "command": {"resume": {"decisions": [{"type": "approve"}]}}},
            ]
        },
    )

    assistant_id: str | None = Field(
        default=None, description="`ops`, `support`, an agent such as `risk`, or the UUID of one; by default the caller's own"
    )
    input: dict[str, Any] | None = Field(default=None, description="`{messages: [{id, type: human, content}]}`; other roles are dropped")
    command: Command | None = Field(
        default=None, description="`{resume: {decisions: [{type: approve|edit|reject, edited_action?, message?}]}}`"
    )
    config: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    stream_mode: list[str] | str | None = Field(
        default=None, description="values, updates, messages, messages-tuple, custom, tasks, checkpoints, debug, events"
    )
    multitask_strategy: Literal["enqueue", "reject", "interrupt", "rollback"] | None = Field(
        default=None, description="What becomes of runs of the thread that have not ended: they go first, refuse this one, or are ended"
    )
    if_not_exists: Literal["create", "reject"] | None = None
    on_disconnect: Literal["continue", "cancel"] | None = Field(
        default=None, description="What becomes of the run when the reader of this request leaves"
    )
    on_completion: Literal["delete", "keep"] | None = Field(default=None, description="What becomes of a stateless run's conversation")
    after_seconds: float | None = Field(default=None, ge=0, le=30 * 24 * 3600, description="Start no earlier than in so many seconds")
    interrupt_before: JsonValue = None
    interrupt_after: JsonValue = None
    webhook: str | None = Field(default=None, description="A public https address that is told, signed, how the run ended")
    checkpoint: dict[str, Any] | None = None
    checkpoint_id: str | None = None

    @property
    def asked_checkpoint(self) -> str | None:
        """The checkpoint that the client believes to be the head."""
        named = self.checkpoint_id or (self.checkpoint or {}).get("checkpoint_id")
        return named if isinstance(named, str) else None


def refuse_steering(body: RunCreate) -> None:
    """Refuse what would let a client write the graph's state or move its control.

    Raises:
        Forbidden: `command.goto`, `command.update`, settings of the graph, or stops of its own.
        InvalidInput: `config.configurable` and `context` at once.
    """
    configurable: Any = (body.config or {}).get("configurable") or {}
    if configurable and body.context:
        raise InvalidInput("give config.configurable or context, not both", field="context")
    if body.command is not None and (body.command.goto not in (None, _CLOSE) or body.command.update is not None):
        raise Forbidden("command.goto and command.update are not offered: send a message, or decide the open request by command.resume")
    if (keys := _as_dict(configurable)) is None or keys.keys() - _PASSIVE:
        raise Forbidden("config.configurable is not offered: the server decides how a run is configured")
    if body.interrupt_before or body.interrupt_after:
        raise Forbidden("interrupt_before and interrupt_after are not offered: a run stops where a person has to decide")


def human_messages(body: RunCreate) -> list[dict[str, str]]:
    """Return the human messages of a request, cleaned; messages of other roles are dropped.

    Raises:
        InvalidInput: no text, too much text, or a message that is not text.
    """
    if resumes(body) or repeats(body):
        return []
    listed = _as_list((body.input or {}).get("messages"))
    if listed is None:
        raise InvalidInput('give a list of messages, such as [{"type": "human", "content": "Where is order 1042?"}]', field=_INPUT)
    human = [one for one in map(_as_dict, listed) if one is not None and one.get("type", one.get("role")) in _HUMAN]
    texts = [(one.get("id"), _text(one.get("content"))) for one in human]
    kept = [(message_id, text) for message_id, text in texts if text.strip()]
    if not kept:
        raise InvalidInput("give at least one human message with text", field=_INPUT)
    total = sum(len(text) for _, text in kept)
    if total > LONGEST_TEXT:
        raise InvalidInput(f"at most {LONGEST_TEXT} characters are read, these are {total}; shorten the text", field=_INPUT)
    return [{"id": _message_id(message_id), "content": text} for message_id, text in kept]


def answer(body: RunCreate) -> Answer | None:
    """Return the decision of a request, None when it brings words instead.

    Raises:
        InvalidInput: not exactly one decision, or one of an unknown form.
    """
    if not resumes(body):
        return None
    assert body.command is not None
    if body.command.resume is None:
        return Answer(decision=Choice.REJECT, message="closed without a decision")
    decisions = _as_list((_as_dict(body.command.resume) or {}).get("decisions")) or []
    decision = _as_dict(decisions[0]) if len(decisions) == 1 else None
    if decision is None:
        raise InvalidInput('give exactly one decision, such as [{"type": "approve"}]', field=_DECISIONS)
    if decision.get("type") not in tuple(Choice):
        raise InvalidInput("type must be approve, edit or reject", field=f"{_DECISIONS}.0")
    choice, note = Choice(decision["type"]), decision.get("message")
    args = _as_dict((_as_dict(decision.get("edited_action")) or {}).get("args"))
    if choice is Choice.EDIT and args is None:
        raise InvalidInput("an edit needs edited_action.args", field=f"{_DECISIONS}.0")
    return Answer(
        decision=choice,
        args=args if choice is Choice.EDIT else None,
        message=visible(note)[:500] if isinstance(note, str) else "",
    )


def resumes(body: RunCreate) -> bool:
    """Return whether a request brings a decision, or closes the open request."""
    return body.command is not None and (body.command.resume is not None or body.command.goto == _CLOSE)


def repeats(body: RunCreate) -> bool:
    """Return whether a request asks for a turn again: a checkpoint without words."""
    return not resumes(body) and body.asked_checkpoint is not None and not (body.input or {}).get("messages")


def names_its_message(body: RunCreate) -> bool:
    """Return whether a request gives one of its messages an id of the client's own."""
    listed = _as_list((body.input or {}).get("messages")) or []
    return any((_as_dict(one) or {}).get("id") for one in listed)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return visible(content)
    texts = [_text_part(part) for part in _as_list(content) or [None]]
    return visible("\n".join(texts))


def _text_part(part: Any) -> str:
    fields = _as_dict(part) or {}
    text = fields.get("text")
    if fields.get("type") != "text" or not isinstance(text, str):
        raise InvalidInput('content must be text, or a list of parts {"type": "text", "text": ...}', field=_INPUT)
    return text


def _message_id(given: Any) -> str:
    """Keep a client's id only when it is a UUID: any other could name, and so replace, a message of the model or of a tool."""
    try:
        return str(UUID(given))
    except (ValueError, TypeError, AttributeError):
        return str(new_id())


def _as_dict(value: Any) -> dict[str, Any] | None:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _as_list(value: Any) -> list[Any] | None:
    return cast("list[Any]", value) if isinstance(value, list) else None
