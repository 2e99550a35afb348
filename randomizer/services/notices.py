"""Blinded e-mails: queued with the act, sent by the jobs process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import Notice
from randomizer.domain.people import Account, Grant, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from randomizer.store.work import UnitOfWork


def queue(uow: UnitOfWork, roles: Iterable[str], *, site: str, subject: str, body: str) -> int:
    """Queue one notice for each active account that holds one of the roles at the site or trial-wide.

    Args:
        uow: The unit of work of the act that the notice is about.
        roles: Role names, as the definition's notice policy lists them.
        site: Site code.
        subject: Subject line; nothing that depends on a sequence.
        body: Plain text; likewise.

    Returns:
        How many were queued.
    """
    grants = uow.all(Grant, role=[Role(role) for role in roles], site=[site, ""], revoked_at=None)
    accounts = sorted({grant.account for grant in grants})
    recipients = (
        [account for account in uow.all(Account, number=accounts) if account.active] if accounts else []
    )
    for recipient in recipients:
        _queue_one(uow, recipient, subject, body)
    return len(recipients)


def tell(uow: UnitOfWork, account: int, *, subject: str, body: str) -> None:
    """Queue one notice for one person.

    Args:
        uow: The unit of work of the act that the notice is about.
        account: Number of the account.
        subject: Subject line; nothing that depends on a sequence.
        body: Plain text; likewise.
    """
    _queue_one(uow, uow.get(Account, account, what="account"), subject, body)


def _queue_one(uow: UnitOfWork, recipient: Account, subject: str, body: str) -> None:
    uow.insert(
        Notice(
            number=uow.entropy(16).hex(),
            recipient=recipient.email,
            subject=subject,
            body=body,
            queued_at=uow.clock(),
        )
    )
