"""Which provider serves which store, and the adapter that speaks to it."""

from pathlib import Path

import httpx

from agents.llm.breaker import Breakers
from core.settings import Outbound
from server.outbound.adapters.csv_feed import CsvFeed
from server.outbound.adapters.rest_carrier import RestCarrier
from server.outbound.adapters.rest_channel import RestChannel
from server.outbound.adapters.rest_mail import RestMail
from server.outbound.adapters.rest_payments import RestPayments
from server.outbound.adapters.shopify import Shopify
from server.outbound.adapters.smtp import Smtp
from server.outbound.carriers import CarrierProvider
from server.outbound.channels import ChannelProvider
from server.outbound.failure import ProviderRefused
from server.outbound.http import ProviderClient
from server.outbound.mail import MailSender
from server.outbound.payments import PaymentProvider
from store.queries.providers import place
from store.tables.providers import ProviderConnection
from store.vault import Vault


class Providers:
    """Makes adapters. All share one pool of HTTP connections, and breakers that tell providers by store and connection."""

    def __init__(self, options: Outbound, vault: Vault, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._vault = vault
        self._http = httpx.AsyncClient(timeout=options.timeout, transport=transport, follow_redirects=False)
        self._breakers = Breakers()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def payments(self, row: ProviderConnection) -> PaymentProvider:
        """Return the payment provider behind a connection."""
        if row.adapter == "rest":
            return RestPayments(self._client(row))
        raise _unknown(row)

    def carrier(self, row: ProviderConnection) -> CarrierProvider:
        """Return the carrier behind a connection."""
        if row.adapter == "rest":
            return RestCarrier(self._client(row))
        raise _unknown(row)

    def channel(self, row: ProviderConnection) -> ChannelProvider:
        """Return the sales channel behind a connection."""
        if row.adapter == "rest":
            return RestChannel(self._client(row))
        if row.adapter == "shopify":
            client = self._client(row, {"X-Shopify-Access-Token": self._key(row)})
            return Shopify(client, str(row.options.get("location", "gid://shopify/Location/1")))
        if row.adapter == "csv":
            return CsvFeed(Path(row.base_url.removeprefix("file://")))
        raise _unknown(row)

    def mail(self, row: ProviderConnection) -> MailSender:
        """Return whoever sends e-mail behind a connection."""
        if row.adapter == "rest":
            return RestMail(self._client(row))
        if row.adapter == "smtp":
            return Smtp(row.base_url, self._key(row))
        raise _unknown(row)

    def _client(self, row: ProviderConnection, headers: dict[str, str] | None = None) -> ProviderClient:
        sent = headers or {"Authorization": f"Bearer {self._key(row)}"}
        return ProviderClient(self._http, f"{row.tenant_id}:{row.code}", row.base_url, breakers=self._breakers, headers=sent)

    def _key(self, row: ProviderConnection) -> str:
        return self._vault.open(row.api_key, place(row.tenant_id, row.code, "api_key"))


def _unknown(row: ProviderConnection) -> ProviderRefused:
    return ProviderRefused(f"there is no adapter {row.adapter!r} for {row.kind}; see docs/providers.md", code="adapter")
