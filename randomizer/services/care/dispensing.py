"""Dispense: the right kit for this participant and period, or a hard stop. Needs no key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain import acts, participants, scans, windows
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import group3
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import SERVICE
from randomizer.domain.supply import UNUSED, Kit, KitState, PeriodRecord
from randomizer.domain.trial import OPEN, Allocation
from randomizer.errors import HardStop, Refused
from randomizer.services import acting, trail, trials
from randomizer.services.care import kits, periods, replacements, second_person

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.services.signatures import StepUp
    from randomizer.store.work import UnitOfWork

AGAIN_SECONDS = 10
"""How long the same scan of the same person counts as the first one sent twice."""
READY = "Wait until it shows as ready."


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDispense:
    """What the counter needs to know: one kit, one participant, one period."""

    participant: Participant
    record: PeriodRecord
    kit: Kit
    period_count: int
    storage_place: str


def look_up(uow: UnitOfWork, person: Person, number: str) -> ToDispense:
    """The kit to hand out to this participant now.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the participant's site.
        number: Participant number, as scanned from the card.

    Raises:
        HardStop: Nothing may be handed out now; the sentence says why and what to do.
        NotAllowed: The role does not fit.
        NotFound: There is no such participant.
        Refused: The trial is elsewhere in life.
        Tampered: A record that this rests on differs from its entry.
    """
    _, definition = acting.in_phase(uow, Act.KIT_DISPENSED)
    participant = uow.get(Participant, number, what="participant")
    acts.demand(person, Act.KIT_DISPENSED, participant.site)
    trail.check(uow, participant)
    if participant.ending is not None or participant.state not in participants.TREATABLE:
        raise HardStop(
            f"Nothing is handed out to participant {number}: {participant.ending or participant.state}.",
            scanned=number,
            next_step=_call(definition),
        )
    record = _current(uow, number, definition)
    _demand_ready(uow, record, definition)
    kit = uow.get(Kit, record.kit, what="kit")
    trail.check(uow, kit)
    _demand_fresh(kit, record, uow.clock(), definition)
    _demand_in_time(uow, definition, record)
    return ToDispense(
        participant=participant,
        record=record,
        kit=kit,
        period_count=definition.period_count,
        storage_place=definition.kits.storage_place,
    )


def dispense(
    uow: UnitOfWork, person: Person, number: str, scanned: str, *, second: StepUp | None = None
) -> ToDispense:
    """Hand out the kit that was scanned, if it is the right one.

    Args:
        uow: The unit of work; the caller commits it before answering.
        person: A dispensing pharmacist of the participant's site.
        number: Participant number.
        scanned: Kit number as scanned or typed.
        second: The re-authentication of whoever checks the kit, where the definition asks for one.

    Raises:
        HardStop: Wrong kit, wrong participant, too early, expired, already handed out; there is no override.
        Refused: What was scanned is no kit number, nobody fit checked it (field: `second_person.FIELD`), or
            the trial is elsewhere in life.
        Tampered: A record that this rests on differs from its entry.
    """
    trail.take_turn(uow)
    todo = look_up(uow, person, number)
    _demand_right_kit(uow, todo, scans.kit_number(scanned))
    checked_by = second_person.demand(
        uow,
        person,
        todo.participant.site,
        second,
        before="this kit before it is handed out",
        nothing="Nothing was handed out.",
    )
    with trail.act(uow, Act.KIT_DISPENSED, person, site=todo.participant.site, participant=number) as act:
        kit = act.change(todo.kit, state=KitState.DISPENSED)
        record = act.change(todo.record, dispensed_at=act.at, checked_by=checked_by)
        participant = act.change(todo.participant, state=State.IN_PERIOD, period=record.period)
    return ToDispense(
        participant=participant,
        record=record,
        kit=kit,
        period_count=todo.period_count,
        storage_place=todo.storage_place,
    )


def sent_again(uow: UnitOfWork, person: Person, number: str, scanned: str) -> PeriodRecord | None:
    """The period whose kit the person handed out by this very scan a moment ago, or None.

    A scanner that ends in two line ends sends the same form twice; nothing is handed out for the second.

    Args:
        uow: The unit of work.
        person: Who scanned.
        number: Participant number.
        scanned: As it came in.
    """
    since = uow.clock() - timedelta(seconds=AGAIN_SECONDS)
    out = [one for one in periods.of(uow, number) if one.dispensed_at and one.dispensed_at > since]
    if not out or not scans.means(scanned, out[-1].kit):
        return None
    entry = uow.get(Entry, out[-1].entry, what="entry")
    return out[-1] if (entry.act, entry.actor) == (Act.KIT_DISPENSED, person.account) else None


def expire(uow: UnitOfWork) -> int:
    """Take every ready kit out of use whose time has passed; returns how many. Safe to repeat.

    Raises:
        Tampered: Somebody wrote a kit beside the trail.
    """
    trail.take_turn(uow)
    now = uow.clock()
    ready = uow.all(Kit, state=list(UNUSED))
    if not ready or trials.current(uow)[0].phase not in OPEN:
        return 0  # nothing is written after the lock
    trail.check(uow, *ready)
    over = [kit for kit in ready if kit.expired(now)]
    for kit in over:
        participant = kits.whose(uow, kit)
        with trail.act(
            uow, Act.KIT_EXPIRED, SERVICE, site=participant.site, participant=participant.number
        ) as act:
            kits.take_out(act, kit, KitState.EXPIRED)
    return len(over)


def _current(uow: UnitOfWork, number: str, definition: Definition) -> PeriodRecord:
    try:
        return periods.current(uow, number)
    except Refused:
        raise HardStop(
            f"Nothing is handed out to participant {number}: every period is closed.",
            scanned=number,
            next_step=_call(definition),
        ) from None


def _demand_ready(uow: UnitOfWork, record: PeriodRecord, definition: Definition) -> None:
    if record.dispensed_at is not None:
        raise HardStop(
            f"The kit for period {record.period} of participant {record.participant} was handed out at "
            f"{record.dispensed_at:%H:%M} UTC on {windows.day(record.dispensed_at)}.",
            scanned=record.participant,
            next_step="Do not hand out another one. " + _call(definition),
        )
    if not record.kit:
        begun = record.preparation_begun_at is not None and record.preparation_ended_at is None
        state = "is being prepared" if begun else "is not ready"
        asked = replacements.describe(record)
        if not begun and not asked:
            _demand_no_quarantine(uow, record, definition)
        raise HardStop(
            f"The kit for period {record.period} of participant {record.participant} {state}."
            + (f" {asked}" if asked else ""),
            scanned=record.participant,
            next_step=f"{_until_ready(record)} {_call(definition)}",
        )


def _until_ready(record: PeriodRecord) -> str:
    """What comes before the kit of a period is ready, so that nobody waits for what does not come."""
    if record.preparing:
        return READY
    if record.asked_at is not None:
        return "The investigator records the missed period." if record.no_product else READY
    if record.booked_for is None:
        return "Hand nothing out. The infusion has to be booked first."
    if record.preparation_ended_at is not None:
        return "Ask for another kit."
    return READY if record.fit_signed_at else "Wait. The investigator has to sign fit for infusion first."


def _demand_no_quarantine(uow: UnitOfWork, record: PeriodRecord, definition: Definition) -> None:
    """Say of a kit that was ready where it is, so that nobody waits for it."""
    slot = uow.get(Allocation, record.participant, what="allocation").slot
    aside = uow.all(Kit, slot=slot, period=record.period, state=KitState.QUARANTINED)
    if aside:
        trail.check(uow, *aside)
        raise HardStop(
            f"Kit {group3(aside[-1].number)} for period {record.period} of participant {record.participant} "
            "is in quarantine.",
            scanned=record.participant,
            next_step="Leave it apart, and ask for another kit. " + _call(definition),
        )


def _demand_fresh(kit: Kit, record: PeriodRecord, now: datetime, definition: Definition) -> None:
    if kit.state is KitState.SHIPPED and not kit.expired(now):
        raise HardStop(
            f"Kit {group3(kit.number)} is on its way: nobody has received it here.",
            scanned=kit.number,
            next_step="Receive it first, from the worklist. " + _call(definition),
        )
    if kit.state is not KitState.READY or kit.expires_at is None or now >= kit.expires_at:
        state = "expired" if kit.state in UNUSED | {KitState.EXPIRED} else kit.state
        when = f" since {windows.minute(kit.expires_at)}" if kit.expires_at and state == "expired" else ""
        raise HardStop(
            f"Kit {group3(kit.number)} is {state}{when}. {replacements.describe(record)}".rstrip(),
            scanned=kit.number,
            next_step=("Put it aside. " if record.asked_at else "Put it aside, and ask for another kit. ")
            + _call(definition),
        )


def _demand_in_time(uow: UnitOfWork, definition: Definition, record: PeriodRecord) -> None:
    try:
        if record.booked_for is not None:
            windows.demand_near(
                record.period,
                record.booked_for,
                uow.clock(),
                done="handed out",
                hours=windows.HAND_OUT_HOURS,
            )
        periods.demand_time(uow, definition, record, uow.clock(), signed=True)
    except Refused as refusal:
        raise HardStop(refusal.message, scanned=record.participant, next_step=_call(definition)) from refusal


def _demand_right_kit(uow: UnitOfWork, todo: ToDispense, scanned: str) -> None:
    if scanned == todo.kit.number:
        return
    definition = trials.current(uow)[1]
    known = uow.find(Kit, scanned)
    mine = uow.get(Allocation, todo.participant.number, what="allocation").slot
    if known is None:
        said = "It is not a kit of this trial."
    elif known.slot != mine:
        said = "It belongs to another participant."
    elif known.period != todo.record.period:
        said = f"It is for period {known.period}, not period {todo.record.period}."
    else:
        said = "It was not declared ready."
    raise HardStop(
        f"Wrong kit. {said} Nothing was handed out.",
        scanned=scanned,
        needed=todo.kit.number,
        next_step="Put the scanned kit back and scan the one that is needed. " + _call(definition),
    )


def _call(definition: Definition) -> str:
    return f"Trial office: {definition.telephone}."
