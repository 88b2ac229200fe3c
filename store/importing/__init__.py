"""Customers, products and orders from CSV files, as other shop systems export them: streamed, resumable, without side effects."""

from store.importing.run import Imported, import_file
from store.tables.imports import ImportKind

__all__ = ["ImportKind", "Imported", "import_file"]
