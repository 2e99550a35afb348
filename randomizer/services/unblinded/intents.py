"""Intents that are on record, read back from either sink. Opens nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.domain.records import CodeBreak, Telling, Way
from randomizer.errors import NotFound
from randomizer.services import trail
from randomizer.services.unblinded.sinks import Intent

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

OPEN_MINUTES = 60  # how long an intent opens; afterwards a new one is recorded


def was_shown(uow: UnitOfWork, desk: Desk, intent: str) -> bool:
    """Whether the answer of an intent was shown to its reader; opens nothing."""
    stored = uow.find(CodeBreak, intent)
    return bool(stored and stored.disclosed_at is not None) or desk.file.disclosure(intent) is not None


def read(uow: UnitOfWork, desk: Desk, intent: str) -> Intent:
    """The intent, from the database or, failing that, from the file; without its free text.

    Raises:
        NotFound: No sink holds it.
        Tampered: It differs from its entry.
    """
    stored = uow.find(CodeBreak, intent)
    if stored is None:
        filed = desk.file.intent(intent)
        if filed is None:
            raise NotFound(
                "Nobody has signed for this code break, so nothing was opened.",
                next_step="Begin with the participant's number.",
            )
        return filed
    telling = uow.find(Telling, intent)
    trail.check(uow, stored, *([telling] if telling else []))
    return Intent(
        intent=intent,
        participant=stored.participant,
        site=uow.get(Participant, stored.participant, what="participant").site,
        account=stored.account,
        printed_name="",
        role=telling.role if telling else Role.INVESTIGATOR,
        reason=stored.reason,
        text="",
        intended_at=stored.intended_at,
        way=telling.way if telling else Way.OWN,
        reader=telling.reader if telling else stored.account,
    )


def can_be_shown(begun: CodeBreak, now: datetime) -> bool:
    """Whether `disclose` gives its person an answer: what was shown before, or what a young intent opens."""
    return begun.disclosed_at is not None or now <= open_until(begun.intended_at)


def open_until(intended_at: datetime) -> datetime:
    """Until when an intent of that moment opens."""
    return intended_at + timedelta(minutes=OPEN_MINUTES)
