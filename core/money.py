"""Money: an integer of minor units and an ISO 4217 currency. Never a float."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 currency code, such as EUR")]

_ZERO_DECIMAL = frozenset({"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"})
_THREE_DECIMAL = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were combined."""


def exponent(currency: str) -> int:
    """Return the number of decimals of a currency's minor unit (ISO 4217)."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


class Money(BaseModel):
    """An exact amount: `minor` units (cents) of `currency`. May be negative."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minor: int = Field(description="Amount in minor units, for example cents: 12.50 EUR is 1250")
    currency: CurrencyCode

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return no money of `currency`."""
        return cls(minor=0, currency=currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Read a decimal such as `12.5` or `1 012,50` of `currency`.

        Raises:
            ValueError: `text` is no decimal, or has more decimals than the currency.
        """
        plain = text.strip().replace(" ", "").replace("\u00a0", "")
        if "," in plain and "." not in plain:
            plain = plain.replace(",", ".")
        plain = plain.replace(",", "")
        try:
            value = Decimal(plain).scaleb(exponent(currency))
        except InvalidOperation as error:
            raise ValueError(f"amount: {text!r} is not a number; write it like 12.50") from error
        if value != value.to_integral_value():
            raise ValueError(f"amount: {text!r} has more decimals than {currency} allows ({exponent(currency)})")
        return cls(minor=int(value), currency=currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(minor=self.minor + self._same(other).minor, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(minor=self.minor - self._same(other).minor, currency=self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(minor=self.minor * times, currency=self.currency)

    def __neg__(self) -> "Money":
        return Money(minor=-self.minor, currency=self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other).minor

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other).minor

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other).minor

    def __str__(self) -> str:
        digits = exponent(self.currency)
        value = Decimal(self.minor).scaleb(-digits)
        symbol = _SYMBOLS.get(self.currency)
        sign = "-" if value < 0 else ""
        return f"{sign}{symbol}{abs(value):,.{digits}f}" if symbol else f"{value:,.{digits}f} {self.currency}"

    def plain(self) -> str:
        """Return the amount as other programs write it, such as 1012.50."""
        digits = exponent(self.currency)
        return f"{Decimal(self.minor).scaleb(-digits):.{digits}f}"

    def percent(self, rate: Decimal) -> "Money":
        """Return `rate` per cent of this amount, rounded half up to a whole minor unit."""
        exact = Decimal(self.minor) * rate / 100
        return Money(minor=int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), currency=self.currency)

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be combined; convert one first")
        return other
