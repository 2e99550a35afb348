"""Preparing the kit of one participant and period: the sheet, begun, ended. The unblinded side of a booking.

A preparation leaves two entries, begun and ended, which name the participant alone; lot, cell count, thaw and
which kits were tried stand in a sealed record of one length. Where a kit is spoiled its spare is filled in
the same preparation, and which comes first follows from a key: what was used tells nothing of what was tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain import acts, participants, scans, windows
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.participants import Participant
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.domain.trial import RUNNING, Slot
from randomizer.errors import HardStop, NotFound, Refused
from randomizer.services import acting, trail, trials
from randomizer.services.care import periods, products
from randomizer.services.care.booking import FIT_MEANING
from randomizer.services.signatures import demand_signed
from randomizer.services.unblinded import quality
from randomizer.services.unblinded.opening import open_for_sheet, read_preparation, seal_preparation

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.domain.sealed_texts import Preparation
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.opening import Opened
    from randomizer.store.work import UnitOfWork

KIT_ORDER_LABEL = "crossover-randomizer/v1/kit-order"


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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sheet:
    """What to put into which kit.

    Args:
        participant: Participant number.
        period: 1-based.
        booked_for: Planned start of the infusion, UTC.
        treatment: Treatment code.
        content: Name of the treatment.
        kit: Number of the kit to prepare.
        spares: Kits to fill instead where it is spoiled, in this order.
        donation: Identifier of the participant's donation.
        volume_ml: The same whatever the treatment.
        infusion_minutes: The same whatever the treatment.
        expiry_minutes: From "ready".
        fit: Whether fit-for-infusion is signed, so that the preparation may begin.
        preparing: Whether it has begun.
        out_of_limits: Whether a quality result of the product is, so that nothing may be prepared; everybody
            has a product, so it says nothing of the content.
    """

    participant: str
    period: int
    booked_for: datetime
    treatment: str
    content: str
    kit: str
    spares: tuple[str, ...]
    donation: str
    volume_ml: int
    infusion_minutes: int
    expiry_minutes: int
    fit: bool
    preparing: bool
    out_of_limits: bool

    def __repr__(self) -> str:
        return "Sheet(masked)"


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
    return tuple(
        ToPrepare(
            participant=uow.get(Participant, record.participant, what="participant"),
            record=record,
            out_of_limits=products.is_out_of_limits(uow, record.participant),
        )
        for record in booked
    )


def open_sheet(desk: Desk, person: Person, number: str) -> Sheet:
    """Show what goes into which kit; that it was opened is on record before.

    Args:
        desk: The code-break host's own.
        person: A preparing pharmacist.
        number: Participant number.

    Raises:
        NotAllowed: The person is no preparing pharmacist.
        Refused: Nothing is booked, or no kit is left for this period.
        Tampered: Something disagrees with its entry or with the certificate; nothing is opened.
    """
    with desk.store.writing() as uow:
        acting.in_trial(uow, Act.SHEET_OPENED)
        participant = uow.get(Participant, number, what="participant")
        acts.demand(person, Act.SHEET_OPENED, participant.site)
        participants.demand(participant, Act.PREPARATION_BEGUN)
        current = periods.current(uow, number)
        _booked(current)
        _demand_no_kit_ready(current)
        with trail.act(uow, Act.SHEET_OPENED, person, site=participant.site, participant=number) as act:
            entry = act.number
    with desk.store.reading() as uow:
        _, definition = trials.current(uow)
        record = periods.current(uow, number)
        trail.check(uow, record)
        return _sheet(uow, desk, open_for_sheet(uow, desk, entry), record, definition)


def sheet_again(desk: Desk, person: Person, number: str) -> Sheet:
    """Show the sheet once more that this person opened for the present booking; no further entry.

    Raises:
        NotAllowed: The person is no preparing pharmacist.
        Refused: The sheet was not opened for this booking, or by somebody else.
        Tampered: Something disagrees with its entry or with the certificate; nothing is opened.
    """
    with desk.store.reading() as uow:
        _, definition = trials.current(uow)
        participant = uow.get(Participant, number, what="participant")
        acts.demand(person, Act.SHEET_OPENED, participant.site)
        participants.demand(participant, Act.PREPARATION_BEGUN)
        record = periods.current(uow, number)
        trail.check(uow, record)
        _demand_no_kit_ready(record)
        entry = _sheet_entry(uow, number)
        if uow.get(Entry, entry, what="entry").actor != person.account:
            raise Refused(
                f"The sheet of participant {number} was opened by somebody else.",
                field="participant",
                next_step="Open it yourself; that is put on record.",
            )
        return _sheet(uow, desk, open_for_sheet(uow, desk, entry), record, definition)


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
    booked_for = _booked(record)
    _demand_not_begun(record)
    if record.fit_signed_at is None:
        raise Refused(
            f"The investigator has not signed that participant {number} is fit for this infusion. "
            "Nothing was changed.",
            field="participant",
            next_step="Wait for the signature before anything is prepared.",
        )
    demand_signed(uow, meaning=FIT_MEANING, about=f"participant {number}")
    _sheet_entry(uow, number)
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
        Refused: No preparation is under way, the content is not that of the sheet, or a quality result of the
            product is out of limits, whatever the treatment.
    """
    trial, definition = acting.in_trial(uow, Act.PREPARATION_ENDED)
    if ready:  # without a kit a preparation ends after termination too
        trial.demand(RUNNING, what="declare a kit ready")
    participant = acting.on_participant(uow, person, Act.PREPARATION_ENDED, number)
    record = periods.current(uow, number)
    if not record.preparing:
        raise Refused(
            f"No preparation is under way for participant {number}. Nothing was changed.",
            field="participant",
            next_step="Open the worklist to see how the booking stands.",
        )
    if ready:
        quality.demand_within_limits(uow, desk, number)
    opened = open_for_sheet(uow, desk, _sheet_entry(uow, number))
    before = read_preparation(uow, desk, opened.slot.number, record.period)
    left = _kits(uow, desk, opened.slot, record.period, before.spoiled)
    trail.check(uow, *left)
    used = _scanned(left, kit, spoiled=spoiled) if ready else int(spoiled)
    if ready:
        _demand_content(opened, record, noted.content)
    reserved = left[used] if ready else left[0]
    tried = (*before.spoiled, *(one.number for one in left[:used]))
    kept = replace(noted, kit=reserved.number if ready else "", spoiled=tried)
    with trail.act(uow, Act.PREPARATION_ENDED, person, site=participant.site, participant=number) as act:
        uow.update(seal_preparation(desk, opened.slot.number, record.period, kept, uow.entropy))
        if not ready:
            return act.change(record, preparation_begun_at=None, preparation_ended_at=act.at)
        expires_at = act.at + timedelta(minutes=definition.kits.expiry_minutes)
        state = KitState.SHIPPED if definition.kits.travel else KitState.READY
        act.change(reserved, state=state, ready_at=act.at, expires_at=expires_at)
        quality.look_again(uow, desk, number)
        return act.change(
            record,
            preparation_ended_at=act.at,
            asked_at=None,
            answered_at=None,
            available_at=None,
            kit=reserved.number,
        )


def ready_kit(uow: UnitOfWork, number: str, period: int) -> Kit:
    """The kit that was declared ready for a period.

    Raises:
        NotFound: There is none.
    """
    record = uow.get(PeriodRecord, number, period, what="period")
    kit = uow.find(Kit, record.kit) if record.kit else None
    if kit is None:
        raise NotFound(
            f"No kit is ready for period {period} of participant {number}.",
            next_step="Open the worklist to see how the booking stands.",
        )
    return kit


def _sheet(
    uow: UnitOfWork, desk: Desk, opened: Opened, record: PeriodRecord, definition: Definition
) -> Sheet:
    noted = read_preparation(uow, desk, opened.slot.number, record.period)
    treatment = opened.content.treatments[record.period - 1]
    product = products.latest(uow, record.participant)
    kit, *spares = (one.number for one in _kits(uow, desk, opened.slot, record.period, noted.spoiled))
    return Sheet(
        participant=record.participant,
        period=record.period,
        booked_for=_booked(record),
        treatment=treatment,
        content=definition.treatment(treatment).name,
        kit=kit,
        spares=tuple(spares),
        donation=product.identifier,
        volume_ml=definition.kits.volume_ml,
        infusion_minutes=definition.kits.infusion_minutes,
        expiry_minutes=definition.kits.expiry_minutes,
        fit=record.fit_signed_at is not None,
        preparing=record.preparing,
        out_of_limits=quality.read(desk, product).out_of_limits,
    )


def order_of(desk: Desk, slot: int, period: int, kits: tuple[str, ...]) -> tuple[str, ...]:
    """The order in which the kits of a slot and period are used; without the key nobody can tell it.

    Args:
        desk: Holds the key.
        slot: Number of the slot.
        period: 1-based.
        kits: Kit numbers, in any order.
    """
    draws = desk.keys.draws(f"{KIT_ORDER_LABEL}/{slot}/{period}")
    waiting = sorted(kits)
    return tuple(waiting.pop(draws.below(len(waiting))) for _ in kits)


def _kits(uow: UnitOfWork, desk: Desk, slot: Slot, period: int, spoiled: tuple[str, ...]) -> list[Kit]:
    """The kits of the period that are still reserved and not spoiled, in the order of use; never none."""
    reserved = {
        kit.number: kit
        for kit in uow.all(
            Kit, number=slot.kits[period - 1], slot=slot.number, period=period, state=KitState.RESERVED
        )
        if kit.number not in spoiled
    }
    real = 1 + trials.current(uow)[1].treatments[0].spares  # the same for all of them: the design check
    order = order_of(desk, slot.number, period, slot.kits[period - 1])[:real]
    left = [reserved[number] for number in order if number in reserved]
    if not left:
        raise Refused(
            f"No kit is left for period {period} of this participant. Nothing was changed.",
            field="participant",
            next_step="Call the trial office; the investigator then records the period as missed.",
        )
    return left


def _sheet_entry(uow: UnitOfWork, number: str) -> int:
    """The entry of the sheet that was opened for the present booking."""
    acts = (Act.SHEET_OPENED.value, Act.INFUSION_BOOKED.value)
    last = uow.all(Entry, participant=number, act=acts, order="-number", limit=1)
    if not last or last[0].act != Act.SHEET_OPENED:
        raise Refused(
            f"The preparation sheet of participant {number} was not opened for this booking. "
            "Nothing was changed.",
            field="participant",
            next_step="Open the sheet first.",
        )
    return last[0].number


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
            next_step="Put it aside, and look at the sheet and at the labels again.",
        )
    return wanted.index(number)


def _demand_content(opened: Opened, record: PeriodRecord, content: str) -> None:
    if content != opened.content.treatments[record.period - 1]:
        raise Refused(
            "The content named is not the one on the sheet. Nothing was declared ready.",
            field="content",
            next_step="Stop, look at the sheet again, and call the clearing person if the kit is filled.",
        )


def _booked(record: PeriodRecord) -> datetime:
    if record.booked_for is None:
        raise Refused(
            f"Period {record.period} of participant {record.participant} is not booked, so nothing is "
            "prepared. Nothing was changed.",
            field="participant",
            next_step="The site books the infusion.",
        )
    return record.booked_for


def _demand_no_kit_ready(record: PeriodRecord) -> None:
    """A sheet that shows the next spare would make somebody fill a second kit."""
    if record.kit:
        raise Refused(
            f"The kit for period {record.period} of participant {record.participant} is ready already; "
            "another one is not to be prepared. Nothing was changed.",
            field="participant",
            next_step="Open the worklist to see what is booked.",
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
