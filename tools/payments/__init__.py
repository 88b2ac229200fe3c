"""Payments: what can be refunded, refunds, and what the provider answered."""

from tools.payments.reads import refund_quote
from tools.payments.settling import settle_payment
from tools.payments.writes import issue_refund

TOOLS = (refund_quote, issue_refund, settle_payment)
"""The module's tools."""
