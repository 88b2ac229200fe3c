"""Versions of the policy as this module's tools work with them."""

from pydantic import ValidationError

from core.errors import Conflict, NotFound
from store.queries import policies
from store.unit import ReadTx
from tools.policy import Policy
from tools.policy.versions import read


async def in_force(tx: ReadTx) -> Policy:
    """Return the policy in force, for what decides outside of a tool's rule."""
    return await of(tx, await policies.current_version(tx))


async def of(tx: ReadTx, version: int) -> Policy:
    """Return the policy of a version; version 0 is the defaults, which hold until the first change.

    Raises:
        NotFound: there is no such version.
        Conflict: it does not fit into today's bounds.
    """
    if version == 0:
        return Policy(version=0)
    body = await policies.body(tx, version)
    if body is None:
        raise NotFound("version of the rules", version)
    try:
        return read(body, version)
    except ValidationError as error:
        raise Conflict(f"version {version} of the rules does not fit into today's bounds", code="policy_unreadable") from error
