"""The outbox: notices that wait for a mail server.

Each attempt is on record before the message is handed over, and "sent" after the server took it. A process
that dies in between leaves a notice that goes out again later, under the same number: never lost, and known
as a repeat.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import Notice
from randomizer.domain.trial import Kind

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.store.work import UnitOfWork

FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 6 * 3600


def due(uow: UnitOfWork, limit: int) -> tuple[Notice, ...]:
    """Notices whose next attempt has come, the oldest first.

    Args:
        uow: The unit of work.
        limit: At most so many.
    """
    now = uow.clock()
    waiting = uow.all(Notice, order="queued_at", sent_at=None)
    return tuple(notice for notice in waiting if next_attempt_at(notice) <= now)[:limit]


def next_attempt_at(notice: Notice) -> datetime:
    """When a notice may be handed over again: the wait doubles with every attempt."""
    if notice.tried_at is None:
        return notice.queued_at
    doublings = min(notice.attempts - 1, 16)
    wait = min(FIRST_WAIT_SECONDS * 2**doublings, LONGEST_WAIT_SECONDS)
    return notice.tried_at + timedelta(seconds=wait)


def begin(uow: UnitOfWork, number: str) -> Notice | None:
    """Put an attempt on record; commit before the message is handed over.

    Args:
        uow: The unit of work.
        number: Number of the notice.

    Returns:
        The notice to send, or None where it was sent or tried by somebody else meanwhile.
    """
    notice = uow.find(Notice, number, locked=True)
    if notice is None or notice.sent_at is not None or next_attempt_at(notice) > uow.clock():
        return None
    begun = replace(notice, attempts=notice.attempts + 1, tried_at=uow.clock())
    uow.update(begun)
    return begun


def sent(uow: UnitOfWork, number: str) -> None:
    """Put on record that a mail server took the notice."""
    notice = uow.get(Notice, number, what="notice")
    uow.update(replace(notice, sent_at=uow.clock()))


def message(notice: Notice, *, sender: str, origin: str, kind: Kind) -> EmailMessage:
    """The e-mail of a notice.

    Args:
        notice: The notice.
        sender: Address that it comes from.
        origin: Name of the instance's log; makes the number unique among instances.
        kind: A rehearsal says so in the subject.

    Raises:
        ValueError: Recipient or subject cannot stand in an e-mail.

    Source:
        RFC 5322 section 3.6.4 (Message-ID), RFC 3834 section 5 (Auto-Submitted).
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = notice.recipient
    mail["Subject"] = notice.subject if kind is Kind.PRODUCTION else f"[REHEARSAL] {notice.subject}"
    mail["Date"] = format_datetime(notice.queued_at)
    mail["Message-ID"] = f"<{notice.number}@{_domain(origin)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(notice.body)
    return mail


def _domain(origin: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in origin).strip("-")
