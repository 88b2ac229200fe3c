"""The run log's vocabulary: what happened in a run, in order, each fact once.

Facts are rows of `run_events` with a gapless number; deltas are the tokens between two facts, kept in the run's Valkey stream
only. Live ids are `seq-n`. A fact stored in a transaction of its own is published after the commit as `seq-0`. What comes before
the next such fact is published at once as `seq-1`, `seq-2`...: deltas, and facts that only announce (a route, a model's message, a
tool about to run), which get their own numbers with the next transaction. A live id is the entry's id in the Valkey stream and the
`id:` of the SSE message, so that `Last-Event-ID` resumes without a table of its own.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunStarted(_Event):
    """A worker claimed the run; a later attempt than 1 took over after a crash."""

    type: Literal["run.started"] = "run.started"
    attempt: int


class MessageAdded(_Event):
    """A whole message joined the conversation (human, ai or tool), in LangChain's dict form."""

    type: Literal["message"] = "message"
    message: dict[str, Any]


class RouteChosen(_Event):
    """The supervisor picked an agent, and a desk of it where it has several for the caller.

    `by` says how: rule, classifier, sticky, model or transfer. `second` lends tools. `asks` is agent for an agent's work, human for a
    person, or out_of_scope, small_talk, answer (a reply that means nothing by itself) or other_language.
    """

    type: Literal["route"] = "route"
    agent: str
    desk: str = ""
    by: Literal["rule", "classifier", "sticky", "model", "transfer"]
    confidence: float
    reason: str = ""
    second: str = ""
    asks: str = "agent"


class ToolStarted(_Event):
    """A tool call passed validation and authority and is about to run."""

    type: Literal["tool.started"] = "tool.started"
    call_id: str
    tool: str
    agent: str | None = None
    args: dict[str, JsonValue]


class ToolFinished(_Event):
    """A tool call ended; `status` is the result's, `result` its data, `text` the same for a reader."""

    type: Literal["tool.finished"] = "tool.finished"
    call_id: str
    tool: str
    status: Literal["ok", "denied", "pending", "failed"]
    result: JsonValue = None
    text: str = ""
    replayed: bool = False


class ApprovalRequested(_Event):
    """A person must decide before the tool may run. `preview` is made by us from the store's facts."""

    type: Literal["approval.requested"] = "approval.requested"
    approval_id: UUID
    kind: Literal["confirmation", "approval"]
    tool: str
    args: dict[str, JsonValue]
    title: str
    preview: list[tuple[str, str]] = []
    reason: str
    rule: str
    expires_at: str
    may_decide: list[str] = []


class ApprovalDecided(_Event):
    """A person decided, or the call was superseded or expired."""

    type: Literal["approval.decided"] = "approval.decided"
    approval_id: UUID
    decision: Literal["approve", "edit", "reject", "superseded", "expired"]
    by: str | None = None


class AnswerWithheld(_Event):
    """An answer named something that no tool returned, so it was written again or withheld."""

    type: Literal["answer.checked"] = "answer.checked"
    unsupported: list[str]
    action: Literal["regenerated", "withheld"]


class RunFinished(_Event):
    """The run ended. `interrupted` waits for a decision on an approval."""

    type: Literal["run.finished"] = "run.finished"
    status: Literal["success", "interrupted", "cancelled"]
    model_calls: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class RunFailed(_Event):
    """The run ended with an error that a user may read."""

    type: Literal["run.failed"] = "run.failed"
    code: str
    message: str


class TokenDelta(_Event):
    """A piece of the answer while it is written. Never stored in Postgres; the whole message follows as a fact."""

    type: Literal["token"] = "token"
    message_id: str
    text: str


class DraftDiscarded(_Event):
    """The tokens of this message so far are void: the model's stream broke, or the answer is written again."""

    type: Literal["draft.discarded"] = "draft.discarded"
    message_id: str


RunFact = Annotated[
    RunStarted
    | MessageAdded
    | RouteChosen
    | ToolStarted
    | ToolFinished
    | ApprovalRequested
    | ApprovalDecided
    | AnswerWithheld
    | RunFinished
    | RunFailed,
    Field(discriminator="type"),
]
RunDelta = Annotated[TokenDelta | DraftDiscarded, Field(discriminator="type")]
RunEvent = Annotated[RunFact | RunDelta, Field(union_mode="smart")]

FACTS: TypeAdapter[RunFact] = TypeAdapter(RunFact)
EVENTS: TypeAdapter[RunFact | RunDelta] = TypeAdapter(
    Annotated[
        RunStarted
        | MessageAdded
        | RouteChosen
        | ToolStarted
        | ToolFinished
        | ApprovalRequested
        | ApprovalDecided
        | AnswerWithheld
        | RunFinished
        | RunFailed
        | TokenDelta
        | DraftDiscarded,
        Field(discriminator="type"),
    ]
)
FINAL = (RunFinished, RunFailed)
