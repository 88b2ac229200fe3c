"""Every adapter against the simulator over real sockets: what providers do, and what goes wrong on the way."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.ids import new_id
from core.money import Money
from core.providers import ProviderKind
from core.settings import Outbound
from core.statuses import TransactionType
from server.outbound.carriers import ParcelRequest
from server.outbound.channels import ChannelRefund, ListingPush, Reply
from server.outbound.connections import Providers
from server.outbound.failure import ProviderDown, ProviderRefused
from server.outbound.mail import Mail
from server.outbound.payments import MoneyRequest, MoneyState
from store.queries.providers import place
from store.tables.providers import ProviderConnection
from store.vault import Vault, new_key
from tests.support.simulation import Simulated, simulated
from tests.support.talk import until

NOT_DECIDED, DECLINED = 40_005, 40_002
VAULT = Vault([new_key()])


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulated]:
    with simulated() as running:
        running.behave(decide_seconds=0, seconds_an_hour=0)
        yield running


@pytest.fixture
async def providers() -> AsyncIterator[Providers]:
    opened = Providers(Outbound(timeout=1.0), VAULT)
    yield opened
    await opened.close()


def at(simulator: Simulated, kind: ProviderKind, path: str, adapter: str = "rest") -> ProviderConnection:
    """Return a connection of an account that nobody else uses."""
    tenant = new_id()
    key = VAULT.seal(f"acct-{tenant}", place(tenant, kind.value, "api_key"))
    return ProviderConnection(tenant_id=tenant, code=kind.value, kind=kind, adapter=adapter, base_url=f"{simulator.url}{path}", api_key=key)


def account(row: ProviderConnection) -> str:
    """Return how the simulator knows a connection's store."""
    return f"acct-{row.tenant_id}"


def money(minor: int = 1_000) -> Money:
    return Money(minor=minor, currency="EUR")


def movement(kind: TransactionType = TransactionType.CAPTURE, minor: int = 1_000, key: str = "") -> MoneyRequest:
    return MoneyRequest(key or str(new_id()), kind, str(new_id()), "pay-1", "1042", "card", money(minor))


def parcel(country: str = "FR") -> ParcelRequest:
    to = {"name": "Ana", "line1": "1 Rue Haute", "city": "Lyon", "postal_code": "69001", "country": country}
    return ParcelRequest(str(new_id()), "S-1001", "1042", "colissimo", "standard", 1_200, {"city": "Lyon"}, to)


def listing(sku: str = "LAMP", price: int = 1_999, title: str = "Desk Lamp") -> ListingPush:
    return ListingPush(str(new_id()), f"L-{sku}", sku, money(price), 7, {"title": title})


async def test_money_is_moved_once_a_key_and_never_more_than_was_taken(simulator: Simulated, providers: Providers) -> None:
    port = providers.payments(at(simulator, ProviderKind.PAYMENTS, "/payments"))
    taken = movement()
    first, again = await port.submit(taken), await port.submit(taken)
    assert (first.state, again.reference) == (MoneyState.SUCCEEDED, first.reference)
    assert (await port.look_up(first.reference)).state is MoneyState.SUCCEEDED
    assert (await port.submit(movement(TransactionType.REFUND, 600))).state is MoneyState.SUCCEEDED
    with pytest.raises(ProviderRefused, match="more than what was captured"):
        await port.submit(movement(TransactionType.REFUND, 600))
    with pytest.raises(ProviderRefused) as reused:
        await port.submit(movement(key=taken.key, minor=2_000))
    assert reused.value.code == "key_reused"


async def test_magic_amounts_decline_or_stay_undecided(simulator: Simulated, providers: Providers) -> None:
    port = providers.payments(at(simulator, ProviderKind.PAYMENTS, "/payments"))
    declined = await port.submit(movement(TransactionType.AUTHORIZATION, DECLINED))
    assert (declined.state, declined.reason) == (MoneyState.FAILED, "the card was declined")
    assert (await port.submit(movement(TransactionType.AUTHORIZATION, NOT_DECIDED))).state is MoneyState.PENDING


async def test_accounts_do_not_see_each_other(simulator: Simulated, providers: Providers) -> None:
    mine = providers.payments(at(simulator, ProviderKind.PAYMENTS, "/payments"))
    other = providers.payments(at(simulator, ProviderKind.PAYMENTS, "/payments"))
    with pytest.raises(ProviderRefused):
        await other.look_up((await mine.submit(movement())).reference)


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        ({"kind": "status", "status": 503}, None),
        ({"kind": "status", "status": 429, "retry_after": 7}, 7.0),
        ({"kind": "cut"}, None),
        ({"kind": "partial"}, None),
        ({"kind": "hang", "seconds": 3}, None),
    ],
    ids=str,
)
async def test_trouble_is_told_apart_from_a_refusal(
    simulator: Simulated, providers: Providers, fault: dict[str, object], after: float | None
) -> None:
    port = providers.payments(at(simulator, ProviderKind.PAYMENTS, "/payments"))
    simulator.fault(port="payments", times=1 if after else 2, **fault)
    with pytest.raises(ProviderDown) as down:
        await port.submit(movement())
    assert down.value.retry_after == after
    assert (await port.submit(movement())).state is MoneyState.SUCCEEDED


async def test_a_provider_that_keeps_failing_is_left_alone(simulator: Simulated, providers: Providers) -> None:
    port = providers.payments(at(simulator, ProviderKind.PAYMENTS, "/payments"))
    simulator.fault(port="payments", kind="status", status=500, times=5)
    for _ in range(3):
        with pytest.raises(ProviderDown):
            await port.submit(movement())
    before = len(simulator.seen("payments"))
    with pytest.raises(ProviderDown, match="left alone"):
        await port.submit(movement())
    assert len(simulator.seen("payments")) == before


async def test_a_label_is_bought_once_a_key(simulator: Simulated, providers: Providers) -> None:
    port, wanted = providers.carrier(at(simulator, ProviderKind.CARRIER, "/carrier")), parcel()
    label = await port.buy_label(wanted)
    assert label.tracking_number.startswith("6A")
    assert await port.buy_label(wanted) == label
    assert (await port.buy_label(parcel())).tracking_number != label.tracking_number
    with pytest.raises(ProviderRefused, match="no service to AQ"):
        await port.buy_label(parcel("AQ"))
    rates = await port.rates(wanted)
    assert min(rates, key=lambda rate: rate.price.minor).carrier == "colissimo"


async def test_a_channel_takes_listings_and_says_what_is_wrong(simulator: Simulated, providers: Providers) -> None:
    port = providers.channel(at(simulator, ProviderKind.CHANNEL, "/channel"))
    assert not (await port.push(listing())).problems
    wrong = await port.push(listing(price=0, title=" "))
    assert [(each.field, each.code) for each in wrong.problems] == [
        ("price", "business_rule_violation"),
        ("title", "missing_required_field"),
    ]
    assert await port.reply(Reply(str(new_id()), "conv-1", "m-1", "It ships today."))
    with pytest.raises(ProviderRefused):
        await port.reply(Reply(str(new_id()), "conv-1", "m-1", " "))


async def test_a_channels_orders_are_read_page_by_page(simulator: Simulated, providers: Providers) -> None:
    row = at(simulator, ProviderKind.CHANNEL, "/channel")
    order = {
        "buyer": {"name": "Bo", "email": "bo@mail.example"},
        "ship_to": {"name": "Bo", "line1": "1 Rue", "city": "Lyon", "postal_code": "69001", "country": "FR"},
        "lines": [{"sku": "LAMP", "quantity": 2, "unit_price": money().model_dump()}],
        "shipping": money(500).model_dump(),
    }
    sold = [simulator.post("/orders", {"account": account(row), "order": order})["id"] for _ in range(60)]
    port, cursor, read = providers.channel(row), "", list[str]()
    while True:
        page = await port.orders(cursor)
        read += [each.external_id for each in page.orders]
        cursor = page.cursor
        if not page.more:
            break
    assert read == sold
    assert not (await port.orders(cursor)).orders


def sale(**more: object) -> dict[str, object]:
    """Return an order of one lamp, 15.00 with shipping, as a buyer places it."""
    return {
        "buyer": {"name": "Bo", "email": "bo@mail.example"},
        "ship_to": {"name": "Bo", "line1": "1 Rue", "city": "Lyon", "postal_code": "69001", "country": "FR"},
        "lines": [{"sku": "LAMP", "quantity": 1, "unit_price": money().model_dump()}],
        "shipping": money(500).model_dump(),
        **more,
    }


@pytest.mark.parametrize(("adapter", "path", "port"), [("rest", "/channel", "channel"), ("shopify", "/shopify", "shopify")])
async def test_a_channel_pays_back_once_a_key_and_never_more_than_it_collected(
    simulator: Simulated, providers: Providers, adapter: str, path: str, port: str
) -> None:
    row = at(simulator, ProviderKind.CHANNEL, path, adapter)
    number = simulator.post("/orders", {"account": account(row), "order": sale(), "port": port})["id"]
    channel = providers.channel(row)
    asked = ChannelRefund(str(new_id()), number, str(new_id()), money(900), "goodwill")
    first, again = await channel.refund(asked), await channel.refund(asked)
    assert (first.state, again.reference) == (MoneyState.SUCCEEDED, first.reference)
    assert [each["amount"]["minor"] for each in simulator.state()["refunds"] if each["account"] == account(row)] == [900]
    with pytest.raises(ProviderRefused):
        await channel.refund(replace(asked, key=str(new_id())))
    with pytest.raises(ProviderRefused):
        await channel.refund(replace(asked, key=str(new_id()), order="unheard-of"))


async def test_a_channel_that_takes_its_time_is_asked_how_a_refund_stands(simulator: Simulated, providers: Providers) -> None:
    row = at(simulator, ProviderKind.CHANNEL, "/channel")
    number = simulator.post("/orders", {"account": account(row), "order": sale()})["id"]
    channel = providers.channel(row)
    simulator.behave(decide_seconds=0.05)
    try:
        asked = await channel.refund(ChannelRefund(str(new_id()), number, str(new_id()), money(900), "goodwill"))
        assert asked.state is MoneyState.PENDING

        async def decided() -> bool:
            return (await channel.look_up_refund(number, asked.reference)).state is MoneyState.SUCCEEDED

        await until(decided)
    finally:
        simulator.behave(decide_seconds=0, seconds_an_hour=0)


async def test_shopify_sets_price_and_stock_of_the_skus_variant(simulator: Simulated, providers: Providers) -> None:
    port = providers.channel(at(simulator, ProviderKind.CHANNEL, "/shopify", "shopify"))
    pushed = listing("SHOP-1")
    assert not (await port.push(pushed)).problems
    await port.push(pushed)
    variant = simulator.state()["variants"]["SHOP-1"]
    assert (variant["price"], variant["available"]) == ("19.99", 7)
    assert [each.field for each in (await port.push(listing("SHOP-1", price=0))).problems] == ["price"]
    with pytest.raises(ProviderRefused, match="no variant"):
        await port.push(listing("UNKNOWN-1"))


async def test_a_csv_feed_holds_one_row_a_listing(providers: Providers, tmp_path: Path) -> None:
    row = ProviderConnection(tenant_id=new_id(), code="feed", kind=ProviderKind.CHANNEL, adapter="csv", base_url=f"file://{tmp_path}")
    port = providers.channel(row)
    for price in (1_999, 2_499):
        await port.push(listing(price=price, title='Lamp, "small"'))
    await port.push(listing("TEE"))
    lines = (tmp_path / "offers.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == ['L-LAMP,LAMP,"Lamp, ""small""",24.99,EUR,7', "L-TEE,TEE,Desk Lamp,19.99,EUR,7"]
    (tmp_path / "orders-1.csv").write_text(
        "order,placed_at,name,email,line1,city,postal_code,country,sku,quantity,unit_price,currency,shipping\n"
        "F1,2026-11-18T10:00:00Z,Bo,bo@mail.example,1 Rue,Lyon,69001,FR,LAMP,2,19.99,EUR,5.00\n"
        "F1,2026-11-18T10:00:00Z,Bo,bo@mail.example,1 Rue,Lyon,69001,FR,TEE,1,30.00,EUR,5.00\n",
        encoding="utf-8",
    )
    for minor in (500, 700):
        await port.refund(ChannelRefund("key-1", "F1", str(new_id()), money(minor), "goodwill"))
    assert (tmp_path / "refunds.csv").read_text(encoding="utf-8").splitlines()[1:] == ["key-1,F1,7.00,EUR,goodwill"]
    (order,) = (await port.orders("")).orders
    assert [(line.sku, line.quantity, line.unit_price.minor) for line in order.lines] == [("LAMP", 2, 1_999), ("TEE", 1, 3_000)]


async def test_mail_is_taken_once_a_key(simulator: Simulated, providers: Providers) -> None:
    row = at(simulator, ProviderKind.MAIL, "/mail")
    mail = Mail(str(new_id()), "ana@mail.example", "Ana", "Shop <help@shop.example>", "Hello", "Text")
    port = providers.mail(row)
    assert await port.send(mail) == await port.send(mail)
    assert len([each for each in simulator.state()["outbox"] if each["account"] == account(row)]) == 1
