"""Shared vocabulary of Storehand. Nothing here does I/O."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""More threads would spin for a while after every product of a matrix: a core lost to products that take microseconds."""
