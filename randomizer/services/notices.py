"""Blinded e-mails: queued with the act, sent by the jobs process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from randomizer import masking
from randomizer.domain.housekeeping import Notice
from randomizer.domain.people import Account, Grant, Role
from randomizer.domain.trial import Phase, Trial

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from randomizer.store.work import UnitOfWork


NUMBER_BYTES = 16
CODE_BREAK = {
    "CodeBreak": ("participant",),
    "CodeBreakEvent": ("at", "act"),
    "Participant": ("site",),
    "Task": ("kind", "participant"),
}
"""What a notice of a code break tells."""


def queue(
    uow: UnitOfWork,
    roles: Iterable[str],
    *,
    site: str,
    tells: Mapping[str, Collection[str]],
    subject: str,
    body: str,
    occasion: str = "",
) -> int:
    """Queue one notice for each active account that holds one of the roles at the site or trial-wide.

    A role to which the masking policy does not show all that the notice tells gets none, whoever lists it.

    Args:
        uow: The unit of work of the act that the notice is about.
        roles: Role names, as the definition's notice policy lists them.
        site: Site code.
        tells: The fields that subject and body name, by kind of record.
        subject: Subject line; nothing that depends on a sequence.
        body: Plain text; likewise.
        occasion: Names what the notice is about, so that each person hears of it once however often it is
            queued; "" where the act itself happens once.

    Returns:
        How many were queued.
    """
    trial = uow.find(Trial, 1)
    phase = trial.phase if trial else Phase.DRAFT
    heard = [Role(role) for role in roles if _shown(Role(role), phase, tells)]
    grants = uow.all(Grant, role=heard, site=[site, ""], revoked_at=None)
    accounts = sorted({grant.account for grant in grants})
    recipients = (
        [account for account in uow.all(Account, number=accounts) if account.active] if accounts else []
    )
    return sum(_queue_one(uow, recipient, subject, body, occasion) for recipient in recipients)


def tell(uow: UnitOfWork, account: int, *, subject: str, body: str, occasion: str = "") -> bool:
    """Queue one notice for one person; returns whether it was not queued before.

    Args:
        uow: The unit of work of the act that the notice is about.
        account: Number of the account.
        subject: Subject line; nothing that depends on a sequence.
        body: Plain text; likewise.
        occasion: As in `queue`.
    """
    return _queue_one(uow, uow.get(Account, account, what="account"), subject, body, occasion)


def _shown(role: Role, phase: Phase, tells: Mapping[str, Collection[str]]) -> bool:
    roles = frozenset({role})
    return all(
        masking.allows(roles, phase, kind, field) for kind, fields in tells.items() for field in fields
    )


def _queue_one(uow: UnitOfWork, recipient: Account, subject: str, body: str, occasion: str = "") -> bool:
    number = _number_of(occasion, recipient) if occasion else uow.entropy(NUMBER_BYTES).hex()
    if occasion and uow.find(Notice, number) is not None:
        return False
    uow.insert(
        Notice(
            number=number,
            recipient=recipient.email,
            subject=subject,
            body=body,
            queued_at=uow.clock(),
        )
    )
    return True


def _number_of(occasion: str, recipient: Account) -> str:
    named = f"crossover-randomizer/v1/notice\n{occasion}\n{recipient.number}"
    return hashlib.sha256(named.encode()).digest()[:NUMBER_BYTES].hex()
