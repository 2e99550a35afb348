"""Attempts to break a code that opened nothing: refused or given up, and on record all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.people import SERVICE
from randomizer.errors import Unwritable
from randomizer.services import trail
from randomizer.services.unblinded.code_breaks import UNOPENED, site_of
from randomizer.services.unblinded.sinks import ABORTED, DENIED

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.services.unblinded.desk import Desk

PARTICIPANT_LENGTH = 16


def give_up(desk: Desk, account: int, participant: str) -> None:
    """Put on record that somebody wrote down a reason to break a code and did not sign it; see `deny`.

    Args:
        desk: The code-break host's own.
        account: Number of the account of who gave it up.
        participant: Participant number.
    """
    _put_attempt_on_record(desk, ABORTED, account, participant)


def deny(desk: Desk, person: Person, participant: str, why: str) -> None:
    """Put on record that a code break was tried and refused; the file takes it where the database does not.

    Args:
        desk: The code-break host's own.
        person: Who tried.
        participant: What was typed as the participant's number.
        why: Code of the refusal.
    """
    named = participant if participant.isdigit() and len(participant) <= PARTICIPANT_LENGTH else ""
    _put_attempt_on_record(desk, DENIED, person.account, named, refusal=why)


def _put_attempt_on_record(desk: Desk, what: str, account: int, participant: str, **noted: str) -> None:
    """Record an attempt that opened nothing; the file takes it where the database does not."""
    try:
        with (
            desk.store.writing() as uow,
            trail.act(
                uow, UNOPENED[what], SERVICE, site=site_of(uow, participant), participant=participant
            ) as act,
        ):
            act.note(account=account, **noted)
    except Unwritable:
        line = {"what": what, "id": desk.store.entropy(16).hex(), "at": desk.store.clock().isoformat()}
        if desk.file.try_append(line | {"account": account, "participant": participant} | noted):
            desk.file.waiting = True
