"""Orders that the demo relies on: the known customers', the stuck, the late, and a return in every state."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from core.statuses import CancelReason, ReturnReason, ReturnStatus
from store.seed.catalogue import Catalogue, Good
from store.seed.chance import comeback, courier, depot
from store.seed.model import Shop
from store.seed.people import ALICE, BRUNO, CLARA, DAMIAN, People, Person
from store.seed.plan import RETURN_STEPS, Plan, Signal, Times

FIRST_NUMBER = 1001
HEADSET_ORDER = 1017
HELD_ORDER = 1042
_VELOCITY = Signal("order_velocity", 40, "4 orders in 1 h are more than 3")
_METHODS = Signal("payment_method_changes", 15, "3 payment methods in 7 days are more than 2")
_RETURN_REASONS = tuple(reason for reason in ReturnReason if reason is not ReturnReason.OTHER)
"""A return for another reason needs a person; here those are the rejected ones."""
_RETURN_CATEGORIES = ("electronics", "home", "clothing", "shoes", "furniture")


class Specials:
    """The special plans of a shop, by the position of their order in the shop's sequence."""

    def __init__(self, shop: Shop, people: People, catalogue: Catalogue) -> None:
        self._shop, self._people, self._catalogue, self._rng = shop, people, catalogue, shop.rng("specials")
        self.plans: dict[int, Plan] = {}
        if shop.first:
            self.plans[HEADSET_ORDER - FIRST_NUMBER] = self._headset_order()
            self.plans[HELD_ORDER - FIRST_NUMBER] = self._held_order()
            self._place(self._customer_a(), self._customer_b())
        self._place(self._stuck(), self._late(), self._returns(3 if shop.first else 1))

    def _place(self, *groups: Iterator[Plan]) -> None:
        """Give each plan the free position nearest to where its date belongs."""
        span = timedelta(days=self._shop.size.days)
        for plan in (plan for group in groups for plan in group):
            wanted = int((1 - (self._shop.now - plan.times.placed) / span) * self._shop.orders)
            free = (each for step in range(self._shop.orders) for each in (wanted + step, wanted - step))
            self.plans[next(each for each in free if 0 <= each < self._shop.orders and each not in self.plans)] = plan

    def _at(self, days_ago: float | None) -> datetime | None:
        return None if days_ago is None else self._shop.now - timedelta(days=days_ago)

    def _times(
        self,
        placed: float,
        confirmed: float | None = None,
        processing: float | None = None,
        shipped: float | None = None,
        promised: float | None = None,
        arrives: float | None = None,
        **more: float,
    ) -> Times:
        """Return a schedule given in days before now; negative ones lie ahead."""
        steps = [self._at(days) for days in (confirmed, processing, shipped, promised, arrives)]
        extra = {name: self._at(days) for name, days in more.items()}
        return Times(self._shop.now - timedelta(days=placed), *steps, **extra)

    def _delivered(self, placed: float, arrived: float) -> Times:
        return self._times(placed, placed - 0.02, placed - 0.4, placed - 1.1, arrived - 0.5, arrived)

    def _plan(self, buyer: Person, lines: list[tuple[Good, int]], times: Times, **more: object) -> Plan:
        return Plan(buyer, tuple(lines), times, courier(self._rng), depot(self._rng), **more)  # pyright: ignore[reportArgumentType]

    def _anybody(self, placed: float) -> Person:
        return self._people.somebody(self._rng, self._shop.now - timedelta(days=placed + 2))

    def _goods(self, category: str, skip: int = 0) -> Good:
        return self._catalogue.first_of(category, skip=skip)

    def _held_order(self) -> Plan:
        """Twelve units for more than a thousand, from an account that was hours old."""
        lines = [
            (self._goods("electronics", 2), 6),
            (self._goods("electronics", 3), 4),
            (self._goods("electronics", 1), 1),
            (self._goods("electronics", 5), 1),
        ]
        return self._plan(self._people.everyone[DAMIAN], lines, self._times(2.0, 1.99, promised=-2.0), hold=True)

    def _headset_order(self) -> Plan:
        lines = [(self._goods("electronics"), 1), (self._goods("home", 4), 1)]
        return self._plan(self._people.everyone[CLARA], lines, self._delivered(9.5, 6.0), label="Visa ending 4242")

    def _customer_a(self) -> Iterator[Plan]:
        alice = self._people.everyone[ALICE]
        yield self._plan(alice, [(self._goods("home", 2), 1), (self._goods("home"), 1)], self._times(3.2, 3.18, 2.8, 1.6, -2.0, -1.8))
        yield self._plan(alice, [(self._goods("clothing", 1), 2)], self._times(0.3, 0.29, promised=-4.0), label="Visa ending 1881")
        yield self._plan(alice, [(self._goods("shoes", 1), 1), (self._goods("home", 5), 1)], self._delivered(13.6, 10.0))
        yield self._plan(alice, [(self._goods("electronics", 5), 1)], self._delivered(41.0, 37.0), method="paypal", label="PayPal account")

    def _customer_b(self) -> Iterator[Plan]:
        bruno = self._people.everyone[BRUNO]
        yield self._plan(
            bruno, [(self._goods("clothing"), 1)], self._times(4.1, 4.0, 3.6, 2.4, -1.0, -0.8), method="paypal", label="PayPal account"
        )
        yield self._plan(bruno, [(self._goods("electronics", 4), 1), (self._goods("electronics", 6), 1)], self._delivered(8.4, 5.0))
        yield self._plan(bruno, [(self._goods("home", 6), 1)], self._times(0.1, promised=-5.0))

    def _stuck(self) -> Iterator[Plan]:
        """Held over a day, paid but unshipped for days, silent parcels, failed payments; the second shop has two of them."""
        chair, boots = self._goods("furniture", 1), self._goods("shoes", 2)
        held = {"hold": True, "declines": 3}
        yield self._plan(self._anybody(1.6), [(chair, 1)], self._times(1.6, 1.59, promised=-3.0), signals=(_VELOCITY,), **held)
        yield self._plan(self._anybody(5.2), [(boots, 1)], self._times(5.2, 5.18, 4.9, promised=-0.5))
        if not self._shop.first:
            return
        yield self._plan(self._anybody(4.3), [(chair, 2)], self._times(4.3, 4.28, 4.1, promised=0.6))
        yield self._plan(
            self._anybody(0.25), [(boots, 2)], self._times(0.25, 0.24, promised=-4.0), signals=(_VELOCITY, _METHODS), hold=True
        )
        yield self._plan(self._anybody(14.0), [(boots, 1)], self._times(14.0, 13.9, 13.5, 12.2, 7.0, silent=8.5))
        yield self._plan(self._anybody(11.0), [(chair, 1)], self._times(11.0, 10.9, 10.5, 9.4, 5.0, silent=6.2))
        for placed in (1.7, 2.6):
            times = self._times(placed, promised=placed - 6)
            yield self._plan(
                self._anybody(placed), [(self._goods("home", 3), 1)], times, unpaid=True, cancel_reason=CancelReason.PAYMENT_FAILED
            )

    def _late(self) -> Iterator[Plan]:
        """Parcels past their promised date; the first cannot find its address."""
        yield self._plan(self._anybody(8), [(self._goods("furniture", 2), 1)], self._times(8.0, 7.9, 7.5, 6.6, 1.6, -1.0, trouble=0.9))
        for step in range(3 if self._shop.first else 1):
            placed = 7.5 + step
            times = self._times(placed, placed - 0.1, placed - 0.5, placed - 1.4, 1.1 + step * 0.4, -0.4)
            yield self._plan(self._anybody(placed), [(self._goods("clothing", 2 + step), 1)], times)

    def _returns(self, each: int) -> Iterator[Plan]:
        """Returns in every state, `each` times, with reasons and categories that vary."""
        for position, status in enumerate(ReturnStatus):
            for variation in range(each):
                yield self._returned(
                    self._rng, status, position + variation, _RETURN_REASONS[(position * each + variation) % len(_RETURN_REASONS)]
                )

    def _returned(self, rng: Random, status: ReturnStatus, turn: int, reason: ReturnReason) -> Plan:
        category = _RETURN_CATEGORIES[turn % len(_RETURN_CATEGORIES)]
        if status is ReturnStatus.REJECTED:
            reason = ReturnReason.OTHER
        elif reason is ReturnReason.SIZE_FIT:
            category = ("clothing", "shoes")[turn % 2]
        good = self._goods(category, turn)
        requested = self._shop.now - RETURN_STEPS[status] - timedelta(hours=rng.uniform(2, 22))
        arrived = (self._shop.now - requested) / timedelta(days=1) + rng.uniform(0.6, 5)
        back = comeback(rng, self._catalogue, good, status, reason, requested, whole=turn % 2 == 1, swap=turn % 2 == 0)
        return self._plan(self._anybody(arrived + 4), [(good, 1 + turn % 2)], self._delivered(arrived + 3.4, arrived), comeback=back)
