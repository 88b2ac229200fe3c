"""Customers: found by the other system's id, else by e-mail address; added or brought up to date."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from core.ids import new_id
from store.importing import values
from store.importing.batch import Batch, Outcome, write_all
from store.importing.reading import Record, Refused
from store.unit import Tx

_UPSERT = text(
    """
    WITH wanted AS (
      SELECT * FROM jsonb_to_recordset(cast(:rows AS jsonb))
        AS w(id uuid, email text, name text, phone text, external_id text, created_at timestamptz)
    ), known AS (
      UPDATE customers c SET email = w.email, name = w.name, phone = coalesce(nullif(w.phone, ''), c.phone),
        external_id = coalesce(nullif(w.external_id, ''), c.external_id)
      FROM wanted w WHERE c.tenant_id = :tenant AND c.id = coalesce(
        (SELECT k.id FROM customers k WHERE k.tenant_id = :tenant AND k.external_id = w.external_id AND w.external_id <> ''),
        (SELECT k.id FROM customers k WHERE k.tenant_id = :tenant AND k.email = w.email))
      RETURNING w.id AS wanted, c.id
    ), fresh AS (
      INSERT INTO customers (tenant_id, id, email, name, phone, loyalty_tier, store_credit_minor, created_at, external_id)
      SELECT :tenant, w.id, w.email, w.name, nullif(w.phone, ''), 'bronze', 0, w.created_at, w.external_id
      FROM wanted w WHERE w.id NOT IN (SELECT wanted FROM known) RETURNING id
    )
    SELECT wanted, id, false AS added FROM known UNION ALL SELECT id, id, true FROM fresh
    """
)
_ADDRESS = text(
    """
    INSERT INTO addresses (tenant_id, id, customer_id, name, line1, line2, city, postal_code, country)
    SELECT :tenant, gen_random_uuid(), w.customer_id, w.name, w.line1, nullif(w.line2, ''), w.city, w.postal_code, w.country
    FROM jsonb_to_recordset(cast(:rows AS jsonb))
      AS w(customer_id uuid, name text, line1 text, line2 text, city text, postal_code text, country text)
    WHERE NOT EXISTS (SELECT 1 FROM addresses a WHERE a.tenant_id = :tenant AND a.customer_id = w.customer_id)
    """
)


async def store(tx: Tx, records: Sequence[Record]) -> Outcome:
    """Add or update the customers of some records."""
    batch = Batch[dict[str, Any]]()
    for record in records:
        batch.read(record, lambda each: _customer(tx, each), lambda row: (row["email"],))
    return await write_all(tx, batch, _write)


async def _write(tx: Tx, rows: list[dict[str, Any]]) -> tuple[int, int]:
    plain = [{name: value for name, value in row.items() if name != "address"} for row in rows]
    found = (await tx.connection.execute(_UPSERT, {"tenant": tx.tenant_id, "rows": Batch.json(plain)})).all()
    ids = {str(row.wanted): row.id for row in found}
    homes = [{**row["address"], "customer_id": ids[row["id"]]} for row in rows if row["address"]["line1"] and row["id"] in ids]
    if homes:
        await tx.connection.execute(_ADDRESS, {"tenant": tx.tenant_id, "rows": Batch.json(homes)})
    added = sum(row.added for row in found)
    return added, len(found) - added


def _customer(tx: Tx, record: Record) -> dict[str, Any]:
    row = record.head
    address = values.email(row)
    name = " ".join(part for part in (row.get("First Name", ""), row.get("Last Name", "")) if part)[:120] or address.partition("@")[0]
    country = values.text(row, "Default Address Country Code", 2).upper()
    if len(record.rows) > 1:
        raise Refused("Email", f"{address} stands in several rows", "keep one row a customer", row=1)
    return {
        "id": str(new_id()),
        "email": address,
        "name": name,
        "phone": values.text(row, "Phone", 40).lstrip("'"),
        "external_id": values.text(row, "Customer ID", 60).lstrip("'"),
        "created_at": (values.instant_or_none(row, "Created at") or tx.now).isoformat(),
        "address": {
            "name": name,
            "line1": values.text(row, "Default Address Address1", 160),
            "line2": values.text(row, "Default Address Address2", 160),
            "city": values.text(row, "Default Address City", 80),
            "postal_code": values.text(row, "Default Address Zip", 16).lstrip("'"),
            "country": country,
        },
    }
