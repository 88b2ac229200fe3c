"""What imports promise: rows become customers, products and orders once, problems are listed, and a kill costs nothing."""

import csv
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.errors import InvalidInput
from store.importing import Imported, ImportKind, import_file
from store.invariants import INVARIANTS, check
from tests.support.shop import Shop

ORDER = (
    "Name", "Email", "Financial Status", "Fulfillment Status", "Fulfilled at", "Currency", "Shipping", "Total", "Discount Amount",
    "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Billing Name", "Shipping Name",
    "Shipping Address1",
    "Shipping City", "Shipping Zip", "Shipping Country", "Cancelled at", "Payment Method", "Refunded Amount", "Tags",
)  # fmt: skip


def write(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def order(number: int, **more: Any) -> list[dict[str, Any]]:
    """Return an order of two lines: two lamps and a tee for 75.00, delivery 5.00."""
    head = {
        "Name": f"#{number}", "Email": f"buyer{number % 7}@shop.example", "Financial Status": "paid", "Fulfillment Status": "fulfilled",
        "Fulfilled at": "2026-03-03 10:00:00 +0100", "Currency": "EUR", "Shipping": "5.00", "Total": "80.00", "Discount Amount": "0.00",
        "Created at": "2026-03-01 10:00:00 +0100", "Lineitem quantity": "2", "Lineitem name": "Desk Lamp", "Lineitem price": "20.00",
        "Lineitem sku": "LAMP", "Billing Name": "Iris Berg", "Shipping Name": "Iris Berg", "Shipping Address1": "1 Kade",
        "Shipping City": "Delft", "Shipping Zip": "'2611", "Shipping Country": "NL", "Payment Method": "Shopify Payments", **more,
    }  # fmt: skip
    return [head, {"Name": f"#{number}", "Lineitem quantity": "1", "Lineitem price": "35.00", "Lineitem sku": "TEE-BLK-M"}]


@pytest.fixture(autouse=True)
async def numbers(shop: Shop) -> None:
    """Numbers that go on after the shop's own orders."""
    async with shop.units.write(shop.owner) as tx:
        about = {"tenant": tx.tenant_id}
        await tx.session.execute(text("INSERT INTO counters (tenant_id, series, last) VALUES (:tenant, 'order', 5000)"), about)


async def rows(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    async with shop.units.read(shop.owner) as tx:
        return [tuple(row) for row in await tx.session.execute(text(query))]


async def load(shop: Shop, kind: ImportKind, path: Path, **how: Any) -> Imported:
    return await import_file(shop.units, shop.owner, kind, path, **how)


async def test_orders_become_history_without_any_message(shop: Shop, tmp_path: Path) -> None:
    file = write(tmp_path / "orders.csv", ORDER, [row for number in range(1, 31) for row in order(number)])
    done = await load(shop, ImportKind.ORDERS, file)
    assert (done.rows, done.added, done.refused, done.finished) == (60, 30, 0, True)
    assert await rows(
        shop, "SELECT DISTINCT status, payment_status, total_minor, shipping_minor FROM orders WHERE channel = 'shopify'"
    ) == [("delivered", "paid", 8_000, 500)]
    assert await rows(shop, "SELECT count(*) FROM customers WHERE email LIKE 'buyer%'") == [(7,)]
    assert await rows(shop, "SELECT count(*), sum(captured_minor) FROM payments WHERE label = 'Shopify Payments'") == [(30, 240_000)]
    assert await rows(shop, "SELECT count(*) FROM outbox") == [(0,)]
    async with shop.units.read(shop.owner) as tx:
        claims = [each for each in INVARIANTS if "payment's sums" not in each.claim]
        assert [finding.claim for finding in [await check(tx, each) for each in claims] if finding.count] == []


async def test_orders_still_to_be_sent_hold_stock_or_wait_and_let_go_when_they_end(shop: Shop, tmp_path: Path) -> None:
    open_ = {"Fulfillment Status": "", "Fulfilled at": ""}
    [(free,)] = await rows(shop, "SELECT sum(on_hand - reserved)::int FROM stock_levels s JOIN variants v ON v.id = s.variant_id "
                                 "AND v.tenant_id = s.tenant_id WHERE v.sku = 'LAMP'")  # fmt: skip
    many = {"Lineitem quantity": str(free), "Total": f"{free * 20 + 40}.00"}
    await load(shop, ImportKind.ORDERS, write(tmp_path / "a.csv", ORDER, [*order(1, **open_), *order(2, **open_, **many)]))
    held = "SELECT o.external_id, r.quantity, r.status FROM orders o JOIN order_lines l ON l.order_id = o.id AND l.sku = 'LAMP' " \
           "JOIN reservations r ON r.order_line_id = l.id WHERE o.channel = 'shopify' ORDER BY 1"  # fmt: skip
    assert await rows(shop, held) == [("#1", 2, "active"), ("#2", free - 2, "active")]
    waiting = await rows(shop, "SELECT external_id, hold_reason FROM orders WHERE channel = 'shopify' AND on_hold")
    assert waiting == [("#2", "Not in stock: 2 of LAMP")]
    await load(shop, ImportKind.ORDERS, write(tmp_path / "b.csv", ORDER, order(1)))
    assert await rows(shop, held) == [("#1", 2, "released"), ("#2", free - 2, "active")]
    async with shop.units.read(shop.owner) as tx:
        assert [each.claim for each in [await check(tx, each) for each in INVARIANTS if "stock" in each.claim] if each.count] == []


async def test_the_same_file_is_imported_once_and_a_newer_one_updates(shop: Shop, tmp_path: Path) -> None:
    file = write(tmp_path / "orders.csv", ORDER, order(1, **{"Financial Status": "pending", "Fulfillment Status": "", "Fulfilled at": ""}))
    await load(shop, ImportKind.ORDERS, file)
    again = await load(shop, ImportKind.ORDERS, file)
    assert (again.already, again.added) == (True, 1)
    newer = write(tmp_path / "newer.csv", ORDER, order(1))
    assert (await load(shop, ImportKind.ORDERS, newer)).changed == 1
    assert await rows(shop, "SELECT count(*), max(status) FROM orders WHERE channel = 'shopify'") == [(1, "delivered")]


async def test_what_is_wrong_is_listed_by_row_and_costs_no_other_row(shop: Shop, tmp_path: Path) -> None:
    broken = [
        *order(1),
        *order(2, Total="many"),
        *order(3, **{"Lineitem sku": "GONE"}),
        *order(4, Email="nobody"),
        *order(5, **{"Created at": "yesterday"}),
        *order(6, **{"Lineitem quantity": "0"}),
        *order(7, **{"Cancelled at": "2026-03-02"}),
        *order(8),
    ]
    file = write(tmp_path / "orders.csv", ORDER, broken)
    done = await load(shop, ImportKind.ORDERS, file)
    assert (done.added, done.refused) == (2, 6)
    assert done.report is not None
    with done.report.open(encoding="utf-8", newline="") as report:
        listed = [(row["row"], row["field"]) for row in csv.DictReader(report)]
    assert listed == [
        ("4", "Total"),
        ("6", "Lineitem sku"),
        ("8", "Email"),
        ("10", "Created at"),
        ("12", "Lineitem quantity"),
        ("14", "Refunded Amount"),
    ]


async def test_a_dry_run_says_the_same_and_keeps_nothing(shop: Shop, tmp_path: Path) -> None:
    file = write(tmp_path / "orders.csv", ORDER, [*order(1), *order(2, Total="many")])
    tried = await load(shop, ImportKind.ORDERS, file, dry_run=True)
    assert (tried.added, tried.refused) == (1, 1)
    assert await rows(shop, "SELECT count(*) FROM orders WHERE channel = 'shopify'") == [(0,)]
    assert await rows(shop, "SELECT count(*) FROM import_runs") == [(0,)]
    assert (await load(shop, ImportKind.ORDERS, file)).added == 1


async def test_products_with_their_variants_are_added_and_brought_up_to_date(shop: Shop, tmp_path: Path) -> None:
    columns = ("Handle", "Title", "Body (HTML)", "Vendor", "Type", "Option1 Name", "Option1 Value", "Variant SKU", "Variant Price",
               "Variant Inventory Qty", "Cost per item", "Status")  # fmt: skip
    first = {"Handle": "rug", "Title": "Wool Rug", "Body (HTML)": "<p>Warm &amp; soft</p>", "Vendor": "Loom", "Type": "Home Textiles",
             "Option1 Name": "Size", "Option1 Value": "S", "Variant SKU": "RUG-S", "Variant Price": "90.00", "Variant Inventory Qty": "4",
             "Cost per item": "40.00", "Status": "active"}  # fmt: skip
    second = {"Handle": "rug", "Option1 Value": "L", "Variant SKU": "RUG-L", "Variant Price": "150.00"}
    done = await load(shop, ImportKind.PRODUCTS, write(tmp_path / "p.csv", columns, [first, second, {"Handle": "bare", "Title": "Bare"}]))
    assert (done.added, done.refused) == (1, 1)
    assert await rows(shop, "SELECT sku, price_minor, options FROM variants WHERE sku LIKE 'RUG%' ORDER BY sku") == [
        ("RUG-L", 15_000, {"size": "L"}),
        ("RUG-S", 9_000, {"size": "S"}),
    ]
    assert await rows(shop, "SELECT name, description, brand FROM products WHERE slug = 'rug'") == [("Wool Rug", "Warm & soft", "Loom")]
    assert await rows(shop, "SELECT on_hand FROM stock_levels l JOIN variants v ON v.id = l.variant_id WHERE v.sku = 'RUG-S'") == [(4,)]
    newer = write(tmp_path / "newer.csv", columns, [{**first, "Variant Price": "95.00", "Variant Inventory Qty": "99"}])
    assert (await load(shop, ImportKind.PRODUCTS, newer)).changed == 1
    assert await rows(
        shop, "SELECT price_minor, on_hand FROM variants v JOIN stock_levels l ON l.variant_id = v.id WHERE sku = 'RUG-S'"
    ) == [(9_500, 4)]


async def test_customers_are_found_by_their_id_before_their_address(shop: Shop, tmp_path: Path) -> None:
    columns = ("Customer ID", "First Name", "Last Name", "Email", "Default Address Address1", "Default Address City")
    iris = {"Customer ID": "'77", "First Name": "Iris", "Last Name": "Berg", "Email": "IRIS@shop.example",
            "Default Address Address1": "1 Kade", "Default Address City": "Delft"}  # fmt: skip
    assert (await load(shop, ImportKind.CUSTOMERS, write(tmp_path / "c.csv", columns, [iris]))).added == 1
    moved = await load(shop, ImportKind.CUSTOMERS, write(tmp_path / "d.csv", columns, [{**iris, "Email": "berg@shop.example"}]))
    assert (moved.added, moved.changed) == (0, 1)
    assert await rows(shop, "SELECT email, name FROM customers WHERE external_id = '77'") == [("berg@shop.example", "Iris Berg")]


async def test_a_file_without_the_columns_is_refused_as_a_whole(shop: Shop, tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", ("Name", "Email"), [])
    with pytest.raises(InvalidInput, match="Lineitem sku"):
        await load(shop, ImportKind.ORDERS, file)


KILLED = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from core.identity import Principal, Role
from store.engine import build_engine
from store.importing import ImportKind, import_file
from store.unit import Units

async def main():
    engine = build_engine(sys.argv[1])
    who = Principal(UUID(sys.argv[2]), UUID(int=0), Role.OWNER)
    await import_file(Units(engine), who, ImportKind.ORDERS, Path(sys.argv[3]))

asyncio.run(main())
"""


@pytest.mark.parametrize("point", ["import.before_commit:kill:1", "import.after_batch:kill:1"])
async def test_a_kill_in_the_middle_loses_and_doubles_nothing(shop: Shop, tmp_path: Path, point: str) -> None:
    broken = {700: {"Total": "many"}, 1_100: {"Email": "nobody"}}
    file = write(tmp_path / "orders.csv", ORDER, [row for number in range(1, 1_201) for row in order(number, **broken.get(number, {}))])
    url = shop.units.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, url, str(shop.owner.tenant_id), str(file)]
    root, armed = Path(__file__).parents[2], {"STOREHAND_FAULT": point, "PATH": ""}
    killed = subprocess.run(command, env=armed, check=False, cwd=root)  # noqa: ASYNC221
    assert killed.returncode == -9
    [[before]] = await rows(shop, "SELECT count(*) FROM orders WHERE channel = 'shopify'")
    assert before == (500 if "before" in point else 999)
    done = await load(shop, ImportKind.ORDERS, file)
    assert (done.rows, done.added, done.refused) == (2_400, 1_198, 2)
    assert await rows(
        shop, "SELECT count(*), count(DISTINCT external_id), count(DISTINCT number) FROM orders WHERE channel = 'shopify'"
    ) == [(1_198, 1_198, 1_198)]
    assert done.report is not None
    assert [line.split(",")[0] for line in done.report.read_text(encoding="utf-8").splitlines()] == ["row", "1400", "2200"]
