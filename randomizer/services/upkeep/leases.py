"""Leases: one row elects the one process that runs the jobs.

Whoever holds a lease renews it every few seconds; when it is not renewed, the next process that asks gets it.
A holder that was held up proves with `demand`, inside the transaction of its work, that it still holds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import Lease
from randomizer.errors import Conflict

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.store.work import UnitOfWork


def take(uow: UnitOfWork, name: str, holder: str, *, seconds: int) -> datetime | None:
    """Take a lease that is free or run out, or renew one's own.

    Args:
        uow: The unit of work.
        name: Name of the lease.
        holder: Identifies the process, unique to its run.
        seconds: How long it is to last from now.

    Returns:
        The moment until which it is held, or None where another process holds it.
    """
    now = uow.clock()
    wanted = Lease(name=name, holder=holder, until_at=now + timedelta(seconds=seconds))
    standing = uow.find(Lease, name, locked=True)
    if standing is None:
        return wanted.until_at if _insert(uow, wanted) else None
    if standing.holder != holder and now < standing.until_at:
        return None
    uow.update(wanted)
    return wanted.until_at


def demand(uow: UnitOfWork, name: str, holder: str) -> None:
    """Keep the lease until the end of this transaction.

    Args:
        uow: The unit of work of what only the holder may do.
        name: Name of the lease.
        holder: Who claims to hold it.

    Raises:
        Conflict: It ran out, or another process holds it.
    """
    standing = uow.find(Lease, name, locked=True)
    if standing is None or standing.holder != holder or standing.until_at <= uow.clock():
        raise Conflict("Another process does this now. Nothing was changed.")


def give_back(uow: UnitOfWork, name: str, holder: str) -> None:
    """End one's own lease, so that nobody has to wait until it runs out."""
    uow.remove(Lease, name=name, holder=holder)


def _insert(uow: UnitOfWork, lease: Lease) -> bool:
    try:
        with uow.savepoint():
            uow.insert(lease)
    except Conflict:
        return False
    return True
