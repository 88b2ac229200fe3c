"""Fraud: checks, held orders and risky customers."""

from tools.fraud.reads import customer_risk, explain_hold, fraud_review_queue
from tools.fraud.writes import release_order

TOOLS = (fraud_review_queue, explain_hold, customer_risk, release_order)

__all__ = ["TOOLS"]
