"""Files of the merchant's own, as sources of what agents cite: add, look at, change who reads them and when, remove.

A file comes as text; `server/routes/knowledge.py` makes text of an upload. The librarian cuts and indexes it after the commit.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePath
from typing import Annotated

from pydantic import Field

from core.errors import InvalidInput, NotFound
from core.identity import Permission, RunContext
from core.knowing import SourceKind, Visibility
from memory.parsing import parse
from store.queries import added
from store.queries.added import AddedFile
from store.tables.knowledge import KnowledgeSource
from store.unit import ReadTx, Tx
from tools.arguments import Limit
from tools.knowledge.module import module
from tools.knowledge.results import SourceRemoved, SourceShown, SourcesListed, source_shown
from tools.policy import Policy
from tools.policy.knowledge import SourcePlan, decide_removal, decide_source
from tools.spec import Args, Audience, Effect

_LONGEST_TEXT = 10_000_000
_OWN = (SourceKind.FILE, SourceKind.URL)

SourceName = Annotated[
    str,
    Field(
        pattern=r"^\w[\w .,()+-]{0,118}$",
        description="The file's name, such as returns.pdf",
        json_schema_extra={"format": "source-name"},
    ),
]


class AddSource(Args):
    """A file's text; the same name again is its next version."""

    source: SourceName
    text: Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT, json_schema_extra={"format": "text"})]
    """What it says, as Markdown."""
    title: Annotated[str, Field(max_length=200, json_schema_extra={"format": "text"})] = ""
    """What it is called; without it, its first heading or its name."""
    visibility: Visibility = Visibility.STAFF
    """Who may read it: everybody, customers who signed in, or the shop's people."""
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$", json_schema_extra={"format": "language"})] = "en"
    """Two letters, such as de."""
    valid_from: date | None = None
    """The first day on which it holds."""
    valid_until: date | None = None
    """The first day on which it no longer holds."""


class ChangeSource(Args):
    """What to change of a file beside its text; what is left out stays."""

    source: SourceName
    visibility: Visibility | None = None
    """Who may read it from now on."""
    valid_from: date | None = None
    """The first day on which it holds."""
    valid_until: date | None = None
    """The first day on which it no longer holds."""
    always: bool = False
    """Let it hold at any time, whatever days it had."""


class OneSource(Args):
    """Which file."""

    source: SourceName


class ListSources(Args):
    """Which sources to list."""

    kind: SourceKind | None = None
    """Only those of this kind."""
    limit: Limit = 20


@dataclass(frozen=True, slots=True)
class _Adding:
    plan: SourcePlan
    file: AddedFile


@dataclass(frozen=True, slots=True)
class _Changing:
    plan: SourcePlan
    row: KnowledgeSource


@dataclass(frozen=True, slots=True)
class _Removing:
    row: KnowledgeSource
    shown: SourceShown


async def _add(tx: Tx, args: AddSource, ctx: RunContext, _policy: Policy) -> _Adding:
    stem = PurePath(args.source).stem
    parsed = parse(f"{stem}.md", args.text.encode())
    row = await added.known(tx, args.source)
    file = AddedFile(
        slug=args.source,
        title=args.title or parsed.title,
        body=parsed.body,
        owner=(ctx.principal.name or ctx.principal.role.value)[:120],
        visibility=args.visibility,
        language=args.language,
        valid_from=_instant(args.valid_from),
        valid_until=_instant(args.valid_until),
    )
    plan = SourcePlan(
        source=file.slug,
        title=file.title,
        characters=len(file.body),
        files=await added.count(tx, _OWN),
        fresh=row is None,
        before=Visibility(row.visibility) if row else None,
        after=file.visibility,
        rewritten=row is None or row.body != file.body,
        valid_from=file.valid_from,
        valid_until=file.valid_until,
        now=tx.now,
    )
    return _Adding(plan, file)


async def _change(tx: Tx, args: ChangeSource, _ctx: RunContext, _policy: Policy) -> _Changing:
    if args.visibility is None and args.valid_from is None and args.valid_until is None and not args.always:
        raise InvalidInput("say who may read it, or when it holds", field="visibility")
    row = await added.locked(tx, args.source)
    plan = SourcePlan(
        source=row.slug,
        title=row.title,
        characters=len(row.body),
        files=0,
        fresh=False,
        before=Visibility(row.visibility),
        after=args.visibility or Visibility(row.visibility),
        rewritten=False,
        valid_from=_instant(args.valid_from) or (None if args.always else row.valid_from),
        valid_until=_instant(args.valid_until) or (None if args.always else row.valid_until),
        now=tx.now,
    )
    return _Changing(plan, row)


async def _remove(tx: Tx, args: OneSource, _ctx: RunContext, _policy: Policy) -> _Removing:
    row = await added.locked(tx, args.source)
    return _Removing(row, await _shown(tx, row.slug))


async def _shown(tx: ReadTx, name: str) -> SourceShown:
    lines = await added.lines(tx, slug=name, limit=1)
    if not lines:
        raise NotFound("knowledge source", name)
    return source_shown(lines[0])


def _instant(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.KNOWLEDGE_WRITE,
    audience=Audience.STAFF,
    facts=_add,
    policy=lambda policy, facts, _args, _principal: decide_source(policy.knowledge, facts.plan),
    examples=(
        "add this text to our knowledge as packing-guide.md",
        "save these notes as a knowledge source for the team",
        "put this leaflet into the knowledge base",
        "here is the new version of care.md, replace the source",
        "add a source named sizes.md with this table",
        "agents should know this document, add it",
    ),
)
async def add_source(tx: Tx, args: AddSource, _ctx: RunContext, adding: _Adding) -> SourceShown:
    """Add a file's text to what agents cite, or its next version."""
    row = await added.add(tx, adding.file)
    tx.emit("knowledge.source_added", source=row.slug, version=row.version, visibility=row.visibility.value)
    return await _shown(tx, args.source)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.KNOWLEDGE_WRITE,
    audience=Audience.STAFF,
    facts=_change,
    policy=lambda policy, facts, _args, _principal: decide_source(policy.knowledge, facts.plan),
    examples=(
        "let customers read the source returns.pdf",
        "make the source packing-guide.md visible to staff only",
        "the knowledge file sale.md holds until 2027-01-01",
        "hide the source prices.csv from customers",
        "publish the knowledge source care.md",
        "the source holidays.md is valid from 2026-12-01",
    ),
)
async def change_source(tx: Tx, args: ChangeSource, _ctx: RunContext, changing: _Changing) -> SourceShown:
    """Change who may read a file of the knowledge, or the days on which it holds."""
    row, plan = changing.row, changing.plan
    row.visibility, row.valid_from, row.valid_until = plan.after, plan.valid_from, plan.valid_until
    await added.hold(tx, row)
    tx.emit("knowledge.source_changed", source=row.slug, version=row.version, visibility=row.visibility.value)
    return await _shown(tx, args.source)


@module.tool(
    effect=Effect.WRITE,
    permission=Permission.KNOWLEDGE_WRITE,
    audience=Audience.STAFF,
    facts=_remove,
    policy=lambda _policy, facts, _args, _principal: decide_removal(facts.row.slug, facts.row.title, facts.shown.passages),
    examples=(
        "remove the source returns.pdf from our knowledge",
        "delete the knowledge file old-prices.csv",
        "agents must no longer cite packing-guide.md, remove it",
        "take sale.md out of the knowledge base",
        "forget the source care.md",
        "drop the uploaded file sizes.md from the knowledge",
    ),
)
async def remove_source(tx: Tx, args: OneSource, _ctx: RunContext, removing: _Removing) -> SourceRemoved:
    """Remove a file from what agents cite; nothing of it stays."""
    await added.remove(tx, args.source)
    tx.emit("knowledge.source_removed", source=removing.shown.source, version=removing.shown.version)
    return SourceRemoved(source=removing.shown.source, passages=removing.shown.passages)


@module.tool(
    effect=Effect.READ,
    permission=Permission.KNOWLEDGE_READ,
    audience=Audience.STAFF,
    examples=(
        "list our knowledge sources",
        "which files are in the knowledge base",
        "what do agents cite from",
        "show the uploaded knowledge files",
        "which sources of knowledge do we have",
        "are all sources indexed",
    ),
)
async def list_sources(tx: ReadTx, args: ListSources, _ctx: RunContext) -> SourcesListed:
    """List what agents cite from: files and, by kind, pages, articles, products, reviews and tickets."""
    total = await added.count(tx, [args.kind] if args.kind else list(SourceKind))
    lines = await added.lines(tx, kind=args.kind, limit=args.limit)
    return SourcesListed(total=total, sources=[source_shown(line) for line in lines])


@module.tool(
    effect=Effect.READ,
    permission=Permission.KNOWLEDGE_READ,
    audience=Audience.STAFF,
    examples=(
        "is the source returns.pdf indexed yet",
        "status of the knowledge file care.md",
        "who may read the source packing-guide.md",
        "did indexing of sizes.md fail",
        "how far is the upload of returns.pdf",
        "until when does the source sale.md hold",
    ),
)
async def get_source(tx: ReadTx, args: OneSource, _ctx: RunContext) -> SourceShown:
    """Show a file of the knowledge: who may read it, when it holds, how far its passages are, and what went wrong."""
    return await _shown(tx, args.source)


TOOLS = (add_source, change_source, remove_source, list_sources, get_source)
