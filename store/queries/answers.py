"""Answers kept under an idempotency key: claimed, given and stored in the transaction of what they answer."""

from store.unit import Tx

_CLAIM = (
    "INSERT INTO kept_answers (tenant_id, id, user_id, customer_id, key, request_hash, body, created_at) "
    "VALUES (%s, gen_random_uuid(), %s, %s, %s, %s, '', %s) ON CONFLICT (tenant_id, user_id, key) DO NOTHING RETURNING 1"
)
_READ = "SELECT request_hash, body FROM kept_answers WHERE tenant_id = %s AND user_id = %s AND key = %s"
_SETTLE = "UPDATE kept_answers SET body = %s WHERE tenant_id = %s AND user_id = %s AND key = %s"


async def claim(tx: Tx, key: str, request_hash: str) -> tuple[str, bytes] | None:
    """Claim `key` of the caller for this transaction; return the hash and the answer of who had it before.

    A concurrent claim waits here until the other transaction ends.
    """
    who = tx.principal
    if await tx.run(_CLAIM, (tx.tenant_id, who.user_id, who.customer_id, key, request_hash, tx.now)):
        return None
    [(known, body)] = await tx.run(_READ, (tx.tenant_id, who.user_id, key))
    return str(known), bytes(body)


async def settle(tx: Tx, key: str, body: bytes) -> None:
    """Store the answer of a claimed key."""
    await tx.run(_SETTLE, (body, tx.tenant_id, tx.principal.user_id, key))
