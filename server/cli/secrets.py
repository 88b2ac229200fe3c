"""`storehand secrets`: the keys that seal providers' secrets, and connections to providers."""

from typing import Annotated, Any

import typer

from core.providers import ProviderKind
from server.cli.output import out
from server.cli.session import As, DataDir, read_settings, who_is, with_runtime

app = typer.Typer(help="Keys that seal providers' secrets, and connections to providers.", no_args_is_help=True)


@app.command()
def new_key() -> None:
    """Print a fresh key for STOREHAND_SECRETS__KEY.

    Example: export STOREHAND_SECRETS__KEY=$(storehand secrets new-key)
    """
    from store.vault import new_key as make

    typer.echo(make())


@app.command()
def rotate(data_dir: DataDir = None) -> None:
    """Seal every secret with the newest key. Before: put the old key into STOREHAND_SECRETS__PREVIOUS; after: take it away.

    Example: STOREHAND_SECRETS__PREVIOUS=$OLD STOREHAND_SECRETS__KEY=$NEW storehand secrets rotate
    """

    async def work(runtime: Any) -> int:
        from server.setup import keeper
        from store.queries import providers

        changed = 0
        for row in await runtime.units.call("list_tenants"):
            async with runtime.units.write(keeper(row["tenant_id"])) as tx:
                changed += await providers.seal_again(tx, runtime.vault)
        return changed

    out().print(f"{with_runtime(read_settings(data_dir), work)} secrets were sealed with the newest key")


@app.command()
def connect(
    code: Annotated[str, typer.Argument(help="The provider's code: payments, mail, carrier, or a carrier's or a channel's own.")],
    kind: Annotated[ProviderKind, typer.Option(help="Which port it stands behind.")],
    base_url: Annotated[str, typer.Option(help="Where it is reached.")],
    adapter: Annotated[str, typer.Option(help="Which adapter speaks to it: rest, shopify, csv or smtp.")] = "rest",
    api_key: Annotated[str, typer.Option(prompt=True, hide_input=True, envvar="PROVIDER_API_KEY", help="Asked for when not set.")] = "",
    webhook_secret: Annotated[
        str, typer.Option(prompt=True, hide_input=True, envvar="PROVIDER_WEBHOOK_SECRET", help="Signs its reports; asked for.")
    ] = "",
    who: As = "merchant",
    data_dir: DataDir = None,
) -> None:
    """Connect a store to a provider; its key and secret are sealed before they are stored.

    Example: storehand secrets connect ebay --kind channel --base-url https://api.example --as owner@shop.example
    """

    async def work(runtime: Any) -> None:
        from store.queries import providers

        values = {"code": code, "kind": kind.value, "adapter": adapter, "base_url": base_url, "api_key": api_key}
        async with runtime.units.write(await who_is(runtime, who)) as tx:
            await providers.connect(tx, runtime.vault, {**values, "webhook_secret": webhook_secret})

    with_runtime(read_settings(data_dir), work)
    out().print(f"{code} is connected")
