"""How a discount on an order is shared by its lines, so that each line is worth exactly what was paid for it."""

from collections.abc import Sequence


def net_of_discount(gross: Sequence[int], discount: int) -> list[int]:
    """Return what was paid for each line, given the lines' gross amounts and the order's discount, in minor units.

    Shares are proportional; the minor units that rounding leaves go to the largest remainders, so that the sum is exact.
    """
    total = sum(gross)
    if total <= 0 or discount <= 0:
        return list(gross)
    kept = max(total - discount, 0)
    shares = [amount * kept // total for amount in gross]
    by_remainder = sorted(range(len(gross)), key=lambda index: (-(gross[index] * kept % total), index))
    for index in by_remainder[: kept - sum(shares)]:
        shares[index] += 1
    return shares
