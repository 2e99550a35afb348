"""What becomes of a kit beside being handed out and given: set aside, missing, returned, destroyed.

A kit belongs to the site at which it became ready; every entry about it names that site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.domain import acts, kit_moves, reasons, scans
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import group3
from randomizer.domain.participants import Participant, State
from randomizer.domain.supply import UNUSED, VISIBLE, Kit, KitState, PeriodRecord
from randomizer.domain.trial import Allocation
from randomizer.errors import NotFound
from randomizer.services import acting, trail
from randomizer.services.care import booking, infusions, periods, second_person
from randomizer.services.signatures import StepUp, sign

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from randomizer.domain.people import Person
    from randomizer.domain.supply import Destruction
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

DESTROYED_MEANING = "I confirm that this kit was destroyed as recorded."
UNDONE_MEANING = (
    "I confirm that this kit was handed out in error, that nothing of it was administered, "
    "and that it is back in the pharmacy."
)


def find(uow: UnitOfWork, typed: str) -> Kit:
    """The kit with a number as typed or scanned; one that never became ready is none of this door's.

    Raises:
        NotFound: There is none, or nobody declared it ready.
        Refused: It is no kit number.
    """
    number = scans.kit_number(typed)
    kit = uow.find(Kit, number)
    if kit is None or kit.state not in VISIBLE:
        raise unknown(number)
    return kit


def unknown(number: str) -> NotFound:
    """What is said of a kit that a person does not see, whether or not it exists.

    Args:
        number: Kit number.
    """
    return NotFound(
        f"There is no kit {group3(number)}.",
        field="kit",
        next_step="Read the number from the label once more, or scan it.",
    )


def site_of(uow: UnitOfWork, kit: Kit) -> str:
    """Code of the site to which a kit belongs: every entry about it names the same one."""
    return uow.get(Entry, kit.entry, what="entry").site


def whose(uow: UnitOfWork, kit: Kit) -> Participant:
    """The participant for whom a kit was made ready."""
    allocation = uow.all(Allocation, slot=kit.slot)[0]
    return uow.get(Participant, allocation.participant, what="participant")


def move(uow: UnitOfWork, person: Person, what: Act, number: str, why: str) -> Kit:
    """Record what became of a kit: returned, quarantined, damaged, missing, or found again.

    A kit that was ready leaves its period, so that another one can be prepared for it.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the kit's site.
        what: An act that leads to one state alone.
        number: Kit number.
        why: The reason.

    Raises:
        NotFound: No such kit ever became ready.
        Refused: The kit's state does not admit it, or the reason is missing.
        Tampered: A record that this rests on differs from its entry.
    """
    kit = demand(uow, person, what, number)
    reasons.demand(why, f"To {what.doing}, give the reason.")
    with act_on(uow, what, person, kit, why) as act:
        return take_out(act, kit, kit_moves.after(what))


def destroy(
    uow: UnitOfWork,
    person: Person,
    step_up: StepUp,
    number: str,
    *,
    method: Destruction,
    why: str,
    second: StepUp | None = None,
) -> Kit:
    """Record and sign that a kit was destroyed.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the kit's site.
        step_up: Their re-authentication.
        number: Kit number.
        method: How.
        why: The reason.
        second: The re-authentication of whoever saw it, where the definition asks for a second person.

    Raises:
        NotFound: No such kit ever became ready.
        Refused: The kit is not set aside, the reason is missing, or nobody fit saw it.
        StepUpRefused: The re-authentication does not count.
        Tampered: A record that this rests on differs from its entry.
    """
    kit = demand(uow, person, Act.KIT_DESTROYED, number)
    reasons.demand(why, "A destruction needs its reason.")
    checked_by = second_person.demand(
        uow,
        person,
        site_of(uow, kit),
        second,
        before="the destruction of this kit",
        nothing="Nothing was recorded.",
    )
    with act_on(uow, Act.KIT_DESTROYED, person, kit, why) as act:
        values = {"kit": kit.number, "method": str(method), "checked_by": checked_by}
        sign(act, step_up, meaning=DESTROYED_MEANING, about=f"kit {kit.number}", values=values)
        act.note(method=method, checked_by=checked_by)
        return act.change(kit, state=KitState.DESTROYED)


def undo_dispensation(uow: UnitOfWork, person: Person, step_up: StepUp, number: str, why: str) -> Kit:
    """Sign that a kit was handed out in error, was not administered and came back; it never goes out again.

    The booking stands, so that another kit can be prepared for it; what was recorded stays in the trail.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the site.
        step_up: Their re-authentication.
        number: Participant number.
        why: The reason.

    Raises:
        Refused: No kit is handed out, something is recorded of its infusion, or the reason is missing.
        StepUpRefused: The re-authentication does not count.
        Tampered: A record that this rests on differs from its entry.
    """
    what = Act.DISPENSATION_UNDONE
    acting.in_trial(uow, what)
    participant = acting.on_participant(uow, person, what, number)
    reasons.demand(why, "Undoing a dispensation needs its reason.")
    record, _ = infusions.demand_in_hand(uow, number)
    kit = uow.get(Kit, record.kit, what="kit")
    kit_moves.demand(what, kit)
    with trail.act(uow, what, person, site=participant.site, participant=number, why=why) as act:
        values = {"participant": number, "period": record.period, "kit": kit.number}
        sign(act, step_up, meaning=UNDONE_MEANING, about=f"participant {number}", values=values)
        before = State.RANDOMIZED if record.period == 1 else State.BETWEEN
        act.change(participant, state=before, period=record.period - 1)
        back = act.change(kit, state=KitState.RETURNED)
        free(act, act.change(record, dispensed_at=None, checked_by=0), ended=participant.ending is not None)
        return back


def take_out(act: OpenAct, kit: Kit, state: KitState) -> Kit:
    """Move a kit; one that was ready leaves its period.

    Args:
        act: The act that moves it.
        kit: As read from the store.
        state: Where it goes.
    """
    if kit.state in UNUSED:
        for record in periods.of(act.uow, whose(act.uow, kit).number):
            if record.kit == kit.number:
                free(act, record)
    return act.change(kit, state=state)


def free(act: OpenAct, record: PeriodRecord, *, ended: bool = False) -> PeriodRecord:
    """Take the kit out of an open period, now not ready; the booking stays unless treatment has ended."""
    freed = act.change(record, preparation_begun_at=None, preparation_ended_at=act.at, kit="")
    return booking.drop(act, freed) if ended else freed


def demand_possible(uow: UnitOfWork, act: Act, kit: Kit) -> None:
    """Refuse an act on a kit that cannot succeed now, whatever is entered.

    Raises:
        Refused: The trial's phase or the kit's state rule it out.
    """
    acting.in_phase(uow, act)
    kit_moves.demand(act, kit)


def demand(uow: UnitOfWork, person: Person, what: Act, typed: str) -> Kit:
    """The kit upon which a person may do an act now.

    Args:
        uow: The unit of work.
        person: Who acts.
        what: The act.
        typed: Kit number as typed or scanned.

    Raises:
        NotAllowed: No role of the person fits.
        NotFound: No such kit ever became ready.
        Refused: The trial's phase or the kit's state does not admit it, or it is no kit number.
        Tampered: The kit differs from its entry.
    """
    acting.in_trial(uow, what)
    kit = find(uow, typed)
    acts.demand(person, what, site_of(uow, kit))
    trail.check(uow, kit)
    kit_moves.demand(what, kit)
    return kit


def act_on(uow: UnitOfWork, what: Act, person: Person, kit: Kit, why: str) -> AbstractContextManager[OpenAct]:
    """The act on a kit; it names the participant unless they have moved to another site since."""
    site, participant = site_of(uow, kit), whose(uow, kit)
    named = participant.number if participant.site == site else ""
    return trail.act(uow, what, person, site=site, participant=named, why=why)
