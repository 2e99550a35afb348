"""Another kit for a period whose kit can't be used: asked for by the site, answered by the preparer.

The answer is a time or "no product for this period", in the same words whatever the treatment; why it is so
stays on the unblinded side.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain import reasons, windows
from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.supply import Kit
from randomizer.errors import Refused
from randomizer.services import acting, exposure, trail
from randomizer.services.care import periods

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.people import Person
    from randomizer.domain.supply import PeriodRecord
    from randomizer.store.work import UnitOfWork

NO_PRODUCT = "There is no product for this period."


def ask(uow: UnitOfWork, person: Person, number: str, why: str) -> PeriodRecord:
    """Ask for another kit for the current period.

    Args:
        uow: The unit of work.
        person: Pharmacist, coordinator or investigator of the site.
        number: Participant number.
        why: What is wrong: damaged, expired, not ready.

    Raises:
        Refused: A kit is ready or being prepared, none can be by now, somebody has asked, or the reason is
            missing.
    """
    acting.in_trial(uow, Act.REPLACEMENT_REQUESTED)
    participant = acting.on_participant(uow, person, Act.REPLACEMENT_REQUESTED, number)
    reasons.demand(why, "Asking for another kit needs its reason.")
    record = demand_askable(uow, number)
    with trail.act(
        uow, Act.REPLACEMENT_REQUESTED, person, site=participant.site, participant=number, why=why
    ) as act:
        exposure.mark(act)
        return act.change(record, asked_at=act.at, answered_at=None, available_at=None)


def answer(uow: UnitOfWork, person: Person, number: str, available_at: datetime | None) -> PeriodRecord:
    """Answer a request; answered again, the last answer counts.

    Args:
        uow: The unit of work.
        person: A preparing pharmacist.
        number: Participant number.
        available_at: When the other kit is to be ready, UTC; None where there is no product for this period.

    Raises:
        Refused: Nobody asked, or the time is past or too late for the booking.
    """
    acting.in_trial(uow, Act.REPLACEMENT_ANSWERED)
    participant = acting.on_participant(uow, person, Act.REPLACEMENT_ANSWERED, number)
    record, booked_for = demand_asked(uow, number)
    latest = booked_for + timedelta(hours=windows.HAND_OUT_HOURS)
    if available_at is not None and not uow.clock() < available_at <= latest:
        raise Refused(
            f"The other kit must be ready between now, {windows.minute(uow.clock())}, and "
            f"{windows.minute(latest)}; got {windows.minute(available_at)}. Nothing was changed.",
            field="available_at",
            next_step="Give a time by which it is ready, or say that there is no product for this period.",
        )
    with trail.act(uow, Act.REPLACEMENT_ANSWERED, person, site=participant.site, participant=number) as act:
        return act.change(record, answered_at=act.at, available_at=available_at)


def demand_askable(uow: UnitOfWork, number: str) -> PeriodRecord:
    """The period for which another kit can be asked.

    Raises:
        Refused: Nothing is booked and signed for, the booking has passed, a kit is ready, being prepared or
            handed out, or somebody has asked already.
    """
    record = periods.current(uow, number)
    periods.demand_in_the_shelf(record)
    if record.booked_for is None or record.fit_signed_at is None:
        raise Refused(
            f"Nothing is to be prepared for period {record.period} yet. Nothing was changed.",
            field="participant",
            next_step="Book the infusion and have fit for infusion signed first.",
        )
    windows.demand_not_passed(record.period, record.booked_for, uow.clock())
    if record.preparing:
        raise _refused(record, "is being prepared", "Wait until the preparation has ended.")
    if record.asked_at is not None:
        raise _refused(
            record, f"was asked for again on {windows.minute(record.asked_at)}", "Wait for the answer."
        )
    kit = uow.find(Kit, record.kit) if record.kit else None
    if kit is not None and not kit.expired(uow.clock()):
        raise _refused(
            record,
            f"is ready: {group3(kit.number)}",
            "If it can't be handed out, record on its page what is wrong with it first.",
        )
    return record


def demand_asked(uow: UnitOfWork, number: str) -> tuple[PeriodRecord, datetime]:
    """The period for which another kit was asked, and its booked start.

    Raises:
        Refused: Nobody asked, or a kit is ready.
    """
    record = periods.current(uow, number)
    if record.asked_at is None or record.booked_for is None:
        raise Refused(
            f"Nobody asked for another kit for period {record.period} of participant {number}. "
            "Nothing was changed.",
            field="participant",
            next_step="Open the worklist to see how the booking stands.",
        )
    return record, record.booked_for


def describe(record: PeriodRecord) -> str:
    """How a request stands, as a sentence; "" where nobody asked."""
    if record.asked_at is None:
        return ""
    if record.answered_at is None:
        return f"Another kit was asked for at {record.asked_at:%H:%M} UTC; the answer is awaited."
    if record.available_at is None:
        return NO_PRODUCT
    return f"Another kit is to be available at {windows.minute(record.available_at)}."


def _refused(record: PeriodRecord, state: str, next_step: str) -> Refused:
    return Refused(
        f"The kit for period {record.period} of participant {record.participant} {state}. "
        "Nothing was changed.",
        field="participant",
        next_step=next_step,
    )
