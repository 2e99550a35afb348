"""Sweeping out what has run its time: sessions, challenges, remembered API answers. Safe to repeat."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain.housekeeping import Answered, ChallengeUse, Session
from randomizer.services.challenges import MINUTES
from randomizer.services.sessions import IDLE_MINUTES

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork

ANSWER_DAYS = 7
"""How long a client may repeat a request with the same idempotency key."""


def sessions(uow: UnitOfWork) -> int:
    """Remove every session that is over or idle for too long; returns how many."""
    now = uow.clock()
    idle_since = now - timedelta(minutes=IDLE_MINUTES)
    return uow.remove_before(Session, "expires_at", now) + uow.remove_before(Session, "seen_at", idle_since)


def challenges(uow: UnitOfWork) -> int:
    """Remove every answered challenge that has run out since; returns how many."""
    return uow.remove_before(ChallengeUse, "used_at", uow.clock() - timedelta(minutes=MINUTES))


def answers(uow: UnitOfWork) -> int:
    """Remove every answer older than `ANSWER_DAYS`; returns how many."""
    return uow.remove_before(Answered, "answered_at", uow.clock() - timedelta(days=ANSWER_DAYS))
