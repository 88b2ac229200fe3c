"""Logging: structlog over the standard library, one line an event, personal data redacted before it is written."""

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog

from core.redact import redact_text

_SECRET_KEYS = frozenset({"password", "token", "secret", "authorization", "api_key", "password_hash"})


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _SECRET_KEYS:
            event[key] = "[secret]"
        elif isinstance(value, str):
            event[key] = redact_text(value)
    return event


def configure(level: str = "info", style: str = "text") -> None:
    """Set up logging for this process: `style` is `text` for people or `json` for machines."""
    renderer: Any = structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    return structlog.get_logger(name)
