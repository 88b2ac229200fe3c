"""Providers' secrets are sealed in the database, whoever writes there, and rotate without a pause."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.errors import Unavailable
from core.identity import Principal
from core.settings import Outbound
from server.outbound.connections import Providers
from server.wiring import Runtime
from store.queries import providers
from store.vault import Vault, new_key

KEY, SECRET = "sk_live_51H8", "whsec_77c1"


async def connected(runtime: Runtime, who: Principal, code: str = "ebay") -> None:
    values = {"code": code, "kind": "channel", "adapter": "rest", "base_url": "http://127.0.0.1:9", "api_key": KEY}
    async with runtime.units.write(who) as tx:
        await providers.connect(tx, runtime.vault, {**values, "webhook_secret": SECRET})


async def stored(runtime: Runtime, who: Principal) -> str:
    async with runtime.units.read(who) as tx:
        return str((await tx.connection.execute(text("SELECT jsonb_agg(to_jsonb(c))::text FROM provider_connections c"))).scalar())


async def test_nothing_readable_is_stored_or_shown(runtime: Runtime, merchant: Principal) -> None:
    await connected(runtime, merchant)
    row = await stored(runtime, merchant)
    assert "v1." in row
    assert KEY not in row
    assert SECRET not in row
    async with runtime.units.read(merchant) as tx:
        found = await providers.connection(tx, ["ebay"])
        assert found is not None
        assert await providers.readable(tx, runtime.vault) == 2
    assert "v1." not in repr(found)
    assert KEY not in repr(Providers(Outbound(), runtime.vault).channel(found).__dict__)


async def test_a_secret_in_plain_text_is_refused_by_the_database(runtime: Runtime, merchant: Principal) -> None:
    await connected(runtime, merchant)
    for name in providers.SECRETS:
        with pytest.raises(IntegrityError, match=f"provider_connections_{name}_check"):
            async with runtime.units.write(merchant) as tx:
                await tx.connection.execute(text(f"UPDATE provider_connections SET {name} = 'sk_live'"))


async def test_a_secret_that_was_moved_to_another_connection_cannot_be_opened(runtime: Runtime, merchant: Principal) -> None:
    await connected(runtime, merchant)
    await connected(runtime, merchant, "amazon")
    async with runtime.units.write(merchant) as tx:
        taken = "(SELECT api_key FROM provider_connections WHERE code = 'ebay')"
        await tx.connection.execute(text(f"UPDATE provider_connections SET api_key = {taken} WHERE code = 'amazon'"))
    async with runtime.units.read(merchant) as tx:
        with pytest.raises(Unavailable, match="changed or moved"):
            await providers.readable(tx, runtime.vault)


async def test_all_secrets_are_sealed_again_with_the_newest_key_or_none(runtime: Runtime, merchant: Principal) -> None:
    old, new = new_key(), new_key()
    values = {"code": "ebay", "kind": "channel", "adapter": "rest", "base_url": "", "api_key": KEY, "webhook_secret": SECRET}
    async with runtime.units.write(merchant) as tx:
        await providers.connect(tx, Vault([old]), values)
    with pytest.raises(Unavailable, match="STOREHAND_SECRETS__PREVIOUS"):
        async with runtime.units.write(merchant) as tx:
            await providers.seal_again(tx, Vault([new]))
    async with runtime.units.write(merchant) as tx:
        assert await providers.seal_again(tx, Vault([new, old])) == 2
        assert await providers.seal_again(tx, Vault([new, old])) == 0
    async with runtime.units.read(merchant) as tx:
        assert await providers.readable(tx, Vault([new])) == 2
