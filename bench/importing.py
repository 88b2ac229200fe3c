"""An import of orders from CSV: seconds, and the memory of the process that reads it.

python -m bench.importing --orders 100000
"""

import argparse
import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import psutil

from bench.results import at_most, record

_SHOP = "harbour-pine"
_QUICK, _FULL = 5_000, 100_000
_SECONDS_GOAL, _MEMORY_GOAL_MB = 300.0, 300.0
_SINCE = datetime(2025, 1, 1, tzinfo=UTC)
_COLUMNS: tuple[str, ...] = (
    "Name", "Email", "Financial Status", "Fulfillment Status", "Fulfilled at", "Currency", "Shipping", "Total", "Discount Amount",
    "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Billing Name", "Shipping Name", "Shipping Street",
    "Shipping City", "Shipping Zip", "Shipping Country", "Payment Method", "Created at",
)  # fmt: skip


def rows(orders: int, skus: list[str], seed: int = 1) -> Iterator[dict[str, str]]:
    """Yield the rows of an export of so many delivered orders, one to three lines each; the same seed gives the same file."""
    dice = Random(seed)
    for number in range(orders):
        placed = _SINCE + timedelta(minutes=5 * number)
        lines = [(dice.choice(skus), dice.randint(1, 2), dice.randint(500, 9000)) for _ in range(dice.choice((1, 1, 2, 3)))]
        total = sum(quantity * price for _, quantity, price in lines) + 490
        buyer = dice.randrange(max(orders // 20, 1))
        head = {
            "Financial Status": "paid", "Fulfillment Status": "fulfilled", "Fulfilled at": (placed + timedelta(days=2)).isoformat(),
            "Currency": "EUR", "Shipping": "4.90", "Total": f"{total / 100:.2f}", "Discount Amount": "0.00",
            "Billing Name": f"Buyer {buyer}", "Shipping Name": f"Buyer {buyer}", "Shipping Street": f"{buyer % 180 + 1} Rue Haute",
            "Shipping City": "Lyon", "Shipping Zip": "69001", "Shipping Country": "FR", "Payment Method": "Card",
            "Created at": placed.isoformat(),
        }  # fmt: skip
        about = {"Name": f"#B{number}", "Email": f"buyer{buyer}@mail.example"}
        for position, (sku, quantity, price) in enumerate(lines):
            line = {
                "Lineitem quantity": str(quantity), "Lineitem name": sku, "Lineitem price": f"{price / 100:.2f}", "Lineitem sku": sku,
            }  # fmt: skip
            yield {**about, **(head if position == 0 else {}), **line}


def write(path: Path, orders: int, skus: list[str]) -> None:
    """Write an export to a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows(orders, skus))


def main(orders: int = _QUICK) -> None:
    """Import a file through the command line, into a shop of embedded servers in a temporary directory."""
    storehand = str(Path(sys.executable).parent / "storehand")
    with TemporaryDirectory() as directory:
        data, path = f"{directory}/data", Path(directory) / "orders.csv"
        subprocess.run([storehand, "seed", "--data-dir", data, "--orders", "150"], check=True)
        write(path, orders, _skus())
        started, peak = time.monotonic(), 0
        process = psutil.Popen([storehand, "import", "orders", str(path), "--tenant", _SHOP, "--data-dir", data])
        while process.poll() is None:
            peak = max(peak, _memory(process))
            time.sleep(0.1)
        seconds = time.monotonic() - started
        assert process.returncode == 0, "the import failed"
    record([
        at_most(f"import of {orders:,} orders", seconds, "s", _SECONDS_GOAL * max(orders / _FULL, 0.2)),
        at_most(f"import of {orders:,} orders, memory", peak / 1e6, "MB", _MEMORY_GOAL_MB),
    ])  # fmt: skip


def _skus() -> list[str]:
    """Return what the demo's first shop sells."""
    from store.seed import Extras, Size, build

    batches = build(20, Size(orders=150), datetime.now(UTC), Extras({}, [], lambda password: password))
    return [row["sku"] for row in next(batch.rows for batch in batches if batch.table == "variants")]


def _memory(process: psutil.Popen) -> int:
    """Return the resident bytes of the importing process itself; the servers have their own."""
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=_QUICK)
    main(parser.parse_args().orders)
