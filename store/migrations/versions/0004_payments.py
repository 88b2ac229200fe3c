"""Payments: methods on file, balances as movements, refunds to a chosen method, changes of an order's items."""

import sqlalchemy as sa
from alembic import op

from store.rls import cover

revision = "0004"
down_revision = "0003"

_TABLES = ("payment_methods", "balance_movements", "order_changes", "order_change_lines")
_METHOD_COLUMNS = ("payments", "payment_transactions", "returns")

_BALANCE = """
CREATE FUNCTION sum_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  method payment_methods%ROWTYPE;
BEGIN
  SELECT * INTO method FROM payment_methods m WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.payment_method_id FOR NO KEY UPDATE;
  IF method.kind NOT IN ('gift_card', 'store_credit') THEN RAISE EXCEPTION 'a % holds no balance', method.kind USING ERRCODE = '23514'; END IF;
  UPDATE payment_methods m SET balance_minor = (
    SELECT coalesce(sum(b.delta_minor), 0) FROM balance_movements b
    WHERE b.tenant_id = NEW.tenant_id AND b.payment_method_id = NEW.payment_method_id)
  WHERE m.tenant_id = NEW.tenant_id AND m.id = NEW.payment_method_id RETURNING * INTO method;
  IF method.kind = 'store_credit' THEN
    UPDATE customers c SET store_credit_minor = method.balance_minor WHERE c.tenant_id = method.tenant_id AND c.id = method.customer_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER balance_movements_sum AFTER INSERT ON balance_movements FOR EACH ROW EXECUTE FUNCTION sum_balance();
"""

_OPENING = """
WITH credit AS (
  INSERT INTO payment_methods (tenant_id, id, customer_id, kind, reference, currency, balance_minor, active, created_at)
  SELECT c.tenant_id, gen_random_uuid(), c.id, 'store_credit', 'credit-' || c.id, t.currency, 0, true, c.created_at
  FROM customers c JOIN tenants t ON t.id = c.tenant_id WHERE c.store_credit_minor > 0
  RETURNING tenant_id, id, customer_id, created_at)
INSERT INTO balance_movements (tenant_id, id, payment_method_id, delta_minor, reason, reference, created_at)
SELECT m.tenant_id, gen_random_uuid(), m.id, c.store_credit_minor, 'opening balance', 'opening', m.created_at
FROM credit m JOIN customers c ON c.tenant_id = m.tenant_id AND c.id = m.customer_id
"""


def _to(columns: list[str], table: str, on_delete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id", *columns], [f"{table}.tenant_id", f"{table}.id"], ondelete=on_delete)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "payment_methods",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("reference", sa.String(length=60), nullable=False),
        sa.Column("brand", sa.String(length=20), nullable=True),
        sa.Column("last_four", sa.String(length=4), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("balance_minor", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('card', 'paypal', 'gift_card', 'store_credit')", name="payment_methods_kind_check"),
        sa.CheckConstraint("balance_minor >= 0", name="payment_methods_balance_check"),
        sa.CheckConstraint("balance_minor = 0 OR kind IN ('gift_card', 'store_credit')", name="payment_methods_holds_check"),
        _to(["customer_id"], "customers", "CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "reference"),
    )
    op.create_index(op.f("ix_payment_methods_customer_id"), "payment_methods", ["customer_id"], unique=False)
    op.create_index(
        "payment_methods_one_credit_idx",
        "payment_methods",
        ["tenant_id", "customer_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'store_credit'"),
    )
    op.create_table(
        "balance_movements",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_method_id", sa.Uuid(), nullable=False),
        sa.Column("delta_minor", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("reference", sa.String(length=240), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("delta_minor <> 0", name="balance_movements_delta_check"),
        _to(["payment_method_id"], "payment_methods", "CASCADE"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        sa.UniqueConstraint("tenant_id", "payment_method_id", "reference"),
    )
    op.create_table(
        "order_changes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("difference_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payment_method_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _to(["order_id"], "orders", "CASCADE"),
        _to(["payment_method_id"], "payment_methods"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(op.f("ix_order_changes_order_id"), "order_changes", ["order_id"], unique=False)
    op.create_table(
        "order_change_lines",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_change_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("old_variant_id", sa.Uuid(), nullable=False),
        sa.Column("new_variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("old_price_minor", sa.Integer(), nullable=False),
        sa.Column("new_price_minor", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0 AND old_price_minor >= 0 AND new_price_minor >= 0", name="order_change_lines_quantity_check"),
        _to(["order_change_id"], "order_changes", "CASCADE"),
        _to(["order_line_id"], "order_lines", "CASCADE"),
        _to(["old_variant_id"], "variants"),
        _to(["new_variant_id"], "variants"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
    )
    op.create_index(op.f("ix_order_change_lines_order_change_id"), "order_change_lines", ["order_change_id"], unique=False)
    for table in _METHOD_COLUMNS:
        op.add_column(table, sa.Column("payment_method_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(
            f"{table}_payment_method_fkey",
            table,
            "payment_methods",
            ["tenant_id", "payment_method_id"],
            ["tenant_id", "id"],
            ondelete="RESTRICT",
        )
        op.create_index(
            f"{table}_method_idx", table, ["payment_method_id"], unique=False, postgresql_where=sa.text("payment_method_id IS NOT NULL")
        )
    op.add_column("returns", sa.Column("difference_minor", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("addresses", sa.Column("region", sa.String(length=80), nullable=True))
    op.create_check_constraint("customers_store_credit_check", "customers", "store_credit_minor >= 0")
    op.create_index(
        "payment_transactions_failed_idx",
        "payment_transactions",
        ["tenant_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.execute(_BALANCE)
    op.execute(_OPENING)
    for table in _TABLES:
        for statement in cover(table):
            op.execute(statement)
    op.execute("REVOKE UPDATE, DELETE ON balance_movements FROM storehand_app")


def downgrade() -> None:
    """Take back."""
    op.drop_index("payment_transactions_failed_idx", table_name="payment_transactions")
    op.drop_constraint("customers_store_credit_check", "customers")
    op.drop_column("addresses", "region")
    op.drop_column("returns", "difference_minor")
    for table in _METHOD_COLUMNS:
        op.drop_index(f"{table}_method_idx", table_name=table)
        op.drop_constraint(f"{table}_payment_method_fkey", table)
        op.drop_column(table, "payment_method_id")
    op.drop_table("order_change_lines")
    op.drop_table("order_changes")
    op.drop_table("balance_movements")
    op.drop_table("payment_methods")
    op.execute("DROP FUNCTION sum_balance")
