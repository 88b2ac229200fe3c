"""Customers: who somebody is to the shop, what they allow, and their rights over their data."""

from tools.customers.contacts import add_interaction, interaction_history, set_consent
from tools.customers.privacy import erase_personal_data, export_personal_data
from tools.customers.profile import add_address, remove_address, update_address, update_profile
from tools.customers.reads import find_customers, get_customer, loyalty_status, my_profile
from tools.customers.segments import assign_segment, list_segments

TOOLS = (
    find_customers,
    get_customer,
    my_profile,
    loyalty_status,
    list_segments,
    interaction_history,
    update_profile,
    add_address,
    update_address,
    remove_address,
    set_consent,
    add_interaction,
    assign_segment,
    export_personal_data,
    erase_personal_data,
)
"""The module's tools."""
