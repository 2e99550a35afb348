"""Kits that have not arrived: a task while one that travels is not received by the time of its infusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant
from randomizer.domain.people import SERVICE
from randomizer.domain.records import Task, TaskKind
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import OPEN
from randomizer.services import trail, trials

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork


def look(uow: UnitOfWork) -> int:
    """Open a task for each kit that should have arrived, close those whose kit has; returns how many.

    A kit is expected by the time of the infusion that it is booked for. Safe to repeat, by several processes.
    """
    trial, definition = trials.current(uow)
    if not definition.kits.travel or trial.phase not in OPEN:
        return 0
    trail.take_turn(uow)
    late = _late(uow)
    standing = {one.participant: one for one in uow.all(Task, kind=TaskKind.RECEIPT, done_at=None)}
    for number in sorted(late - standing.keys()):
        with trail.act(uow, Act.RECEIPT_OVERDUE, SERVICE, site=_site(uow, number), participant=number) as act:
            act.add(Task(number=act.number, kind=TaskKind.RECEIPT, participant=number, opened_at=act.at))
    for number in sorted(standing.keys() - late):
        with trail.act(uow, Act.RECEIPT_SETTLED, SERVICE, site=_site(uow, number), participant=number) as act:
            act.change(standing[number], done_at=act.at)
    return len(late ^ standing.keys())


def _late(uow: UnitOfWork) -> set[str]:
    """Participants whose kit is still on its way though its infusion was to begin."""
    now = uow.clock()
    shipped = {kit.number for kit in uow.all(Kit, state=KitState.SHIPPED)}
    records = uow.all(PeriodRecord, kit=sorted(shipped), outcome=None)
    return {one.participant for one in records if one.booked_for is not None and one.booked_for <= now}


def _site(uow: UnitOfWork, number: str) -> str:
    return uow.get(Participant, number, what="participant").site
