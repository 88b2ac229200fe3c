"""Every tool of the product. This list is the only way in: nothing registers itself."""

from tools import (
    aftersales,
    backoffice,
    customers,
    documents,
    fraud,
    inventory,
    marketplace,
    orders,
    payments,
    products,
    quality,
    transport,
    warehouse,
)
from tools.governance import governed
from tools.knowledge import KnowledgeSearch, NoteGap, knowledge_tools
from tools.registry import Toolbox


def build_toolbox(search: KnowledgeSearch, note_gap: NoteGap | None = None) -> Toolbox:
    """Return the tools; `search` finds passages for the knowledge module, and `note_gap` notes what it does not find."""
    return Toolbox(
        governed(
            *orders.TOOLS,
            *payments.TOOLS,
            *warehouse.TOOLS,
            *transport.TOOLS,
            *aftersales.TOOLS,
            *quality.TOOLS,
            *customers.TOOLS,
            *products.TOOLS,
            *inventory.TOOLS,
            *fraud.TOOLS,
            *marketplace.TOOLS,
            *backoffice.TOOLS,
            *documents.TOOLS,
            *knowledge_tools(search, note_gap),
        )
    )
