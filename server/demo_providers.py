"""Joins a demo shop to the simulator: a process of its own, a connection a store and port, and where it reports back."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_urlsafe

import httpx

from core.errors import Unavailable
from core.identity import system
from core.ids import TenantId
from core.providers import ProviderKind
from server.wiring import Runtime
from store.queries import channels, providers

_PORTS = {
    "payments": (ProviderKind.PAYMENTS, "rest", "/payments"),
    "carrier": (ProviderKind.CARRIER, "rest", "/carrier"),
    "mail": (ProviderKind.MAIL, "rest", "/mail"),
}
_CHANNEL = (ProviderKind.CHANNEL, "rest", "/channel")
_CHANNELS = {"shopify": (ProviderKind.CHANNEL, "shopify", "/shopify")}


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulator."""

    url: str


@contextmanager
def simulator(*, port: int = 0, seed: int = 1) -> Iterator[Simulator]:
    """Keep a simulator running during the block. It ends with this process, whatever happens to it.

    Raises:
        Unavailable: it did not start.
    """
    command = [sys.executable, "-m", "server.simulator", "--port", str(port), "--seed", str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url.startswith("http://"):
                raise Unavailable("the simulator did not start; is its port taken?", code="simulator_unavailable")
            yield Simulator(url)
        finally:
            process.stdin.close()
            process.terminate()
            process.wait(timeout=10)


def account(slug: str, code: str) -> str:
    """Return the name under which the simulator knows a store at one of its providers."""
    return f"sim_{slug}_{code}"


async def join(runtime: Runtime, url: str, own_url: str, *, report: Callable[[str], None] | None = None) -> None:
    """Point every store's connections at the simulator at `url`, and the simulator's reports at this server, `own_url`."""
    async with httpx.AsyncClient(base_url=url, timeout=10) as http:
        for store in await runtime.units.call("list_tenants"):
            slug, secret = store["slug"], token_urlsafe(32)
            async with runtime.units.write(system(TenantId(store["tenant_id"]), "set-up")) as tx:
                sells_on = {each.code: _CHANNELS.get(each.code, _CHANNEL) for each in await channels.connections(tx)}
                wanted = {**_PORTS, **sells_on}
                for code, (kind, adapter, path) in wanted.items():
                    values = {"code": code, "kind": kind.value, "adapter": adapter, "base_url": url + path, "api_key": account(slug, code)}
                    await providers.connect(tx, runtime.vault, {**values, "webhook_secret": secret})
            for code, (_, _, path) in wanted.items():
                report_to = f"{own_url}/webhooks/{code}/{slug}"
                subscription = {"account": account(slug, code), "port": path[1:], "url": report_to, "secret": secret}
                (await http.post("/control/subscriptions", json=subscription)).raise_for_status()
    if report is not None:
        report(f"Providers are simulated at {url}; see {url}/control/state")
