"""Alarms: raised by the service, cleared by the trial manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import reasons, windows
from randomizer.domain.acts import Act
from randomizer.domain.people import SERVICE, Person, Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.errors import Refused
from randomizer.services import notices, trail, trials

if TYPE_CHECKING:
    from randomizer.store.work import UnitOfWork


def raise_alarm(uow: UnitOfWork, kind: AlarmKind, about: str) -> Alarm:
    """Raise an alarm, once for as long as it stands, and tell those whom it concerns.

    Args:
        uow: The unit of work; not the one that found the fault if that one is rolled back.
        kind: What went wrong.
        about: The record or stratum, never its content.
    """
    standing = uow.all(Alarm, kind=kind, about=about, cleared_at=None)
    if standing:
        return standing[0]
    with trail.act(uow, Act.ALARM_RAISED, SERVICE) as act:
        alarm = act.add(Alarm(number=act.number, kind=kind, about=about, raised_at=act.at))
        body = (
            f"{kind}: {about}.\n\nOpen the trail page to see what this means. Code breaks work all the same."
        )
        roles, tells = _told(uow, kind)
        notices.queue(uow, roles, site="", tells=tells, subject=f"Alarm: {kind}", body=body)
    return alarm


def clear(uow: UnitOfWork, person: Person, number: int, why: str) -> Alarm:
    """Clear an alarm with a reason.

    Raises:
        NotAllowed: The person is no trial manager.
        NotFound: There is no such alarm.
        Refused: The reason is missing, or it is cleared already.
    """
    reasons.demand(
        why, "An alarm is cleared with a reason; it was empty.", next_step="Write what was found and done."
    )
    with trail.act(uow, Act.ALARM_CLEARED, person, why=why) as act:
        alarm = uow.get(Alarm, number, what="alarm")
        demand_standing(alarm)
        return act.change(alarm, cleared_at=act.at)


def demand_standing(alarm: Alarm) -> None:
    """Refuse to clear an alarm twice.

    Raises:
        Refused: It is cleared.
    """
    if alarm.cleared_at is not None:
        raise Refused(
            f"Alarm {alarm.number} was cleared on {windows.minute(alarm.cleared_at)}. Nothing was changed.",
            field="alarm",
            next_step="Open the trail to see who cleared it and why.",
        )


def _told(uow: UnitOfWork, kind: AlarmKind) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The roles that an alarm concerns, and what a notice of it tells: a stratum, or any record."""
    if kind is AlarmKind.LOW_WATER:
        return trials.current(uow)[1].notices.low_water_roles, {
            "Alarm": ("kind",),
            "StratumStatus": ("code",),
        }
    return (Role.TRIAL_MANAGER,), {"Alarm": ("kind", "about")}
