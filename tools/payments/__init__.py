"""Payments: what was paid and with what, holding, taking and paying back money, gift cards and store credit."""

from tools.payments.credits import issue_gift_card, issue_store_credit
from tools.payments.holding import authorize_payment, capture_payment, void_payment
from tools.payments.reads import refund_quote
from tools.payments.settling import settle_payment
from tools.payments.switching import change_payment_method
from tools.payments.wallet import failed_payments, gift_card_balance, list_payment_methods, order_payments
from tools.payments.writes import issue_refund

TOOLS = (
    refund_quote,
    issue_refund,
    order_payments,
    failed_payments,
    authorize_payment,
    capture_payment,
    void_payment,
    change_payment_method,
    list_payment_methods,
    gift_card_balance,
    issue_store_credit,
    issue_gift_card,
    settle_payment,
)
"""The module's tools."""
