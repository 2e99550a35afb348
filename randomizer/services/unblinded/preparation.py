"""Preparing the kit of one participant and period: begun, ended. The unblinded side of a booking.

A preparation leaves two entries, begun and ended, which name the participant alone; lot, cell count, thaw and
which kits were tried stand in a sealed record of one length. Where a kit is spoiled its spare is filled in
the same preparation, and which comes first follows from a key: what was used tells nothing of what was tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from randomizer.domain import preparation_clock, scans, windows
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import RUNNING
from randomizer.errors import HardStop, Refused
from randomizer.services import acting, trail, trials
from randomizer.services.care import periods, products
from randomizer.services.care.booking import FIT_MEANING
from randomizer.services.sealed import facts
from randomizer.services.signatures import demand_signed
from randomizer.services.unblinded import kit_order, quality, sheets
from randomizer.services.unblinded.opening import open_for_sheet, read_preparation, seal_preparation

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import KitPolicy
    from randomizer.domain.people import Person
    from randomizer.domain.sealed_texts import Preparation
    from randomizer.masking import View
    from randomizer.services.trail import OpenAct
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.opening import Opened
    from randomizer.services.views.sight import Sight
    from randomizer.store.work import UnitOfWork

ASIDE = "Put it aside, and look at the sheet and at the labels again."
SPARE = (
    "It is a spare of this sheet. Put it aside; only where the kit of the sheet is spoiled, say so on the "
    "sheet and scan the spare."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPrepare:
    """One line of the worklist; it says nothing of contents.

    Args:
        participant: Whose kit.
        record: Booked, its period still open and no kit ready.
        out_of_limits: Whether a quality result of the product is, so that nothing may be prepared.
    """

    participant: Participant
    record: PeriodRecord
    out_of_limits: bool


def worklist(uow: UnitOfWork) -> tuple[ToPrepare, ...]:
    """Every booking whose kit is to be prepared, the earliest first; none once nothing more is given.

    One that is under way when the trial ends stays listed until it is ended.
    """
    running = trials.current(uow)[0].phase in RUNNING
    booked = [
        record
        for record in uow.all(PeriodRecord, outcome=None, kit="", order="booked_for")
        if record.booked_for and (running or record.preparing)
    ]
    numbers = [record.participant for record in booked]
    people = {one.number: one for one in uow.all(Participant, number=numbers)}
    failed = products.out_of_limits_among(uow, numbers)
    return tuple(
        ToPrepare(
            participant=people[record.participant],
            record=record,
            out_of_limits=record.participant in failed,
        )
        for record in booked
    )


def begin(uow: UnitOfWork, person: Person, number: str) -> PeriodRecord:
    """Begin the preparation of the current period's kit.

    Args:
        uow: The unit of work.
        person: A preparing pharmacist.
        number: Participant number.

    Raises:
        Refused: Nothing is booked, fit-for-infusion is not signed, the sheet was not opened for this booking,
            the time is wrong, or a quality result of the product is out of limits, whatever the treatment.
    """
    _, definition = acting.in_trial(uow, Act.PREPARATION_BEGUN)
    participant = acting.on_participant(uow, person, Act.PREPARATION_BEGUN, number)
    record = periods.current(uow, number)
    booked_for = sheets.booked(record)
    _demand_not_begun(record)
    if record.fit_signed_at is None:
        raise Refused(
            f"The investigator has not signed that participant {number} is fit for this infusion. "
            "Nothing was changed.",
            field="participant",
            next_step="Wait for the signature before anything is prepared.",
        )
    demand_signed(uow, meaning=FIT_MEANING, about=f"participant {number}")
    sheets.entry_of_sheet(uow, number)
    products.demand_within_limits(uow, number)
    windows.demand_near(record.period, booked_for, uow.clock(), done="prepared", hours=windows.PREPARE_HOURS)
    periods.demand_time(uow, definition, record, booked_for, signed=True)
    with trail.act(uow, Act.PREPARATION_BEGUN, person, site=participant.site, participant=number) as act:
        return act.change(record, preparation_begun_at=act.at, preparation_ended_at=None)


def end(
    uow: UnitOfWork,
    desk: Desk,
    person: Person,
    number: str,
    *,
    ready: bool,
    kit: str,
    noted: Preparation,
    spoiled: bool = False,
) -> PeriodRecord:
    """End a preparation: the kit is ready and its time runs, or there is none and it can be begun again.

    Args:
        uow: The unit of work.
        desk: Keys; the notes are sealed.
        person: A preparing pharmacist.
        number: Participant number.
        ready: Whether the kit is ready to be handed out.
        kit: Number of the kit that was prepared, as scanned or typed; not read where none is ready.
        noted: What is kept, sealed; its `content` must be that of the sheet where the kit is ready.
        spoiled: Whether the kit of the sheet can't be used any more; a kit that is ready is then a spare.

    Raises:
        HardStop: The kit is not that of the sheet, or none of its spares where that one is spoiled.
        Refused: No preparation is under way, the content is not that of the sheet, a quality result of the
            product is out of limits, the lot is one that was not cleared, or it is too early or too late for
            a kit, whatever the treatment.
    """
    participant, record, begun_at, kits = _demand_under_way(uow, person, number, ready=ready)
    if ready:
        quality.demand_usable(uow, desk, number, noted.lot)
    opened = open_for_sheet(uow, desk, sheets.entry_of_sheet(uow, number))
    slot, period = opened.slot, record.period
    spoiled_before = read_preparation(uow, desk, slot.number, period).spoiled
    left = kit_order.kits_left(uow, desk, slot, period, spoiled_before)
    trail.check(uow, *left)
    used = _scanned(left, kit, spoiled=spoiled) if ready else int(spoiled)
    if ready:
        _demand_content(opened, record, noted.content)
        preparation_clock.demand_time_left(kits, begun_at, uow.clock())
    preparation_clock.demand_long_enough(kits, begun_at, uow.clock(), ready=ready)
    tried = (*spoiled_before, *(one.number for one in left[:used]))
    kept = replace(noted, kit=left[used].number if ready else "", spoiled=tried)
    with trail.act(uow, Act.PREPARATION_ENDED, person, site=participant.site, participant=number) as act:
        uow.update(seal_preparation(desk, slot.number, period, kept, uow.entropy))
        act.note(facts_digest=facts.noted(desk.keys.draws, act.number, facts.of_preparation(kept)))
        if not ready:
            return act.change(record, preparation_begun_at=None, preparation_ended_at=act.at)
        expires_at = preparation_clock.expiry(kits, begun_at, act.at)
        ended = _declare_ready(act, record, left[used], expires_at, travels=kits.travel)
        quality.look_again(uow, desk, number)
    return ended


def shown(sight: Sight, record: PeriodRecord) -> View:
    """A booking, and from when the preparation that is under way can be ended."""
    earliest = preparation_clock.earliest_end(sight.definition.kits, record.preparing_since)
    return sight.show(record) | sight.show({"earliest_end_at": earliest}, kind="Sheet")


def _demand_under_way(
    uow: UnitOfWork, person: Person, number: str, *, ready: bool
) -> tuple[Participant, PeriodRecord, datetime, KitPolicy]:
    """Whose preparation is under way, and since when; without a kit it ends after termination too."""
    trial, definition = acting.in_trial(uow, Act.PREPARATION_ENDED)
    if ready:
        trial.demand(RUNNING, what="declare a kit ready")
    participant = acting.on_participant(uow, person, Act.PREPARATION_ENDED, number)
    record = periods.current(uow, number)
    begun_at = record.preparing_since
    if begun_at is None:
        raise Refused(
            f"No preparation is under way for participant {number}. Nothing was changed.",
            field="participant",
            next_step="Open the worklist to see how the booking stands.",
        )
    return participant, record, begun_at, definition.kits


def _declare_ready(
    act: OpenAct, record: PeriodRecord, kit: Kit, expires_at: datetime, *, travels: bool
) -> PeriodRecord:
    """The kit is seen by the blinded side from now on, and a request for another one is done with."""
    state = KitState.SHIPPED if travels else KitState.READY
    act.change(kit, state=state, ready_at=act.at, expires_at=expires_at)
    return act.change(
        record,
        preparation_ended_at=act.at,
        asked_at=None,
        answered_at=None,
        available_at=None,
        kit=kit.number,
    )


def _scanned(left: list[Kit], scanned: str, *, spoiled: bool) -> int:
    """Position of the kit that was scanned: the first one, or a spare where the first one is spoiled."""
    number = scans.kit_number(scanned)
    wanted = [kit.number for kit in left]
    fitting = wanted[1:] if spoiled else wanted[:1]
    if number not in fitting:
        which = "none of the spares on the sheet" if spoiled else "not the one on the sheet"
        raise HardStop(
            f"Wrong kit: it is {which}. Nothing was declared ready.",
            scanned=number,
            needed=fitting[0] if fitting else "",
            next_step=SPARE if number in wanted[1:] else ASIDE,
        )
    return wanted.index(number)


def _demand_content(opened: Opened, record: PeriodRecord, content: str) -> None:
    if content != opened.content.treatments[record.period - 1]:
        raise Refused(
            "The content named is not the one on the sheet. Nothing was declared ready.",
            field="content",
            next_step="Stop, look at the sheet again, and call the clearing person if the kit is filled.",
        )


def _demand_not_begun(record: PeriodRecord) -> None:
    if record.preparation_begun_at is None:
        return
    state = "has begun" if record.preparing else "has ended"
    raise Refused(
        f"The preparation for period {record.period} of participant {record.participant} {state}. "
        "Nothing was changed.",
        field="participant",
        next_step="Open the worklist to see how the booking stands.",
    )
