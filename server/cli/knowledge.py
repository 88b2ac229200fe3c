"""`storehand knowledge`: files that a store adds to what its agents know, and questions that nothing answered."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from core.knowing import SourceKind, Visibility
from server.cli.output import out, progress
from server.cli.session import As, DataDir, read_settings, who_is, with_runtime

app = typer.Typer(
    help="What agents may cite: files that were added, how far each source is, and what nobody could answer.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="Markdown, HTML, PDF, DOCX, CSV or text.", exists=True, dir_okay=False)],
    visibility: Annotated[Visibility, typer.Option(help="Who may read it.")] = Visibility.PUBLIC,
    language: Annotated[str, typer.Option(help="Its language as two letters.")] = "en",
    valid_from: Day = None,
    valid_until: Day = None,
    as_: As = "merchant",
    data_dir: DataDir = None,
) -> None:
    """Add a file to the store's knowledge, or its next version: what did not change keeps its place in the index.

    Example: storehand knowledge add returns.pdf --visibility customer --valid-until 2027-01-01
    """
    from memory.parsing import LARGEST_FILE, parse

    with file.open("rb") as opened:
        parsed = parse(file.name, opened.read(LARGEST_FILE + 1))

    async def work(runtime: Any) -> tuple[str, int]:
        from memory.indexing import index_knowledge
        from store.queries import added

        who = await who_is(runtime, as_)
        wanted = added.AddedFile(
            file.name[:120], parsed.title, parsed.body, who.name, visibility, language, _instant(valid_from), _instant(valid_until)
        )
        async with runtime.units.write(who) as tx:
            row = await added.add(tx, wanted)
            title = row.title
        return title, await index_knowledge(runtime.units, who, runtime.index, progress=progress)

    title, vectors = with_runtime(read_settings(data_dir), work)
    out().print(f"“{escape(title)}” can be found; {vectors:,} passages were new.")


@app.command("list")
def list_sources(
    kind: Annotated[SourceKind | None, typer.Option(help="Only sources of this kind.")] = None,
    as_: As = "merchant",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show the sources: who answers for each, who may read it, its version, and how far its passages are.

    Example: storehand knowledge list --kind file
    """

    async def work(runtime: Any) -> list[Any]:
        from store.queries import added

        async with runtime.units.read(await who_is(runtime, as_)) as tx:
            return await added.lines(tx, runtime.index.embedding, kind=kind)

    rows = with_runtime(read_settings(data_dir), work)
    if as_json:
        for row in rows:
            print(json.dumps(row._asdict(), default=str))  # noqa: T201
        return
    table = Table("source", "kind", "title", "for", "version", "passages", "state")
    for row in rows:
        state = row.status if row.vectors == row.chunks else f"{row.vectors} of {row.chunks} have their vector"
        table.add_row(escape(row.slug), row.kind, escape(row.title), row.visibility, str(row.version), str(row.chunks), state)
    out().print(table)


@app.command()
def remove(
    slug: Annotated[str, typer.Argument(help="The file's name, as listed.")], as_: As = "merchant", data_dir: DataDir = None
) -> None:
    """Remove a file that was added; nothing of it stays.

    Example: storehand knowledge remove returns.pdf
    """

    async def work(runtime: Any) -> None:
        from memory.indexing import forget
        from store.queries import added

        who = await who_is(runtime, as_)
        async with runtime.units.write(who) as tx:
            await added.remove(tx, slug)
        await forget(runtime.units, who, runtime.index)

    with_runtime(read_settings(data_dir), work)
    out().print(f"{escape(slug)} is gone.")


@app.command()
def gaps(
    draft: Annotated[str | None, typer.Option(help="Begin an article that answers this one, such as K-1001.")] = None,
    as_: As = "merchant",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what was asked and nothing answered, or begin an article that does.

    Example: storehand knowledge gaps --draft K-1001
    """

    async def work(runtime: Any) -> Any:
        from store.queries import added

        who = await who_is(runtime, as_)
        if draft:
            async with runtime.units.write(who) as tx:
                return await added.draft(tx, draft)
        async with runtime.units.read(who) as tx:
            return await added.gaps(tx)

    found = with_runtime(read_settings(data_dir), work)
    if draft:
        out().print(f"The article {found} is a draft; it is read by nobody until it is published.")
        return
    for row in found:
        if as_json:
            print(json.dumps(row._asdict(), default=str))  # noqa: T201
        else:
            out().print(f"{row.number}  {row.asked:>4} x  {escape(row.question)}")


def _instant(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=UTC) if day else None
