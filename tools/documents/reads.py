"""Find documents that were made."""

from typing import Annotated

from pydantic import Field

from core.identity import Permission, RunContext
from store.queries import documents, orders
from store.tables.documents import DocumentKind
from store.unit import ReadTx
from tools.arguments import Limit, OrderNumber
from tools.documents.module import module
from tools.documents.results import DocumentList, DocumentMade, shown
from tools.spec import Args, Effect


class ListDocuments(Args):
    """Which documents to list."""

    order: OrderNumber | None = None
    """Only those of this order."""
    kind: DocumentKind | None = None
    """Only those of this kind."""
    limit: Limit = 10


class GetDocument(Args):
    """Which document."""

    document: Annotated[
        str,
        Field(
            min_length=5,
            max_length=40,
            description="Document number such as INV-1001, or its id",
            json_schema_extra={"format": "document-number"},
        ),
    ]


@module.tool(
    effect=Effect.READ,
    permission=Permission.DOCUMENT_READ,
    examples=(
        "which documents are there for order 1042",
        "list my invoices",
        "show the documents of order 1017",
        "do we have labels for order 1042",
        "my documents",
        "all sales reports we printed",
        "all PDFs of order 1042",
    ),
)
async def list_documents(tx: ReadTx, args: ListDocuments, _ctx: RunContext) -> DocumentList:
    """List invoices, labels, slips and reports with their links."""
    order = await orders.by_number(tx, args.order) if args.order else None
    total, rows = await documents.find(tx, order_id=order.id if order else None, kind=args.kind, limit=args.limit)
    return DocumentList(total=total, items=[shown(row) for row in rows])


@module.tool(
    effect=Effect.READ,
    permission=Permission.DOCUMENT_READ,
    examples=(
        "open invoice INV-1001",
        "give me the link to INV-1003",
        "download INV-1001",
        "show document INV-1002",
        "I want to see invoice INV-1001 again",
        "link for document INV-1004 please",
    ),
)
async def get_document(tx: ReadTx, args: GetDocument, _ctx: RunContext) -> DocumentMade:
    """Give the link of a document by its number."""
    return shown(await documents.get(tx, args.document))
