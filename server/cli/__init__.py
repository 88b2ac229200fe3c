"""The command line: `storehand --help`. Commands share one data directory, so each works beside a running demo or by itself."""

from server.cli.main import main

__all__ = ["main"]
