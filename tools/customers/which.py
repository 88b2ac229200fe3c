"""Which customer somebody means by an e-mail address or a name."""

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
