"""Customers: who somebody is to the shop."""

from tools.customers.reads import get_customer

TOOLS = (get_customer,)
"""The module's tools."""
