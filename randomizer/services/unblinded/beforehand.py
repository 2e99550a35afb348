"""What can be learnt of a participant before a code is broken. Needs no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain import acts, participants
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant
from randomizer.domain.trial import Allocation
from randomizer.errors import Refused
from randomizer.services import trials
from randomizer.services.care import periods

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.domain.supply import PeriodRecord
    from randomizer.store.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What is known of a participant without breaking the code.

    Args:
        participant: As in the store.
        records: Each period, in order.
        verdict: One sentence: whether there is anything to learn.
        worth_it: Whether there is.
    """

    participant: Participant
    records: tuple[PeriodRecord, ...]
    verdict: str
    worth_it: bool


def before(uow: UnitOfWork, person: Person, number: str) -> Before:
    """Whom a code break would be for, and whether it would tell anything.

    Args:
        uow: The unit of work.
        person: Who may break the code of this participant.
        number: Participant number.

    Raises:
        NotAllowed: The person may not; nothing more is told.
        NotFound: There is no such participant.
        Refused: The participant is not randomized, so there is nothing to open.
    """
    _, definition = trials.current(uow)
    participant = uow.get(Participant, number, what="participant")
    acts.demand(person, Act.CODE_BREAK_INTENT, participant.site)
    if uow.find(Allocation, number) is None:
        raise Refused(
            f"Participant {number} is {participants.describe(participant)} and was not randomized: "
            "no trial treatment was given, and there is no code to break.",
            field="participant",
            next_step="Check the number on the participant's card.",
        )
    records = periods.of(uow, number)
    infused = [record for record in records if record.outcome in periods.INFUSED]
    in_hand = [record for record in records if record.outcome is None and record.dispensed_at]
    both = definition.period_count == len(definition.treatments) == definition.sequence_count
    if not infused and not in_hand:
        verdict, worth_it = "Nothing was given, and no kit was handed out. There is nothing to learn.", False
    elif len(infused) == definition.period_count and both:
        everything = "both treatments" if definition.period_count == 2 else "every treatment"  # noqa: PLR2004
        verdict, worth_it = f"This participant was given {everything}; only the order is not known.", False
    else:
        verdict, worth_it = "The code break will say what was given so far.", True
    return Before(participant=participant, records=records, verdict=verdict, worth_it=worth_it)
