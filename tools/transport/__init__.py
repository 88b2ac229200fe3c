"""Transport: where parcels are, and which are late."""

from tools.transport.reads import late_shipments, track_order

TOOLS = (track_order, late_shipments)
"""The module's tools."""
