"""The payment provider: movements of money with magic cards and amounts.

A method that ends in 0002 or in `declined` is declined. Of authorizations, captures and refunds these amounts (minor units) are magic:
40002 declined, 40005 never decided, 40009 decided after ten times the usual wait.
"""

from typing import Any

from server.simulator.behaviour import World
from server.simulator.reporting import Reporter
from server.simulator.rest import Asked, Refusal

_NEVER, _SLOW = 40005, 40009
_KINDS = frozenset({"authorization", "capture", "charge", "void", "refund"})


class Payments:
    """Takes movements and decides them later."""

    def __init__(self, world: World, reporter: Reporter) -> None:
        self._world = world
        self._reporter = reporter

    def submit(self, asked: Asked) -> dict[str, Any]:
        """Take a movement; the answer is `pending` unless the simulator decides at once."""
        body = asked.body
        kind, minor = str(body.get("kind")), int(body.get("amount", {}).get("minor", 0))
        if kind not in _KINDS or minor <= 0 or not body.get("payment"):
            raise Refusal(422, "invalid_request", "kind, payment and a positive amount are needed")
        if kind == "refund" and self._left(asked.account, str(body["payment"])) < minor:
            raise Refusal(422, "amount_too_large", "the refund is more than what was captured")
        movement: dict[str, Any] = {
            "id": self._world.number("mv"),
            "account": asked.account,
            "kind": kind,
            "transaction": str(body.get("transaction", "")),
            "payment": str(body["payment"]),
            "amount": body["amount"],
            "method": str(body.get("method", "")),
            "state": "pending",
            "reason": "",
        }
        self._world.movements[movement["id"]] = movement
        wait = self._world.behaviour.decide_seconds
        if wait == 0 and minor != _NEVER:
            self._settle(movement)
        elif minor != _NEVER:
            self._reporter.later(wait * (10 if minor == _SLOW else 1), lambda: self.decide(movement["id"]))
        return shown(movement)

    def look_up(self, account: str, reference: str) -> dict[str, Any]:
        """Return how a movement stands."""
        movement = self._world.movements.get(reference)
        if movement is None or movement["account"] != account:
            raise Refusal(404, "unknown_movement", "there is no such movement")
        return shown(movement)

    async def decide(self, reference: str) -> None:
        """Decide a movement and report it."""
        movement = self._world.movements.get(reference)
        if movement is None or movement["state"] != "pending":
            return
        self._settle(movement)
        self._reporter.report(movement["account"], "payments", f"movement.{movement['state']}", shown(movement))

    def _settle(self, movement: dict[str, Any]) -> None:
        declined = self._world.declines(movement["amount"]["minor"]) or movement["method"].endswith(("0002", "declined"))
        movement["state"] = "failed" if declined else "succeeded"
        movement["reason"] = "the card was declined" if declined else ""

    def _left(self, account: str, payment: str) -> int:
        """Return what can be refunded on a payment; one that was captured before the simulator knew it has no limit here."""
        sums = {"capture": 0, "charge": 0, "refund": 0}
        for movement in self._world.movements.values():
            if (
                (movement["account"], movement["payment"]) == (account, payment)
                and movement["state"] != "failed"
                and movement["kind"] in sums
            ):
                sums[movement["kind"]] += movement["amount"]["minor"]
        captured = sums["capture"] + sums["charge"]
        return captured - sums["refund"] if captured else 10**12


def shown(movement: dict[str, Any]) -> dict[str, Any]:
    """Return what an account sees of a movement."""
    return {key: value for key, value in movement.items() if key != "account"}
