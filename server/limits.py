"""How fast one caller may ask. Buckets are shared by all servers; while Valkey is down the chat goes on without them."""

import asyncio

from core.errors import RateLimited, Unavailable
from core.identity import Principal
from core.log import get_logger
from core.settings import Http
from memory.cache import RateLimiter, key

_log = get_logger(__name__)
_SIGN_INS_A_SECOND = 0.1
_SIGN_INS_AT_ONCE = 10.0
_HASHES_AT_ONCE = 4
"""Each password hash takes 64 MiB: a flood of sign-ins must not take all memory."""

_FILES_AT_ONCE = 1
"""A file that is read keeps a core busy, and may unpack to 200 MB."""


class Limits:
    """The limits of the API."""

    def __init__(self, limiter: RateLimiter, options: Http) -> None:
        self._limiter = limiter
        self._options = options
        self._down = False
        self.hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self.reading = asyncio.Semaphore(_FILES_AT_ONCE)

    async def request(self, principal: Principal) -> None:
        """Count a request that costs work.

        Raises:
            RateLimited: the caller asks faster than anybody needs to.
        """
        bucket = key(principal.tenant_id, "requests", principal.user_id)
        await self._take(bucket, self._options.requests_a_second, self._options.requests_at_once, "too many requests")

    async def sign_in(self, email: str, address: str) -> None:
        """Count an attempt to sign in, by e-mail address and network address.

        Raises:
            RateLimited: passwords are being guessed.
        """
        await self._take(key(None, "sign-in", email, address), _SIGN_INS_A_SECOND, _SIGN_INS_AT_ONCE, "too many attempts to sign in")

    async def _take(self, bucket: str, rate: float, burst: float, what: str) -> None:
        try:
            wait = await self._limiter.take(bucket, rate, burst)
        except Unavailable as error:
            if not self._down:
                _log.warning("rate limits are off until Valkey is back", error=error.message)
            self._down = True
            return
        self._down = False
        if wait > 0:
            raise RateLimited(f"{what}; try again in {wait:.0f} s" if wait >= 1 else f"{what}; try again shortly", retry_after=wait)
