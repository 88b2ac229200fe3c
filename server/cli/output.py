"""What the commands print: progress and errors to standard error, answers to standard output."""

import time
from functools import cache

from rich.console import Console
from rich.markup import escape

_START = time.monotonic()


@cache
def out() -> Console:
    """Return the console for answers."""
    return Console(highlight=False, soft_wrap=True)


@cache
def err() -> Console:
    """Return the console for progress and errors."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def progress(line: str) -> None:
    """Show one step with the seconds since the command began."""
    err().print(f"[dim]{time.monotonic() - _START:6.1f} s[/dim]  {escape(line)}")


def fail(message: str, code: str) -> None:
    """Show an error as one readable line."""
    err().print(f"[bold red]Error[/bold red] ({escape(code)}): {escape(message)}")
