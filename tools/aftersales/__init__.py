"""After-sales: returns, exchanges and support tickets."""

from tools.aftersales.reads import list_returns, return_eligibility
from tools.aftersales.tickets import list_tickets, open_ticket
from tools.aftersales.writes import decide_return, request_exchange, request_return

TOOLS = (return_eligibility, request_return, request_exchange, list_returns, decide_return, open_ticket, list_tickets)
"""The module's tools."""
