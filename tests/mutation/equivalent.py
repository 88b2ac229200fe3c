"""Faults that change nothing anybody could see, by module and by the faulty line, with the reason for each."""

from collections.abc import Mapping

_LAST_PART = "the last part is the same however often a name is split"
_NO_OFFERS = "without a value there is none to normalise, so its bounds do not matter"
_NOBODY_ASSIGNS = "frozen and slots keep code honest and small; what runs never assigns to it"

EQUIVALENT: Mapping[str, Mapping[str, str]] = {
    "tools/policy/carriers.py": {
        "least, most = (min(values, default=1), max(values, default=0))": _NO_OFFERS,
        "least, most = (min(values, default=0), max(values, default=1))": _NO_OFFERS,
    },
    "tools/policy/figures.py": {
        "_RANK = {Role.CUSTOMER: 0, Role.STAFF: 1, Role.MANAGER: 2, Role.OWNER: 4}": "only the order of the ranks counts",
        "unit = name.rsplit('_', 2)[-1]": _LAST_PART,
        "yield _leaf(value, path, labels, loosens, path.rsplit('.', 2)[-1], currency)": _LAST_PART,
        "yield _leaf(item, step(path, key), [*labels, key], loosens, path.rsplit('.', 2)[-1], currency)": _LAST_PART,
    },
    "tools/policy/pricing.py": {
        "return Money(minor=int((Decimal(cost.minor) / share).quantize(Decimal(2), rounding=ROUND_UP)), currency=cost.currency)": (
            "only the exponent of what is rounded to counts"
        ),
    },
    "tools/policy/returns.py": {
        "what = 'To pay' if due.difference.minor >= 0 else 'To be refunded'": "a difference of nothing is left out before",
    },
    "tools/policy/shares.py": {
        "if total <= 0 or discount < 0:": "a discount of nothing leaves every share what it was",
    },
    "tools/executor.py": {
        "@dataclass(frozen=False, slots=True)": _NOBODY_ASSIGNS,
        "@dataclass(frozen=True, slots=False)": _NOBODY_ASSIGNS,
        "for item in error.errors(include_url=True)[:5]:": "the address of an explanation is not shown",
    },
}
