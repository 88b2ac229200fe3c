"""Payments: what can be refunded, and refunds."""

from tools.payments.reads import refund_quote
from tools.payments.writes import issue_refund

TOOLS = (refund_quote, issue_refund)
"""The module's tools."""
