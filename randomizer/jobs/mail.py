"""Handing notices to the mail server."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from randomizer.services.upkeep import outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage

    from randomizer.config import Smtp
    from randomizer.domain.housekeeping import Notice
    from randomizer.jobs.context import Context

    Deliver = Callable[[EmailMessage], object]

BATCH = 50  # notices for each connection


def send_notices(context: Context) -> int:
    """Hand over the notices that are due; returns how many the server took.

    A notice that the server refuses waits for its next attempt and holds up no other.

    Args:
        context: Of the process.

    Raises:
        OSError: The server cannot be reached, or refuses to talk (smtplib's errors are of this class); no
            attempt was counted.
    """
    if not context.settings.smtp.host:
        return 0
    with context.store.reading() as uow:
        waiting = outbox.due(uow, BATCH)
    if not waiting:
        return 0
    with connect(context.settings.smtp, context.smtp_password) as deliver:
        return sum(_send(context, deliver, notice) for notice in waiting)


@contextmanager
def connect(smtp: Smtp, password: str) -> Iterator[Deliver]:
    """A session with the mail server.

    Args:
        smtp: Where it is.
        password: Used where the settings name a user.

    Yields:
        A function that hands over one message.
    """
    tls = ssl.create_default_context()
    server: smtplib.SMTP
    if smtp.security == "tls":
        server = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=smtp.timeout_seconds, context=tls)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout_seconds)
    with server:
        if smtp.security == "starttls":
            server.starttls(context=tls)
        if smtp.username:
            server.login(smtp.username, password)
        yield server.send_message


def _send(context: Context, deliver: Deliver, notice: Notice) -> bool:
    with context.writing() as uow:
        begun = outbox.begin(uow, notice.number)
    if begun is None:
        return False
    settings = context.settings
    try:
        deliver(
            outbox.message(begun, sender=settings.smtp.sender, origin=settings.origin, kind=settings.kind)
        )
    except (OSError, ValueError) as error:  # an SMTPException is an OSError
        context.log.warning("a notice was not taken", error=type(error).__name__, attempts=begun.attempts)
        return False
    with context.store.writing() as uow:  # whoever leads now: the server has it
        outbox.sent(uow, begun.number)
    return True
