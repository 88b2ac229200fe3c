"""The simulator as a process of its own: `python -m server.simulator --port 0`. It ends when its standard input closes."""

import argparse
import asyncio
import socket
import sys
import threading

import uvicorn

from server.simulator.app import create_simulator


def run(port: int, seed: int, *, attached: bool) -> None:
    """Serve until stopped; print the address first. `attached`: also stop when whoever started it is gone."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(create_simulator(seed), log_level="critical", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    if attached:
        threading.Thread(target=_watch, args=(server,), daemon=True).start()
    asyncio.run(server.serve(sockets=[listener]))


def _watch(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    run(given.port, given.seed, attached=True)


if __name__ == "__main__":
    main()
