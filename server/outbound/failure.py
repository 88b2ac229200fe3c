"""Why a provider could not be asked, or said no."""


class ProviderDown(Exception):
    """It cannot be reached, is busy, or answered nonsense: the same request may be sent again later.

    `retry_after` is what it asked us to wait, in seconds. The message is for operators and holds neither hosts nor keys.
    """

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class ProviderRefused(Exception):
    """It understood and said no: the same request will be refused again. The message is the provider's."""

    def __init__(self, reason: str, *, code: str = "refused") -> None:
        super().__init__(reason)
        self.reason = reason[:300]
        self.code = code
