"""A channel that takes CSV files in a folder, such as one that another program keeps in step with an FTP server.

`offers.csv` holds one row a listing, `replies.csv` one an answer, `fulfilments.csv` one a parcel and SKU,
`refunds.csv` one a refund; each is replaced whole.
A refund counts as paid once its row is written. Orders are read from `orders*.csv`, one row a line.
"""

import asyncio
import csv
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from core.money import Money
from server.outbound.channels import ChannelRefund, Fulfilment, ListingPush, OrderPage, PushAnswer, Reply, SoldLine, SoldOrder
from server.outbound.failure import ProviderDown, ProviderRefused
from server.outbound.payments import MoneyAnswer, MoneyState

OFFERS = ["listing", "sku", "title", "price", "currency", "quantity"]
REPLIES = ["key", "conversation", "in_reply_to", "text"]
FULFILMENTS = ["key", "order", "shipment", "carrier", "tracking_number", "sku", "quantity"]
REFUNDS = ["key", "order", "amount", "currency", "reason"]
_PAGE = 50
T = TypeVar("T")


class CsvFeed:
    """Speaks to a channel through the files of one folder; several processes may write to it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def push(self, listing: ListingPush) -> PushAnswer:
        """Put the listing's row into the offers."""
        row = {
            "listing": listing.listing,
            "sku": listing.sku,
            "title": str(listing.fields.get("title", "")),
            "price": listing.price.plain(),
            "currency": listing.price.currency,
            "quantity": str(listing.quantity),
        }
        await self._work(self._replace, "offers.csv", OFFERS, [row])
        return PushAnswer(f"offers.csv:{listing.listing}")

    async def reply(self, reply: Reply) -> str:
        """Put an answer to a buyer into the replies, once a key."""
        row = {"key": reply.key, "conversation": reply.conversation, "in_reply_to": reply.message, "text": reply.text}
        await self._work(self._replace, "replies.csv", REPLIES, [row])
        return f"replies.csv:{reply.key}"

    async def fulfil(self, fulfilment: Fulfilment) -> str:
        """Put a parcel into the fulfilments, one row a SKU, once a key."""
        rows = [
            {
                "key": f"{fulfilment.key}:{sku}",
                "order": fulfilment.order,
                "shipment": fulfilment.shipment,
                "carrier": fulfilment.carrier,
                "tracking_number": fulfilment.tracking_number,
                "sku": sku,
                "quantity": str(units),
            }
            for sku, units in fulfilment.lines.items()
        ]
        await self._work(self._replace, "fulfilments.csv", FULFILMENTS, rows)
        return f"fulfilments.csv:{fulfilment.key}"

    async def refund(self, refund: ChannelRefund) -> MoneyAnswer:
        """Put a refund into the refunds, once a key."""
        amount = {"amount": refund.amount.plain(), "currency": refund.amount.currency}
        row = {"key": refund.key, "order": refund.order, **amount, "reason": refund.reason}
        await self._work(self._replace, "refunds.csv", REFUNDS, [row])
        return MoneyAnswer(f"refunds.csv:{refund.key}", MoneyState.SUCCEEDED)

    async def look_up_refund(self, order: str, reference: str) -> MoneyAnswer:
        """Refuse: what is written counts as paid, so nothing is ever open."""
        raise ProviderRefused(f"a feed does not tell of refund {reference} for order {order}")

    async def orders(self, cursor: str) -> OrderPage:
        """Return the orders of the folder after the one that `cursor` names, in the order of the files."""
        found = await self._work(self._read_orders)
        numbers = [order.external_id for order in found]
        begin = numbers.index(cursor) + 1 if cursor in numbers else 0
        page = found[begin : begin + _PAGE]
        return OrderPage(page, page[-1].external_id if page else cursor, begin + _PAGE < len(found))

    async def _work(self, function: Callable[..., T], *args: object) -> T:
        try:
            return await asyncio.to_thread(function, *args)
        except (OSError, KeyError, ValueError, csv.Error) as error:
            raise ProviderDown(f"the feed's folder cannot be used ({type(error).__name__})") from error

    def _replace(self, name: str, columns: list[str], fresh_rows: Sequence[Mapping[str, str]]) -> None:
        """Write the file anew with each row in the place of the one with the same first column."""
        with self._alone():
            path = self._folder / name
            rows: dict[str, Mapping[str, str]] = {each[columns[0]]: each for each in _rows(path)}
            rows.update({row[columns[0]]: row for row in fresh_rows})
            fresh = path.with_suffix(".new")
            with fresh.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows.values())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)

    def _read_orders(self) -> list[SoldOrder]:
        lines: dict[str, list[Mapping[str, str]]] = {}
        for path in sorted(self._folder.glob("orders*.csv")):
            for row in _rows(path):
                lines.setdefault(row["order"], []).append(row)
        return [_order(number, rows) for number, rows in lines.items()]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _order(number: str, rows: list[Mapping[str, str]]) -> SoldOrder:
    head = rows[0]
    currency = head["currency"]
    return SoldOrder(
        external_id=number,
        placed_at=head["placed_at"],
        buyer_name=head["name"],
        buyer_email=head["email"],
        ship_to={
            "name": head["name"],
            "line1": head["line1"],
            "line2": None,
            "city": head["city"],
            "postal_code": head["postal_code"],
            "country": head["country"],
        },
        lines=[SoldLine(row["sku"], int(row["quantity"]), Money.parse(row["unit_price"], currency)) for row in rows],
        shipping=Money.parse(head.get("shipping") or "0", currency),
        ip=head.get("ip") or "",
    )
