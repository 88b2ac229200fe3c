"""Documents: invoices, packing slips, labels and reports as PDFs."""

from tools.documents.invoices import create_invoice
from tools.documents.labels import create_packing_slip, create_return_label, create_shipping_label
from tools.documents.reads import get_document, list_documents
from tools.documents.reports import create_sales_report

TOOLS = (
    create_invoice,
    create_packing_slip,
    create_shipping_label,
    create_return_label,
    create_sales_report,
    list_documents,
    get_document,
)
"""The module's tools."""
