"""Quality: inspections, defects, and how products and suppliers do."""

from tools.quality.inspections import list_inspections, record_inspection, schedule_inspection
from tools.quality.rates import defect_rate, supplier_rating

TOOLS = (schedule_inspection, record_inspection, list_inspections, defect_rate, supplier_rating)
"""The module's tools."""
