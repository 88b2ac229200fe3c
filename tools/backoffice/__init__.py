"""The back office: reports, alerts, merchants who apply, and what needs somebody today."""

from tools.backoffice.alerts import acknowledge_alert, list_alerts, resolve_alert
from tools.backoffice.onboarding import (
    add_application_document,
    onboarding_queue,
    request_documents,
    review_application,
    submit_application,
)
from tools.backoffice.reads import sales_report, shop_overview
from tools.backoffice.steering import kpi_report, list_suppliers, what_changed
from tools.backoffice.undelivered import record_undelivered

TOOLS = (
    sales_report,
    shop_overview,
    kpi_report,
    what_changed,
    list_suppliers,
    list_alerts,
    onboarding_queue,
    acknowledge_alert,
    resolve_alert,
    submit_application,
    add_application_document,
    request_documents,
    review_application,
    record_undelivered,
)

__all__ = ["TOOLS"]
