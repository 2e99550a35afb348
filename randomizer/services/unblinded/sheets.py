"""The sheet of one participant and period: what to put into which kit, on record before it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain import acts, participants, preparation_clock
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.participants import Participant
from randomizer.errors import Refused
from randomizer.services import acting, trail, trials
from randomizer.services.care import periods, products
from randomizer.services.unblinded import kit_order, quality
from randomizer.services.unblinded.opening import open_for_sheet, read_preparation

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.domain.supply import PeriodRecord
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.opening import Opened
    from randomizer.store.work import UnitOfWork


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
        expiry_minutes: From "ready", or from "begun" where a preparation takes a least time.
        preparation_minutes: What it takes at least, the same whatever the treatment; 0 where nothing is set.
        fit: Whether fit-for-infusion is signed, so that the preparation may begin.
        preparing: Whether it has begun.
        earliest_end_at: When it can be ended; None before it begins, and where it can be at any time.
        out_of_limits: Whether a quality result of the product is, so that nothing may be prepared; everybody
            has a product, so it says nothing of the content.
        lots: Those of the product that are cleared.
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
    preparation_minutes: int
    fit: bool
    preparing: bool
    earliest_end_at: datetime | None
    out_of_limits: bool
    lots: tuple[str, ...]

    def __repr__(self) -> str:
        return "Sheet(masked)"


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
        booked(current)
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
        entry = entry_of_sheet(uow, number)
        if uow.get(Entry, entry, what="entry").actor != person.account:
            raise Refused(
                f"The sheet of participant {number} was opened by somebody else.",
                field="participant",
                next_step="Open it yourself; that is put on record.",
            )
        return _sheet(uow, desk, open_for_sheet(uow, desk, entry), record, definition)


def entry_of_sheet(uow: UnitOfWork, number: str) -> int:
    """Number of the entry under which the sheet was opened for the present booking.

    Raises:
        Refused: It was not opened since.
    """
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


def booked(record: PeriodRecord) -> datetime:
    """When the infusion of this period is booked for.

    Raises:
        Refused: It is not booked.
    """
    if record.booked_for is None:
        raise Refused(
            f"Period {record.period} of participant {record.participant} is not booked, so nothing is "
            "prepared. Nothing was changed.",
            field="participant",
            next_step="The site books the infusion.",
        )
    return record.booked_for


def _sheet(
    uow: UnitOfWork, desk: Desk, opened: Opened, record: PeriodRecord, definition: Definition
) -> Sheet:
    noted = read_preparation(uow, desk, opened.slot.number, record.period)
    treatment = opened.content.treatments[record.period - 1]
    product = products.latest(uow, record.participant)
    kits = definition.kits
    details = quality.read(desk, product)
    kit, *spares = (
        one.number for one in kit_order.kits_left(uow, desk, opened.slot, record.period, noted.spoiled)
    )
    return Sheet(
        participant=record.participant,
        period=record.period,
        booked_for=booked(record),
        treatment=treatment,
        content=definition.treatment(treatment).name,
        kit=kit,
        spares=tuple(spares),
        donation=product.identifier,
        volume_ml=kits.volume_ml,
        infusion_minutes=kits.infusion_minutes,
        expiry_minutes=kits.expiry_minutes,
        preparation_minutes=kits.preparation_minutes,
        fit=record.fit_signed_at is not None,
        preparing=record.preparing,
        earliest_end_at=preparation_clock.earliest_end(kits, record.preparing_since),
        out_of_limits=details.out_of_limits,
        lots=tuple(one.number for one in details.lots if one.in_use),
    )


def _demand_no_kit_ready(record: PeriodRecord) -> None:
    """A sheet that shows the next spare would make somebody fill a second kit."""
    if record.kit:
        raise Refused(
            f"The kit for period {record.period} of participant {record.participant} is ready already; "
            "another one is not to be prepared. Nothing was changed.",
            field="participant",
            next_step="Open the worklist to see what is booked.",
        )
