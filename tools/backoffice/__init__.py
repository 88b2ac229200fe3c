"""The back office: sales and what needs somebody today."""

from tools.backoffice.reads import sales_report, shop_overview

TOOLS = (sales_report, shop_overview)

__all__ = ["TOOLS"]
