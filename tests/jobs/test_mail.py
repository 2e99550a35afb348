from __future__ import annotations

import smtplib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import Notice
from randomizer.jobs import mail
from randomizer.services.upkeep import outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.jobs.context import Context
    from tests.jobs.conftest import Clock, MailServer

pytestmark = pytest.mark.requirement("notices")


def queue(context: Context, number: str = "aa", **changes: object) -> Notice:
    notice = Notice(
        number=number,
        recipient="anna@example.org",
        subject="Period 2 of participant 10013 is due",
        body="Visit window: 15 °C.\n",
        queued_at=context.store.clock(),
    )
    with context.store.writing() as uow:
        uow.insert(replace(notice, **changes))  # type: ignore[arg-type]
    return notice


def kept(context: Context, number: str = "aa") -> Notice:
    with context.store.reading() as uow:
        return uow.get(Notice, number)


def test_a_notice_goes_out_once(context: Context, mail_server: MailServer, turn: Callable[..., None]) -> None:
    notice = queue(context)
    assert mail.send_notices(context) == 1
    turn(days=2)
    assert mail.send_notices(context) == 0
    [message] = mail_server.messages
    assert message["To"] == notice.recipient
    assert message["Subject"] == notice.subject
    assert message["Message-ID"] == "<aa@example-org-mesems>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == notice.body
    assert kept(context).sent_at is not None


def test_a_refused_notice_waits_longer_each_time_and_is_not_lost(
    context: Context, mail_server: MailServer, clock: Clock, turn: Callable[..., None]
) -> None:
    queue(context)
    mail_server.answer = "451 try again later"
    waits = []
    for _ in range(4):
        assert mail.send_notices(context) == 0
        now = clock()
        waits.append((outbox.next_attempt_at(kept(context)) - now).total_seconds())
        assert mail.send_notices(context) == 0  # not yet
        assert kept(context).attempts == len(waits)
        turn(seconds=waits[-1])
    assert waits == [5, 10, 20, 40]
    mail_server.answer = "250 OK"
    assert mail.send_notices(context) == 1


def test_one_that_cannot_be_sent_holds_up_no_other(context: Context, mail_server: MailServer) -> None:
    queue(context, "aa", subject="two\nlines")
    queue(context, "bb")
    assert mail.send_notices(context) == 1
    assert [message["Message-ID"] for message in mail_server.messages] == ["<bb@example-org-mesems>"]
    assert kept(context, "aa").attempts == 1


def test_a_server_that_is_away_costs_no_attempt(
    context: Context, make_context: Callable[..., Context], mail_server: MailServer
) -> None:
    queue(context)
    away = make_context(smtp={"host": "127.0.0.1", "port": 1, "security": "none"})
    with pytest.raises(OSError, match="refused"):
        mail.send_notices(away)
    without = make_context()
    assert mail.send_notices(without) == 0
    assert kept(context).attempts == 0
    assert mail.send_notices(context) == 1


def test_a_server_that_offers_no_encryption_gets_nothing(
    context: Context, make_context: Callable[..., Context], mail_server: MailServer
) -> None:
    queue(context)
    strict = make_context(smtp={"host": "127.0.0.1", "port": mail_server.port, "security": "starttls"})
    with pytest.raises(smtplib.SMTPException):
        mail.send_notices(strict)
    assert mail_server.messages == []


def test_a_process_that_died_after_handing_over_repeats_the_same_message(
    context: Context, mail_server: MailServer, turn: Callable[..., None]
) -> None:
    queue(context)
    with context.writing() as uow:  # what is on record when a process dies between the two transactions
        assert outbox.begin(uow, "aa") is not None
    with context.store.reading() as uow:
        assert outbox.due(uow, 10) == ()
    turn(seconds=outbox.FIRST_WAIT_SECONDS)
    assert mail.send_notices(context) == 1
    assert [message["Message-ID"] for message in mail_server.messages] == ["<aa@example-org-mesems>"]


def test_two_processes_do_not_both_send(context: Context, mail_server: MailServer) -> None:
    queue(context)
    with context.writing() as uow:
        first = outbox.begin(uow, "aa")
        second = outbox.begin(uow, "aa")
    assert first is not None
    assert second is None


def test_a_rehearsal_says_so_in_the_subject(
    context: Context, make_context: Callable[..., Context], mail_server: MailServer
) -> None:
    queue(context)
    rehearsal = make_context(
        kind="rehearsal", smtp={"host": "127.0.0.1", "port": mail_server.port, "security": "none"}
    )
    assert mail.send_notices(rehearsal) == 1
    assert mail_server.subjects == ["[REHEARSAL] Period 2 of participant 10013 is due"]
