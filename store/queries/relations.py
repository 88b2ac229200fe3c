"""Contacts with customers, and what they allow the shop to do."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func
from sqlmodel import col, select

from core.statuses import ConsentPurpose
from store.tables.orders import Order
from store.tables.relations import Consent, Interaction
from store.unit import ReadTx


class InteractionOnOrder(NamedTuple):
    """A contact, with the number of the order that it was about."""

    interaction: Interaction
    order: str | None


async def interactions(tx: ReadTx, customer_id: UUID, limit: int) -> tuple[int, list[InteractionOnOrder]]:
    """Return how many contacts there were with a customer, and the newest."""
    where = (col(Interaction.tenant_id) == tx.tenant_id, col(Interaction.customer_id) == customer_id)
    total = (await tx.session.exec(select(func.count()).select_from(Interaction).where(*where))).one()
    same_order = and_(col(Order.tenant_id) == col(Interaction.tenant_id), col(Order.id) == col(Interaction.order_id))
    query = (
        select(Interaction, col(Order.number))
        .join(Order, same_order, isouter=True)
        .where(*where)
        .order_by(col(Interaction.at).desc(), col(Interaction.id).desc())
        .limit(limit)
    )
    return int(total), [InteractionOnOrder(*row) for row in (await tx.session.exec(query)).all()]


async def consents(tx: ReadTx, customer_id: UUID) -> list[Consent]:
    """Return the newest answer to each purpose that a customer was asked about."""
    query = (
        select(Consent)
        .where(col(Consent.tenant_id) == tx.tenant_id, col(Consent.customer_id) == customer_id)
        .order_by(col(Consent.purpose), col(Consent.at), col(Consent.id))
    )
    return list({each.purpose: each for each in (await tx.session.exec(query)).all()}.values())


async def consent(tx: ReadTx, customer_id: UUID, purpose: ConsentPurpose) -> bool | None:
    """Return what a customer last said to a purpose, None when never asked."""
    return next((each.granted for each in await consents(tx, customer_id) if each.purpose == purpose), None)
