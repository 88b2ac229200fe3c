"""Transport: carriers and their offers, parcels on their way, and what goes wrong with them."""

from tools.transport.claims import decide_carrier_claim, list_carrier_claims, open_carrier_claim
from tools.transport.late import handle_late_shipment
from tools.transport.parcels import cancel_shipment, create_shipment
from tools.transport.quotes import carrier_performance, carrier_quotes
from tools.transport.reads import late_shipments, track_order
from tools.transport.reports import record_label, record_tracking_event, update_shipment

TOOLS = (
    track_order,
    late_shipments,
    carrier_quotes,
    carrier_performance,
    create_shipment,
    cancel_shipment,
    record_label,
    record_tracking_event,
    update_shipment,
    handle_late_shipment,
    open_carrier_claim,
    decide_carrier_claim,
    list_carrier_claims,
)
"""The module's tools."""
