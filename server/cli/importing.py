"""`storehand import`: customers, products and orders from another shop system."""

from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import NotFound
from server.cli.output import out, progress
from server.cli.session import DataDir, read_settings, with_runtime

app = typer.Typer(
    help="Import CSV files with the columns of Shopify's exports. What is wrong with a row is listed in FILE.errors.csv.",
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="The CSV file, in UTF-8.")]
Tenant = Annotated[str, typer.Option(help="Short name of the store, such as harbour-pine.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check every row and keep nothing.")]


@app.command()
def customers(file: File, tenant: Tenant, dry_run: DryRun = False, data_dir: DataDir = None) -> None:
    """Import customers: one row each, found by Customer ID or e-mail address.

    Example: storehand import customers customers_export.csv --tenant harbour-pine
    """
    _run("customers", file, tenant, dry_run, data_dir)


@app.command()
def products(file: File, tenant: Tenant, dry_run: DryRun = False, data_dir: DataDir = None) -> None:
    """Import products with their variants: found by Handle and Variant SKU.

    Example: storehand import products products_export.csv --tenant harbour-pine --dry-run
    """
    _run("products", file, tenant, dry_run, data_dir)


@app.command()
def orders(file: File, tenant: Tenant, dry_run: DryRun = False, data_dir: DataDir = None) -> None:
    """Import orders as history: found by their Name. Nothing is charged, mailed or reserved. Import the products first.

    A run that was stopped goes on where it stopped; a file that was imported whole is not imported again.

    Example: storehand import orders orders_export.csv --tenant harbour-pine
    """
    _run("orders", file, tenant, dry_run, data_dir)


def _run(kind: str, file: Path, tenant: str, dry_run: bool, data_dir: Path | None) -> None:
    async def work(runtime: Any) -> int:
        from server.setup import keeper
        from store.importing import Imported, ImportKind, import_file
        from store.queries import tenants

        stores: dict[str, Any] = {}
        for row in await runtime.units.call("list_tenants"):
            async with runtime.units.read(keeper(row["tenant_id"])) as tx:
                stores[(await tenants.current(tx)).slug] = row["tenant_id"]
        if tenant not in stores:
            raise NotFound("store", f"{tenant} (there are: {', '.join(sorted(stores)) or 'none'})")

        def tell(state: Imported) -> None:
            if state.rows % 10_000 < 1_000:
                progress(f"{state.rows:,} rows: {state.added:,} added, {state.changed:,} updated, {state.refused:,} refused")

        done = await import_file(runtime.units, keeper(stores[tenant]), ImportKind(kind), file, dry_run=dry_run, progress=tell)
        if done.already:
            out().print(f"{file} was imported before: {done.added:,} added, {done.changed:,} updated. Nothing to do.")
            return 0
        kept = "would be " if dry_run else ""
        out().print(f"{done.rows:,} rows: {done.added:,} {kept}added, {done.changed:,} {kept}updated, {done.refused:,} refused")
        if done.refused:
            out().print(f"What is wrong with them stands in {done.report}")
        return 1 if done.refused else 0

    raise typer.Exit(with_runtime(read_settings(data_dir), work))
