"""Shared vocabulary of Storehand. Nothing here does I/O."""
