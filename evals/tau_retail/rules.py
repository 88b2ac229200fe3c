"""The domain's rules as a tenant's policy. What the two published versions of its tools do differently is a figure here."""

from enum import IntEnum

from core.statuses import OrderStatus
from evals.tau_retail.world import REASONS
from tools.policy import Policy
from tools.policy.cancellation import CancellationPolicy
from tools.policy.order_changes import OrderChangePolicy, Step
from tools.policy.returns import CategoryRule, RefundTo, ReturnPolicy

_ALWAYS = 36_500
"""Days in a hundred years: the domain knows no return window."""


class Version(IntEnum):
    """Which of the two published sets of tools a row was recorded with."""

    FIRST = 1
    SECOND = 2


def policy(version: Version) -> Policy:
    """Return the rules of the domain.

    Both versions end cancellation and further changes of items once items were changed; the second still lets address and payment
    change, and asks of a change of items that the variant is another one.
    """
    first = version is Version.FIRST
    return Policy(
        returns=ReturnPolicy(
            categories={},
            general=CategoryRule(window_days=_ALWAYS),
            fault_window_days=3650,
            shipping_fee_minor=0,
            refund_to=(RefundTo.ORIGINAL, RefundTo.GIFT_CARD),
            once_per_order=True,
            exchange_for_same_variant=True,
        ),
        cancellation=CancellationPolicy(customer_reasons=tuple(REASONS.values())),
        order_changes=OrderChangePolicy(
            statuses=(OrderStatus.PENDING,),
            item_changes=1,
            same_variant=first,
            after_item_change=() if first else (Step.ADDRESS, Step.PAYMENT),
        ),
    )
