"""The demo shop's promises, checked over all of its rows. Pure: nothing is written anywhere."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, String, UniqueConstraint
from sqlmodel import AutoString

from core.statuses import ListingStatus, ReturnStatus, ReturnType, TicketStatus
from store.seed import ALL_USERS, SIGN_INS, ArticleText, Batch, Extras, Size, build
from store.tables import metadata

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
EXTRAS = Extras({"returns": {}}, [ArticleText("returns-policy", "Returns policy", "The rules.")], lambda password: f"hash of {password}")
Row = dict[str, Any]


def made(seed: int = 7, size: Size | None = None) -> Iterator[Batch]:
    return build(seed, size or Size(), NOW, EXTRAS)


@cache
def all_rows(seed: int = 7) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = defaultdict(list)
    for batch in made(seed):
        tables[batch.table].extend(batch.rows)
    return tables


@cache
def first_shop() -> dict[str, list[Row]]:
    tenant = all_rows()["tenants"][0]["id"]
    return {table: [row for row in rows if row.get("tenant_id") == tenant] for table, rows in all_rows().items()}


def rows(table: str) -> list[Row]:
    return all_rows()[table]


def by_id(table: str) -> dict[UUID, Row]:
    return {row["id"]: row for row in rows(table)}


def grouped(table: str, column: str) -> dict[UUID, list[Row]]:
    groups: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows(table):
        groups[row[column]].append(row)
    return groups


def order(number: int) -> Row:
    return next(row for row in first_shop()["orders"] if row["number"] == str(number))


def orders_of(email: str) -> list[Row]:
    customer = next(row["id"] for row in first_shop()["customers"] if row["email"] == email)
    return [row for row in first_shop()["orders"] if row["customer_id"] == customer]


def lines_of(row: Row) -> list[Row]:
    return grouped("order_lines", "order_id")[row["id"]]


def stuck(tables: dict[str, list[Row]]) -> dict[str, list[str]]:
    """Orders that wait for somebody, by the kind of waiting."""
    scans = grouped("tracking_events", "shipment_id")
    parcels = {row["order_id"]: row for row in tables["shipments"]}
    kinds: dict[str, list[str]] = defaultdict(list)
    for row in tables["orders"]:
        age = NOW - row["placed_at"]
        if row["on_hold"] and age > DAY:
            kinds["held"].append(row["number"])
        if row["payment_status"] == "paid" and row["status"] in {"confirmed", "processing"} and age > 3 * DAY:
            kinds["unshipped"].append(row["number"])
        if row["status"] == "shipped" and NOW - max(scan["at"] for scan in scans[parcels[row["id"]]["id"]]) > 5 * DAY:
            kinds["silent"].append(row["number"])
        if row["payment_status"] == "failed" and row["status"] == "pending" and age > DAY:
            kinds["unpaid"].append(row["number"])
    return kinds


def test_same_seed_gives_the_same_rows() -> None:
    assert list(made(3, Size(orders=300))) == list(made(3, Size(orders=300)))


def test_another_seed_gives_other_rows() -> None:
    assert {row["id"] for row in rows("orders")}.isdisjoint({row["id"] for row in all_rows(8)["orders"]})


def test_sizes_are_respected() -> None:
    size = Size(products=47, customers=77, orders=411, days=60)
    counts: Counter[str] = Counter()
    oldest = NOW
    for batch in made(1, size):
        counts[batch.table] += len(batch.rows)
        if batch.table == "orders":
            oldest = min(oldest, *(row["placed_at"] for row in batch.rows))
    assert (counts["products"], counts["customers"], counts["orders"]) == (47, 77, 411)
    assert timedelta(days=59) < NOW - oldest <= timedelta(days=60)


def test_a_size_without_room_for_the_special_cases_is_refused() -> None:
    with pytest.raises(ValueError, match="orders: must be at least"):
        Size(orders=20)


def test_a_big_shop_streams_in_chunks() -> None:
    sizes = [len(batch.rows) for batch in made(1, Size(orders=20_000, customers=2_000)) if batch.table == "orders"]
    assert sum(sizes) == 20_000
    assert max(sizes) <= 500


def test_the_smallest_shop_has_every_special_case() -> None:
    numbers = {row["number"] for batch in made(1, Size(45, 40, 150, 45)) if batch.table == "orders" for row in batch.rows}
    states = {row["status"] for batch in made(1, Size(45, 40, 150, 45)) if batch.table == "returns" for row in batch.rows}
    assert {"1017", "1042"} <= numbers
    assert states == {status.value for status in ReturnStatus}


def test_every_row_has_exactly_the_columns_of_its_table_with_fitting_values() -> None:
    for table, found in all_rows().items():
        columns = metadata.tables[table].columns
        for row in found:
            assert row.keys() == {column.name for column in columns}, table
            for column in columns:
                value = row[column.name]
                if value is None:
                    assert column.nullable, f"{table}.{column.name}"
                elif isinstance(column.type, String | AutoString):
                    assert type(value) is str, f"{table}.{column.name}"
                    assert column.type.length is None or len(value) <= column.type.length, f"{table}.{column.name}: {value}"
                elif isinstance(column.type, DateTime):
                    assert value.tzinfo is not None, f"{table}.{column.name}"
                else:
                    wanted = {
                        "UUID": UUID,
                        "Uuid": UUID,
                        "Integer": int,
                        "Float": (int, float),
                        "Boolean": bool,
                        "JSONB": (dict, list),
                        "BigInteger": int,
                    }
                    assert isinstance(value, wanted[type(column.type).__name__]), f"{table}.{column.name}: {value!r}"


def test_status_words_are_those_of_the_checks() -> None:
    for table, found in all_rows().items():
        for check in metadata.tables[table].constraints:
            listed = re.fullmatch(r"(\w+) IN \((.+)\)", str(check.sqltext)) if isinstance(check, CheckConstraint) else None
            if listed:
                words: set[str | None] = {word.strip(" '") for word in listed[2].split(",")}
                absent = {None} if metadata.tables[table].columns[listed[1]].nullable else set[None]()
                assert {row[listed[1]] for row in found} <= words | absent, f"{table}.{listed[1]}"


def test_keys_are_unique() -> None:
    for table, found in all_rows().items():
        keys = [[column.name for column in metadata.tables[table].primary_key.columns]]
        keys += [list(each.columns.keys()) for each in metadata.tables[table].constraints if isinstance(each, UniqueConstraint)]
        for key in keys:
            assert len({tuple(row[name] for name in key) for row in found}) == len(found), f"{table} {key}"


def test_batches_come_in_foreign_key_order() -> None:
    seen: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for batch in made():
        table = metadata.tables[batch.table]
        for row in batch.rows:
            for key in table.constraints:
                if isinstance(key, ForeignKeyConstraint) and None not in (values := tuple(row[name] for name in key.columns.keys())):  # noqa: SIM118
                    wanted = values if len(values) == 2 else (values[0], values[0])
                    assert wanted in seen[key.referred_table.name], f"{batch.table} -> {key.referred_table.name}"
            if "id" in row:
                seen[batch.table].add((row.get("tenant_id", row["id"]), row["id"]))


def test_nothing_that_happened_lies_in_the_future() -> None:
    for table, found in all_rows().items():
        for row in found:
            for name, value in row.items():
                if (
                    isinstance(value, datetime)
                    and not name.endswith("_due_at")
                    and name not in {"promised_at", "expires_at", "expected_at", "covered_until", "planned_at"}
                ):
                    assert value <= NOW, f"{table}.{name} {value}"


def test_order_totals_are_lines_plus_shipping_less_discount() -> None:
    lines = grouped("order_lines", "order_id")
    for row in rows("orders"):
        assert row["subtotal_minor"] == sum(line["quantity"] * line["unit_price_minor"] for line in lines[row["id"]])
        assert row["total_minor"] == row["subtotal_minor"] + row["shipping_minor"] - row["discount_minor"]


def test_numbers_ascend_with_the_date_but_for_the_special_orders() -> None:
    found = first_shop()["orders"]
    assert [int(row["number"]) for row in found] == list(range(1001, 1001 + len(found)))
    backwards = sum(later["placed_at"] < earlier["placed_at"] for earlier, later in itertools.pairwise(found))
    assert backwards < 60


def test_payments_agree_with_their_transactions() -> None:
    movements = grouped("payment_transactions", "payment_id")
    orders = by_id("orders")
    for row in rows("payments"):
        sums: Counter[str] = Counter()
        for movement in movements[row["id"]]:
            counts = movement["state"] == "succeeded" or (movement["type"], movement["state"]) == ("refund", "pending")
            sums[movement["type"]] += movement["amount_minor"] if counts else 0
        owner = orders[row["order_id"]]
        assert row["captured_minor"] == sums["capture"] + sums["charge"]
        assert row["refunded_minor"] == sums["refund"] <= row["captured_minor"]
        assert row["authorized_minor"] == sums["authorization"] - sums["void"]
        captured, refunded = row["captured_minor"], row["refunded_minor"]
        expected = {"pending", "failed", "authorized"} if not captured else {"paid"}
        if refunded:
            expected = {"refunded"} if refunded == captured else {"partially_refunded"}
        assert owner["payment_status"] in expected, owner["number"]
        assert (owner["payment_status"] == "authorized") == (row["authorized_minor"] > 0 == captured)


def test_refund_lines_never_exceed_their_refund_or_their_line() -> None:
    lines, refunds = by_id("order_lines"), by_id("payment_transactions")
    for transaction, shares in grouped("refund_lines", "transaction_id").items():
        assert refunds[transaction]["type"] == "refund"
        assert 0 < sum(share["amount_minor"] for share in shares) <= refunds[transaction]["amount_minor"]
        for share in shares:
            line = lines[share["order_line_id"]]
            assert share["amount_minor"] <= line["quantity"] * line["unit_price_minor"]


def test_order_status_agrees_with_parcel_payment_and_reservations() -> None:
    parcels = {row["order_id"]: row for row in rows("shipments")}
    lines, held = grouped("order_lines", "order_id"), grouped("reservations", "order_line_id")
    reservation = {"cancelled": "released", "shipped": "fulfilled", "delivered": "fulfilled", "returned": "fulfilled"}
    for row in rows("orders"):
        state, parcel = row["status"], parcels.get(row["id"])
        assert (parcel is not None) == (state in {"shipped", "delivered", "returned"}) == (row["shipped_at"] is not None)
        assert {each["status"] for line in lines[row["id"]] for each in held[line["id"]]} == {reservation.get(state, "active")}
        assert (row["cancelled_at"] is not None) == (row["cancel_reason"] is not None) == (state == "cancelled")
        assert (row["delivered_at"] is not None) == (state in {"delivered", "returned"})
        assert row["fulfilment_status"] == {"shipped": "fulfilled", "delivered": "fulfilled", "returned": "returned"}.get(
            state, "unfulfilled"
        )
        if parcel:
            assert row["payment_status"] in {"paid", "partially_refunded", "refunded"}
            assert (parcel["status"] == "delivered") == (state != "shipped") == (parcel["delivered_at"] is not None)
        if state == "processing":
            assert row["payment_status"] == "paid"


def test_shipments_hold_the_order_and_show_their_last_scan() -> None:
    lines, contents, scans = (
        grouped("order_lines", "order_id"),
        grouped("shipment_lines", "shipment_id"),
        grouped("tracking_events", "shipment_id"),
    )
    for parcel in rows("shipments"):
        assert {row["order_line_id"]: row["quantity"] for row in contents[parcel["id"]]} == {
            row["id"]: row["quantity"] for row in lines[parcel["order_id"]]
        }
        ordered = [scan["at"] for scan in scans[parcel["id"]]]
        assert ordered == sorted(ordered)
        assert scans[parcel["id"]][-1]["status"] == parcel["status"]


def test_stock_agrees_with_reservations_and_movements() -> None:
    reserved: Counter[tuple[UUID, UUID]] = Counter()
    moved: Counter[tuple[UUID, UUID]] = Counter()
    for row in rows("reservations"):
        reserved[row["variant_id"], row["warehouse_id"]] += row["quantity"] if row["status"] == "active" else 0
    for row in rows("stock_movements"):
        moved[row["variant_id"], row["warehouse_id"]] += row["delta"]
    for row in rows("stock_levels"):
        key = row["variant_id"], row["warehouse_id"]
        assert row["reserved"] == reserved.pop(key, 0) <= row["on_hand"] == moved.pop(key, 0)
    assert not +reserved
    assert not +moved


def test_about_eight_variants_of_the_first_shop_are_scarce() -> None:
    left: Counter[UUID] = Counter()
    for row in first_shop()["stock_levels"]:
        left[row["variant_id"]] += row["on_hand"] - row["reserved"]
    scarce = [row for row in first_shop()["variants"] if left[row["id"]] <= row["reorder_point"]]
    assert len(scarce) == 8
    assert sum(left[row["id"]] == 0 for row in scarce) == 2
    story = next(row for row in scarce if row["sku"] == "MST-FLT")
    assert (left[story["id"]], story["reorder_point"], story["mean_daily_sales"]) == (5, 10, 3.0)


def test_returns_are_in_every_state_and_agree_with_their_orders() -> None:
    states = Counter(row["status"] for row in first_shop()["returns"])
    assert set(states) == {status.value for status in ReturnStatus}
    assert min(states.values()) >= 3
    assert {row["type"] for row in rows("returns")} == {kind.value for kind in ReturnType}
    assert len({row["reason"] for row in rows("returns")}) >= 9
    orders, lines, back = by_id("orders"), by_id("order_lines"), grouped("return_lines", "return_id")
    paid = {row["order_id"]: row["refunded_minor"] for row in rows("payments")}
    for row in rows("returns"):
        owner = orders[row["order_id"]]
        assert owner["customer_id"] == row["customer_id"]
        assert owner["delivered_at"] < row["requested_at"]
        assert back[row["id"]]
        assert all(each["quantity"] <= lines[each["order_line_id"]]["quantity"] for each in back[row["id"]])
        assert row["policy_version"] == 1
        assert row["rule"].startswith("return_window.")
        assert (row["received_at"] is not None) == (
            row["status"] in {"received", "inspecting", "inspected", "refund_pending", "refunded", "completed"}
        )
        assert (row["refunded_minor"] > 0) <= (row["status"] in {"refund_pending", "refunded", "completed"})
        assert paid[row["order_id"]] == row["refunded_minor"]


def test_a_return_is_refunded_where_it_says_and_store_credit_at_once() -> None:
    refunds = {row["reason"]: row for row in first_shop()["payment_transactions"] if row["type"] == "refund"}
    wallets = {row["id"]: row for row in first_shop()["payment_methods"] if row["kind"] == "store_credit"}
    moved = {row["reference"]: row for row in first_shop()["balance_movements"]}
    paid = [row for row in first_shop()["returns"] if row["refunded_minor"]]
    assert {row["type"] for row in paid} == {"refund", "store_credit"}
    for row in paid:
        refund = refunds[f"return {row['number']}"]
        assert refund["amount_minor"] == row["refunded_minor"]
        assert (refund["state"] == "pending") == (row["status"] == "refund_pending")
        if row["type"] == "refund":
            assert refund["payment_method_id"] is None
            continue
        credit, given = wallets[refund["payment_method_id"]], moved[f"refund:{refund['id']}"]
        assert credit["customer_id"] == row["customer_id"]
        assert (given["payment_method_id"], given["delta_minor"]) == (credit["id"], row["refunded_minor"])


def test_returned_orders_have_a_settled_return_with_a_refund() -> None:
    settled = {row["order_id"]: row for row in rows("returns") if row["status"] in {"refunded", "completed"}}
    returned = [row for row in rows("orders") if row["status"] == "returned"]
    assert len(returned) > 10
    assert all(settled[row["id"]]["refunded_minor"] > 0 for row in returned)


def test_fraud_scores_are_the_sum_of_their_signals() -> None:
    checks = {row["order_id"]: row for row in rows("fraud_checks")}
    for row in rows("orders"):
        check = checks[row["id"]]
        assert check["score"] == min(sum(signal["points"] for signal in check["signals"]), 100)
        bound = {"approve": (0, 24), "flag": (25, 49), "review": (50, 74), "block": (75, 100)}[check["decision"]]
        assert bound[0] <= check["score"] <= bound[1]
        assert row["on_hold"] == (check["score"] >= 50 and check["reviewed_at"] is None)
        if row["on_hold"]:
            assert check["decision"] == "review"
            assert str(check["score"]) in row["hold_reason"]


def test_order_1042_is_on_hold_for_three_signals() -> None:
    held = order(1042)
    check = next(row for row in rows("fraud_checks") if row["order_id"] == held["id"])
    assert held["on_hold"]
    assert held["hold_reason"] == "Fraud review: score 60"
    assert (held["status"], held["payment_status"]) == ("confirmed", "authorized")
    assert held["placed_at"] == NOW - 2 * DAY
    assert {signal["signal"]: signal["points"] for signal in check["signals"]} == {"order_total": 20, "new_account": 30, "many_units": 10}
    assert "1,248.00" in check["signals"][0]["detail"]


def test_order_1017_holds_one_headset_and_something_else() -> None:
    row, lines = order(1017), lines_of(order(1017))
    headsets = [line for line in lines if "headset" in line["title"].lower()]
    assert (row["status"], row["delivered_at"]) == ("delivered", NOW - 6 * DAY)
    assert [(line["quantity"], line["category"]) for line in headsets] == [(1, "electronics")]
    assert 12_000 < headsets[0]["unit_price_minor"] < 18_000
    assert len(lines) == 2
    payment = next(each for each in rows("payments") if each["order_id"] == row["id"])
    assert (payment["method"], payment["captured_minor"]) == ("card", row["total_minor"])
    assert not [each for each in rows("returns") if each["order_id"] == row["id"]]


def test_customer_a_has_one_cancellable_order_one_in_transit_and_one_with_shoes() -> None:
    found = orders_of("alice@mail.example")
    assert Counter(row["status"] for row in found) == {"delivered": 2, "shipped": 1, "confirmed": 1}
    moving = next(row for row in found if row["status"] == "shipped")
    assert moving["promised_at"] == NOW + 2 * DAY
    shoes = [row for row in found if any(line["category"] == "shoes" for line in lines_of(row))]
    assert len(shoes) == 1
    assert shoes[0]["delivered_at"] == NOW - 10 * DAY
    assert sorted(line["quantity"] for line in lines_of(shoes[0])) == [1, 1]


def test_customer_b_has_one_order_in_transit_one_pending_and_recent_electronics() -> None:
    found = orders_of("bruno@mail.example")
    assert Counter(row["status"] for row in found) == {"delivered": 1, "shipped": 1, "pending": 1}
    delivered = next(row for row in found if row["status"] == "delivered")
    assert NOW - delivered["delivered_at"] == 5 * DAY
    assert {line["category"] for line in lines_of(delivered)} == {"electronics"}


def test_the_special_orders_belong_to_nobody_who_signs_in() -> None:
    signed_in = {row["customer_id"] for row in rows("users")}
    assert order(1017)["customer_id"] not in signed_in
    assert order(1042)["customer_id"] not in signed_in


def test_some_orders_are_stuck_in_each_way() -> None:
    kinds = stuck(first_shop())
    assert {kind: len(numbers) for kind, numbers in kinds.items()} == {"held": 2, "unshipped": 2, "silent": 2, "unpaid": 2}


def test_some_shipments_are_late_and_some_tickets_beyond_their_sla() -> None:
    late = [row for row in first_shop()["shipments"] if row["promised_at"] < NOW and row["delivered_at"] is None]
    assert len(late) >= 4
    overdue = [row for row in first_shop()["tickets"] if row["status"] in {"open", "in_progress"} and row["resolve_due_at"] < NOW]
    assert len(overdue) >= 4
    assert {row["status"] for row in first_shop()["tickets"]} == {status.value for status in TicketStatus}


def test_listings_have_errors_with_issues_and_mismatches() -> None:
    variants, channels = by_id("variants"), {row["id"]: row["code"] for row in rows("channels")}
    issues = {row["listing_id"] for row in rows("listing_issues") if row["status"] == "open"}
    listings = first_shop()["listings"]
    broken = [row for row in listings if row["status"] == ListingStatus.ERROR]
    assert len(broken) >= 3
    assert {channels[row["channel_id"]] for row in broken} == {"amazon"}
    assert all(row["id"] in issues for row in broken)
    prices = [row for row in listings if row["price_minor"] != variants[row["variant_id"]]["price_minor"]]
    assert [channels[row["channel_id"]] for row in prices] == ["ebay", "ebay"]


def test_articles_leave_the_figures_to_the_policy() -> None:
    own = [row for row in first_shop()["articles"] if row["category"] != "policy"]
    assert len(own) == 33
    assert sum(row["visibility"] == "internal" for row in own) >= 3
    for row in own:
        assert 80 <= len(row["body"].split()) <= 250, row["slug"]
        assert "{" not in row["body"]
        assert not re.search(r"\d+\s*(days?|%|per cent|€|EUR)", row["body"]), row["slug"]
    policy = [row for row in first_shop()["articles"] if row["category"] == "policy"]
    assert [(row["slug"], row["policy_version"], row["visibility"]) for row in policy] == [("returns-policy", 1, "public")]


def test_a_few_reviews_are_hostile() -> None:
    assert sum("Ignore previous instructions" in row["body"] for row in first_shop()["reviews"]) == 1


def test_counters_hold_the_last_numbers() -> None:
    last = {row["series"]: row["last"] for row in first_shop()["counters"]}
    for series, table in (
        ("order", "orders"),
        ("return", "returns"),
        ("ticket", "tickets"),
        ("warranty", "warranty_claims"),
        ("inspection", "inspections"),
        ("purchase_order", "purchase_orders"),
        ("alert", "alerts"),
        ("application", "merchant_applications"),
    ):
        assert last[series] == max(int(row["number"].split("-")[-1]) for row in first_shop()[table])


def test_users_can_sign_in_and_customers_are_linked() -> None:
    users = {row["email"]: row for row in rows("users")}
    assert set(users) == {user.email for user in ALL_USERS}
    for user in SIGN_INS:
        assert users[user.email]["password_hash"] == f"hash of {user.password}"
        assert (users[user.email]["customer_id"] is not None) == (user.role == "customer")
