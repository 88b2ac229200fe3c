"""A server of the Chat Completions protocol that answers every request with the same words at the same pace."""

import asyncio
import sys

import orjson
import uvloop

WORDS = [f"{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{'word' if number else 'Words'} " for number in range(50)]
ANSWER = "".join(WORDS)
PACE = 0.02
"""Seconds before each word."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _chunk({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "bench", "choices": [choice]})


def _chunk(body: object) -> bytes:
    data = b"data: " + (body if isinstance(body, bytes) else orjson.dumps(body)) + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


_FIRST = _HEAD + _event({"role": "assistant", "content": ""})
_TOKENS = [_event({"content": word}) for word in WORDS]
_USAGE = {"prompt_tokens": 100, "completion_tokens": len(WORDS), "total_tokens": 100 + len(WORDS)}
_LAST = (
    _event({}, "stop")
    + _chunk({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "bench", "choices": [], "usage": _USAGE})
    + _chunk(b"[DONE]")
    + b"0\r\n\r\n"
)


class Model(asyncio.Protocol):
    """One connection; requests on it come one after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # pyright: ignore[reportAttributeAccessIssue]
        self._received = b""
        self._open = True

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, mark, body = self._received.partition(b"\r\n\r\n")
        if not mark:
            return
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        if len(body) < length:
            return
        self._received = body[length:]
        self._transport.write(_FIRST)
        asyncio.get_running_loop().call_later(PACE, self._say, 0)

    def _say(self, number: int) -> None:
        if not self._open:
            return
        if number == len(_TOKENS):
            self._transport.write(_LAST)
            return
        self._transport.write(_TOKENS[number])
        asyncio.get_running_loop().call_later(PACE, self._say, number + 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open = False


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
