"""Fraud: checks, held orders, risky customers and the block list."""

from tools.fraud.blocks import block, block_list, unblock
from tools.fraud.reads import customer_risk, explain_hold, fraud_review_queue
from tools.fraud.rulings import decide_fraud, score_order
from tools.fraud.writes import release_order

TOOLS = (
    fraud_review_queue,
    explain_hold,
    customer_risk,
    block_list,
    release_order,
    score_order,
    decide_fraud,
    block,
    unblock,
)

__all__ = ["TOOLS"]
