"""Which customer is meant: customers mean themselves, staff name somebody by an e-mail address or a name."""

from core.errors import InvalidInput, NotFound
from store.queries import customers
from store.tables.customers import Customer
from store.unit import ReadTx


async def one_customer(tx: ReadTx, wanted: str, *, lock: bool = False) -> Customer:
    """Return the one customer that `wanted` means, locked when `lock`.

    Raises:
        NotFound, InvalidInput: nobody fits, or several do; the message lists them.
    """
    found = await customers.match(tx, wanted)
    if not found:
        raise NotFound("customer", wanted)
    if len(found) > 1:
        names = ", ".join(f"{each.name} ({each.email})" for each in found)
        raise InvalidInput(f"“{wanted}” fits several customers; which one: {names}?", field="customer", code="customer_unclear")
    return await customers.locked(tx, found[0].id) if lock else found[0]


async def meant(tx: ReadTx, wanted: str | None, *, lock: bool = False) -> Customer:
    """Return the customer that a call is about, locked when `lock`: a customer's own row when nobody is named.

    Raises:
        NotFound, InvalidInput: as above; staff must name somebody.
    """
    own = tx.principal.customer_id
    if wanted is None and own is not None:
        return await customers.by_id(tx, own, lock=lock)
    if wanted is None:
        raise InvalidInput("say which customer, by e-mail address or name", field="customer")
    return await one_customer(tx, wanted, lock=lock)
