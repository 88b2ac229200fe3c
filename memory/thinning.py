"""Thinning: of a run that ended some time ago, the states between its beginning and its end are deleted.

What stays is what people go back to: the state in which a message came in, the one in which the turn began, and the last one, also where
it waits for a decision. Messages are read back from the writes between states, so those of a deleted state move to the one before it,
behind what was written there: LangGraph orders the writes of a state by their path.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from store.unit import Tx

_EARLIER_SECONDS = 60
"""So far the clock of the process that made a run's id may be ahead of the one that drove it."""
_GREGORIAN = 0x01B21DD213814000
"""The Unix epoch in the clock of version 6 UUIDs: hundreds of nanoseconds since the Gregorian calendar."""
_BEHIND = "~~"
"""Sorts after every path that LangGraph gives."""

_STEPS = """
SELECT c.checkpoint_id, c.parent_checkpoint_id, c.metadata ->> 'run_id', c.metadata ->> 'source', c.metadata ->> 'run_id' = %(run)s AND (
  NOT c.metadata ? 'counters_since_delta_snapshot'
  OR EXISTS (SELECT FROM jsonb_object_keys(c.metadata -> 'counters_since_delta_snapshot') AS grows (channel)
             WHERE c.checkpoint -> 'channel_values' ? grows.channel)
  OR EXISTS (SELECT FROM checkpoints.checkpoint_writes w
             WHERE w.thread_id = %(thread)s AND w.checkpoint_ns = '' AND w.checkpoint_id = c.checkpoint_id
               AND (starts_with(w.channel, '__') OR w.task_id = '00000000-0000-0000-0000-000000000000')))
FROM checkpoints.checkpoints c
WHERE c.thread_id = %(thread)s AND c.checkpoint_ns = '' AND c.checkpoint_id >= %(first)s ORDER BY c.checkpoint_id
"""
_THIN = (
    """
    UPDATE checkpoints.checkpoint_writes w SET checkpoint_id = gone.target, task_path = gone.mark || w.task_path
    FROM unnest(%(gone)s::text[], %(targets)s::text[], %(marks)s::text[]) AS gone (id, target, mark)
    JOIN checkpoints.checkpoints c ON c.thread_id = %(thread)s AND c.checkpoint_ns = '' AND c.checkpoint_id = gone.id
    WHERE w.thread_id = %(thread)s AND w.checkpoint_ns = '' AND w.checkpoint_id = gone.id
      AND c.metadata -> 'counters_since_delta_snapshot' ? w.channel
    """,
    "DELETE FROM checkpoints.checkpoint_writes WHERE thread_id = %(thread)s AND checkpoint_ns = '' AND checkpoint_id = ANY (%(gone)s)",
    """
    DELETE FROM checkpoints.checkpoint_blobs b USING (
      SELECT DISTINCT held.channel, held.version
      FROM checkpoints.checkpoints c, jsonb_each_text(c.checkpoint -> 'channel_versions') AS held (channel, version)
      WHERE c.thread_id = %(thread)s AND c.checkpoint_ns = '' AND c.checkpoint_id = ANY (%(gone)s)
    ) old
    WHERE b.thread_id = %(thread)s AND b.checkpoint_ns = '' AND b.channel = old.channel AND b.version = old.version AND NOT EXISTS (
      SELECT FROM checkpoints.checkpoints kept
      WHERE kept.thread_id = %(thread)s AND kept.checkpoint_ns = '' AND kept.checkpoint_id = ANY (%(beside)s)
        AND kept.checkpoint -> 'channel_versions' ->> old.channel = old.version)
    """,
    "DELETE FROM checkpoints.checkpoints WHERE thread_id = %(thread)s AND checkpoint_ns = '' AND checkpoint_id = ANY (%(gone)s)",
    """
    UPDATE checkpoints.checkpoints c SET parent_checkpoint_id = link.parent
    FROM unnest(%(children)s::text[], %(parents)s::text[]) AS link (child, parent)
    WHERE c.thread_id = %(thread)s AND c.checkpoint_ns = '' AND c.checkpoint_id = link.child
    """,
)


class Step(NamedTuple):
    """A stored state of a conversation."""

    id: str
    parent: str | None
    run: str | None
    source: str | None
    """What it comes from: `input` and `loop` of a run, `fork` and `update` of whoever went back or wrote."""
    holds: bool
    """Whether it is more than a step on the way: a whole copy, an error, or a question to a person."""


class Plan(NamedTuple):
    """What is deleted of a run."""

    gone: dict[str, str]
    """The states that go, oldest first, each with the one before it that stays."""
    links: dict[str, str]
    """The states that get another parent."""


async def thin_run(tx: Tx, thread: str, run_id: UUID) -> int:
    """Thin a run of a conversation in which no run is at work, and return how many states were deleted. Done again, it deletes none."""
    place = {"thread": thread, "run": str(run_id)}
    plan = plan_of([Step(*row) for row in await tx.run(_STEPS, {**place, "first": _first(run_id)})], str(run_id))
    if plan.gone:
        values = {
            **place,
            "gone": list(plan.gone),
            "targets": list(plan.gone.values()),
            "marks": [f"{_BEHIND}{number:06}" for number in range(len(plan.gone))],
            "beside": list({*plan.gone.values(), *plan.links}),
            "children": list(plan.links),
            "parents": list(plan.links.values()),
        }
        for statement in _THIN:
            await tx.run(statement, values)
    return len(plan.gone)


def plan_of(steps: Sequence[Step], run: str) -> Plan:
    """Return what goes of a run.

    Args:
        steps: the states of a conversation since before the run began, oldest first.
        run: its id.
    """
    known = {step.id: step for step in steps}
    children: defaultdict[str | None, list[Step]] = defaultdict(list)
    for step in steps:
        children[step.parent].append(step)
    gone: dict[str, str] = {}
    for step in steps:
        if step.run != run or step.source != "loop" or step.holds or step.parent is None:
            continue
        parent = known.get(step.parent)
        begins = parent is not None and parent.source != "loop"
        if not begins and [child.run for child in children[step.id]] == [run]:
            gone[step.id] = gone.get(step.parent, step.parent)
    links = {step.id: gone[step.parent] for step in steps if step.parent in gone and step.id not in gone}
    return Plan(gone, links)


def _first(run_id: UUID) -> str:
    """Return an id before those of all states of a run: both kinds of ids begin with the time."""
    milliseconds = (run_id.int >> 80) - _EARLIER_SECONDS * 1000
    ticks = milliseconds * 10_000 + _GREGORIAN
    return f"{ticks >> 28:08x}-{ticks >> 12 & 0xFFFF:04x}-6{ticks & 0xFFF:03x}"
