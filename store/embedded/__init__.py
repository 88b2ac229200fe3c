"""Servers that need no set-up: PostgreSQL, Valkey and Chroma under one data directory, shared by all processes that use it.

The first process starts them, later ones join, the last one out stops them. A configured URL replaces its embedded server and
nothing else changes. `share` counts the processes, `slot` holds one server's process, and `postgres`, `valkey` and `chroma`
know how each is started and stopped.
"""

from store.embedded.external import wait_ready
from store.embedded.fleet import Endpoints, servers

__all__ = ["Endpoints", "servers", "wait_ready"]
