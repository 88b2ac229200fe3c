"""The back office: sales, alerts and what needs somebody today."""

from tools.backoffice.alerts import acknowledge_alert, list_alerts, resolve_alert
from tools.backoffice.reads import sales_report, shop_overview

TOOLS = (sales_report, shop_overview, list_alerts, acknowledge_alert, resolve_alert)

__all__ = ["TOOLS"]
