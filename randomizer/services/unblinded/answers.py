"""The answer to "what was given?": from what is recorded as given, compared with the sealed plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from randomizer.domain import windows
from randomizer.domain.numbers import group3
from randomizer.domain.supply import Outcome, PeriodRecord
from randomizer.errors import Tampered
from randomizer.services import trail
from randomizer.services.care import periods
from randomizer.services.unblinded.opening import Cover, read_preparation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from randomizer.domain.definition_values import Definition
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.opening import Opened
    from randomizer.store.work import UnitOfWork

UNKNOWN_CONTENT = "Not known"
RECENT = (
    "The randomization was checked and agrees with its entry in the trail. It is so recent that no signed "
    "checkpoint covers it yet."
)
UNSEEN = (
    "The randomization was checked and agrees with its entry in the trail. What was published of it could "
    "not be read here and was not compared."
)
REMARKS = {Cover.PUBLISHED: (), Cover.RECENT: (RECENT,), Cover.UNSEEN: (UNSEEN,)}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Dose:
    """One infusion that was given, or may have been.

    Args:
        period: 1-based.
        treatment: Name of the treatment.
        when: "Given 27 Nov 2026, 10:42 UTC" or "Handed out ..., may have been given".
        kit: Number on the label.
    """

    period: int
    treatment: str
    when: str
    kit: str

    def __repr__(self) -> str:
        return "Dose(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """What a code break shows; nothing else does.

    Args:
        participant: Participant number.
        site: Site code.
        shown_at: When, in words.
        given: What was given or may have been, in order.
        next_planned: One sentence, "" where nothing comes next.
        implied: What one period tells of the other, "" where it does not.
        planned: Name of the treatment of each period, as sealed.
        disagreements: Where record and plan, or record and entry, differ; empty when all agree.
        remarks: What else bears on how far to trust this.
        bent: Records that differ from their entries, for the alarm.
    """

    participant: str
    site: str
    shown_at: str
    given: tuple[Dose, ...]
    next_planned: str
    implied: str
    planned: tuple[str, ...]
    disagreements: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    bent: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Answer(masked)"

    @property
    def agrees(self) -> bool:
        """Whether record and plan say the same."""
        return not self.disagreements

    def to_values(self) -> dict[str, Any]:
        """As it is put on record, sealed."""
        return {
            "participant": self.participant,
            "site": self.site,
            "shown_at": self.shown_at,
            "given": [[dose.period, dose.treatment, dose.when, dose.kit] for dose in self.given],
            "next_planned": self.next_planned,
            "implied": self.implied,
            "planned": list(self.planned),
            "disagreements": list(self.disagreements),
            "remarks": list(self.remarks),
        }

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> Answer:
        """The answer that `to_values` wrote."""
        return cls(
            participant=str(values["participant"]),
            site=str(values["site"]),
            shown_at=str(values["shown_at"]),
            given=tuple(
                Dose(period=int(period), treatment=str(treatment), when=str(when), kit=str(kit))
                for period, treatment, when, kit in values["given"]
            ),
            next_planned=str(values["next_planned"]),
            implied=str(values["implied"]),
            planned=tuple(str(name) for name in values["planned"]),
            disagreements=tuple(str(sentence) for sentence in values["disagreements"]),
            remarks=tuple(str(sentence) for sentence in values["remarks"]),
        )


def build(uow: UnitOfWork, desk: Desk, opened: Opened, definition: Definition) -> Answer:
    """The answer for an opened slot, from the records as they are now.

    Args:
        uow: A unit of work of the desk's store.
        desk: Opens preparation records, to compare.
        opened: The slot.
        definition: Names of treatments, plan of periods.
    """
    names = tuple(definition.treatment(code).name for code in opened.content.treatments)
    records = periods.of(uow, opened.participant.number)
    found = [_compare(uow, desk, opened, record, names) for record in records]
    return Answer(
        participant=opened.participant.number,
        site=opened.participant.site,
        shown_at=windows.minute(uow.clock()),
        given=tuple(
            Dose(
                period=record.period,
                treatment=_content_of(opened, record, names),
                when=when(record, definition.kits.volume_ml),
                kit=record.kit,
            )
            for record in records
            if may_have_been_given(record)
        ),
        next_planned=_next(opened, records, names, definition),
        implied=implied(definition),
        planned=names,
        disagreements=tuple(sentence for sentences, _ in found for sentence in sentences),
        remarks=REMARKS[opened.cover],
        bent=tuple(about for _, abouts in found for about in abouts),
    )


def since(uow: UnitOfWork, answer: Answer, definition: Definition) -> tuple[str, ...]:
    """What is recorded of infusions now, where it is not what the answer said when it was shown.

    Args:
        uow: The unit of work.
        answer: As it was shown.
        definition: Says how much a whole infusion is.

    Returns:
        One sentence each, in words that tell no treatment; none for an answer of this moment.
    """
    told = {dose.period: (dose.when, dose.kit) for dose in answer.given}
    sentences = []
    for record in periods.of(uow, answer.participant):
        said = when(record, definition.kits.volume_ml)
        now = (said, record.kit) if may_have_been_given(record) else None
        if now != told.get(record.period):
            kit = f", kit {group3(record.kit)}" if now else ""
            sentences.append(f"Period {record.period} of {definition.period_count}: {said}{kit}.")
    return tuple(sentences)


def may_have_been_given(record: PeriodRecord) -> bool:
    """Whether an infusion was given, in part given, or handed out with nothing recorded since."""
    if record.outcome is None:
        return record.dispensed_at is not None
    return record.outcome in periods.INFUSED


def before(record: PeriodRecord, full_ml: int) -> dict[str, Any]:
    """What is known of a period without breaking the code: period, said and kit."""
    return {"period": record.period, "said": when(record, full_ml), "kit": record.kit}


def when(record: PeriodRecord, full_ml: int) -> str:
    """What is recorded of an infusion, in words that tell no treatment."""
    if record.outcome is None and record.dispensed_at is not None:
        return f"Handed out {windows.minute(record.dispensed_at)}, may have been given"
    if record.given_at is None:
        return "Not given" if record.outcome else "Nothing yet"
    if record.outcome is Outcome.PARTLY_GIVEN:
        until = f", stopped {record.stopped_at:%H:%M}" if record.stopped_at else ""
        return f"Given in part {windows.minute(record.given_at)}{until}, {record.volume_ml} of {full_ml} mL"
    return f"Given {windows.minute(record.given_at)}"


def implied(definition: Definition) -> str:
    """What one period tells of the other, in a design with two treatments and two periods."""
    shape = (len(definition.treatments), definition.sequence_count, definition.period_count)
    if shape != (2, 2, 2):
        return ""
    return "In this trial one period tells the other."


def _content_of(opened: Opened, record: PeriodRecord, names: tuple[str, ...]) -> str:
    """Name of the treatment that the plan binds to the kit on record, whatever period it was used in."""
    return next(
        (name for name, kits in zip(names, opened.slot.kits, strict=True) if record.kit in kits),
        UNKNOWN_CONTENT,
    )


def _compare(
    uow: UnitOfWork, desk: Desk, opened: Opened, record: PeriodRecord, names: tuple[str, ...]
) -> tuple[list[str], list[str]]:
    sentences, bent = [], []
    try:
        trail.check(uow, record)
    except Tampered as tampered:
        bent.append(tampered.about)
        sentences.append(
            f"The record of period {record.period} differs from its entry in the trail. "
            "Go by the kit's label, and call the trial office."
        )
    if not may_have_been_given(record):
        return sentences, bent
    if record.kit not in opened.slot.kits[record.period - 1]:
        sentences.append(
            f"Kit {group3(record.kit)} is on record for period {record.period}, "
            f"but is not one of that period's kits of this participant."
        )
    try:
        sentences += _compare_preparation(uow, desk, opened, record, names)
    except Tampered as tampered:
        bent.append(tampered.about)
        sentences.append(f"The preparation record of period {record.period} can't be opened.")
    return sentences, bent


def _compare_preparation(
    uow: UnitOfWork, desk: Desk, opened: Opened, record: PeriodRecord, names: tuple[str, ...]
) -> list[str]:
    noted = read_preparation(uow, desk, opened.slot.number, record.period)
    sentences = []
    if noted.kit and noted.kit != record.kit:
        sentences.append(
            f"The preparation record of period {record.period} names kit {group3(noted.kit)}, "
            f"and kit {group3(record.kit)} was handed out."
        )
    planned = opened.content.treatments[record.period - 1]
    if noted.content and noted.content != planned:
        named = dict(zip(opened.content.treatments, names, strict=True)).get(noted.content, "something else")
        sentences.append(
            f"The preparation record of period {record.period} says that {named} was put into the kit; "
            f"the plan is {names[record.period - 1]}."
        )
    return sentences


def _next(
    opened: Opened, records: tuple[PeriodRecord, ...], names: tuple[str, ...], definition: Definition
) -> str:
    coming = next((one for one in records if one.outcome is None and one.dispensed_at is None), None)
    if coming is None or not opened.participant.treatable:
        return ""
    named = f"Period {coming.period}: {names[coming.period - 1]}"
    if coming.booked_for is not None:
        return f"{named}, booked for {windows.minute(coming.booked_for)}."
    earlier = [one.given_at for one in records if one.outcome in periods.INFUSED and one.given_at]
    limits = windows.window(definition.period(coming.period), max(earlier, default=None))
    return f"{named}, due {windows.day(limits.due_on)}, not booked." if limits else f"{named}, not booked."
