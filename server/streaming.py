"""A streaming response that keeps idle connections alive and gives up on readers that do not read."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress

from prometheus_client import Gauge
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.errors import StorehandError
from core.log import get_logger

_log = get_logger(__name__)
_BEAT_SECONDS = 5.0
_SEND_SECONDS = 15.0
"""A reader that takes nothing for this long is gone: without it, one that never reads keeps its stream for ever."""


class LiveResponse(Response):
    """Sends each chunk at once, `beat` while there is none, and stops when the reader left or stalls."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        *,
        media_type: str,
        beat: bytes,
        headers: Mapping[str, str] | None = None,
        readers: Gauge | None = None,
        on_leave: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        super().__init__(None, 200, headers, media_type)
        del self.headers["content-length"]
        self._chunks = chunks
        self._beat = beat
        self._readers = readers
        self._on_leave = on_leave
        self._sending = asyncio.Lock()
        self._beaten = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the chunks end, the client disconnects, or it stops reading; `on_leave` hears of the latter two."""
        left = False
        if self._readers is not None:
            self._readers.inc()
        work = [asyncio.create_task(job) for job in (self._stream(send), self._keep_alive(send), _disconnected(receive))]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            left = work[0] not in done
        except (TimeoutError, OSError):
            left = True
            _log.info("a reader that did not read was closed", path=scope["path"])
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            if self._readers is not None:
                self._readers.dec()
        if left and self._on_leave is not None:
            await self._left(self._on_leave, scope["path"])

    @staticmethod
    async def _left(on_leave: Callable[[], Awaitable[object]], path: str) -> None:
        try:
            await on_leave()
        except StorehandError as error:
            _log.info("what a reader left behind goes on", path=path, code=error.code)

    async def _stream(self, send: Send) -> None:
        await self._send(send, {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._chunks) as chunks:
                async for chunk in chunks:
                    self._beaten = True
                    await self._send(send, {"type": "http.response.body", "body": chunk, "more_body": True})
        except StorehandError as error:
            _log.warning("stream ended early; the reader may resume", code=error.code, error=error.message)
        await self._send(send, {"type": "http.response.body", "body": b"", "more_body": False})

    async def _keep_alive(self, send: Send) -> None:
        while True:
            self._beaten = False
            await asyncio.sleep(_BEAT_SECONDS)
            if not self._beaten:
                await self._send(send, {"type": "http.response.body", "body": self._beat, "more_body": True})

    async def _send(self, send: Send, message: dict[str, object]) -> None:
        async with self._sending, asyncio.timeout(_SEND_SECONDS):
            await send(message)


async def _disconnected(receive: Receive) -> None:
    with suppress(OSError):
        while (await receive())["type"] != "http.disconnect":
            pass
