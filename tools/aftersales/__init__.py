"""After-sales: returns, exchanges, warranty claims, support tickets and surveys."""

from tools.aftersales.answering import escalate_ticket, get_ticket, reply_ticket, resolve_ticket
from tools.aftersales.details import get_return, return_abuse
from tools.aftersales.handling import cancel_return, expire_returns, receive_return, send_return_label
from tools.aftersales.inspecting import dispose_return, inspect_return
from tools.aftersales.payouts import complete_return, refund_return, ship_exchange
from tools.aftersales.photos import add_return_photo
from tools.aftersales.reads import list_returns, return_eligibility
from tools.aftersales.refused import retry_return_refund
from tools.aftersales.surveys import answer_survey, send_surveys, survey_summary
from tools.aftersales.tickets import list_tickets, open_ticket
from tools.aftersales.warranty import (
    check_warranty,
    claim_warranty,
    decide_warranty_claim,
    get_warranty_claim,
    list_warranty_claims,
)
from tools.aftersales.writes import decide_return, request_exchange, request_return

TOOLS = (
    return_eligibility,
    request_return,
    request_exchange,
    add_return_photo,
    list_returns,
    get_return,
    decide_return,
    send_return_label,
    receive_return,
    inspect_return,
    dispose_return,
    refund_return,
    retry_return_refund,
    ship_exchange,
    complete_return,
    cancel_return,
    expire_returns,
    return_abuse,
    open_ticket,
    list_tickets,
    get_ticket,
    reply_ticket,
    escalate_ticket,
    resolve_ticket,
    check_warranty,
    claim_warranty,
    get_warranty_claim,
    list_warranty_claims,
    decide_warranty_claim,
    send_surveys,
    answer_survey,
    survey_summary,
)
"""The module's tools."""
