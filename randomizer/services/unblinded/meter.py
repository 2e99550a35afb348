"""How well sequences could be guessed by now: for the unblinded statistician alone.

It rests on the design and on what people at a site can see happen: who was randomized in which order, whose
code was broken, who was given nothing, who stopped. No slot and no answer of a code break is opened for it,
so it is the same for every schedule. docs/procedures.md has the formula.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.meter import Stratum, expected_rate
from randomizer.domain.participants import Participant
from randomizer.domain.posterior import largest_posterior
from randomizer.domain.records import CodeBreak
from randomizer.domain.supply import Outcome, PeriodRecord
from randomizer.domain.trial import Allocation, Slot
from randomizer.services import trail
from randomizer.services.unblinded import design

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from fractions import Fraction

    from randomizer.domain.unblinded import Procedure
    from randomizer.masking import View
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.views.sight import Sight
    from randomizer.store.work import UnitOfWork

    Place = tuple[str, int]
    Since = dict[Place, datetime]

KIND = "Meter"
PLACES = 4  # decimal places of a rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What can be seen to have happened: place in the schedule (stratum, 0-based position) to when.

    Args:
        allocated: Every participant's slot.
        disclosed: Slots that a code break or an opened emergency sheet disclosed.
        missed: Slots of which an infusion was missed before a kit was handed out.
        ended: Slots of participants whose treatment ended early.
        replacing: Slots of participants who take another's place.
    """

    allocated: Since
    disclosed: Since
    missed: Since
    ended: Since
    replacing: Since

    def strata(self, told: Iterable[Place], until: datetime) -> list[Stratum]:
        """How the strata stood at a moment, some slots taken for told."""
        slots: dict[str, int] = defaultdict(int)
        for (stratum, _), at in self.allocated.items():
            slots[stratum] += at <= until
        known = {place for place, at in self.disclosed.items() if at <= until}
        assumed = set(told)
        return [
            Stratum(
                slots=count,
                disclosed=frozenset(position for code, position in known if code == stratum),
                told=frozenset(position for code, position in assumed - known if code == stratum),
            )
            for stratum, count in slots.items()
        ]


def read(sight: Sight, desk: Desk) -> View:
    """What the meter shows.

    Args:
        sight: The person looking.
        desk: Opens the design.

    Returns:
        randomized: how many; surest: the largest chance of a right guess about another participant after one
        code break; guesses: knowing, count and rate, each with all that stands above it; history: at and
        rate, going by what was disclosed.

    Raises:
        NotAllowed: It is not for the person's role.
        NotFound, Tampered: The design can't be read.
    """
    sight.demand(KIND, "guesses")
    procedure, arms = design.read(desk).procedure, sight.definition.sequence_count
    happened = seen(sight.uow)
    surest = largest_posterior(procedure, arms, max(one.capacity for one in sight.definition.strata))
    found = {
        "randomized": len(happened.allocated),
        "surest": round(float(surest), PLACES),
        "guesses": _guesses(procedure, arms, happened, sight.uow.clock()),
        "history": _history(procedure, arms, happened, sight.uow.clock()),
    }
    return sight.show(found, kind=KIND)


def seen(uow: UnitOfWork) -> Seen:
    """Read what happened from the records that blinded people see."""
    allocations = {one.participant: one for one in uow.all(Allocation)}
    places = {number: (one.stratum, one.ordinal - 1) for number, one in allocations.items()}
    people = [one for one in uow.all(Participant) if one.number in places]
    missed = [
        one
        for one in uow.all(PeriodRecord, outcome=Outcome.NOT_GIVEN)
        if one.dispensed_at is None and one.closed_at is not None
    ]
    return Seen(
        allocated={places[number]: one.allocated_at for number, one in allocations.items()},
        disclosed=_disclosed(uow, places),
        missed={places[one.participant]: one.closed_at for one in missed if one.closed_at},
        ended={places[one.number]: one.ended_at for one in people if one.ending and one.ended_at},
        replacing={
            places[one.number]: allocations[one.number].allocated_at for one in people if one.replaces
        },
    )


def _disclosed(uow: UnitOfWork, places: dict[str, Place]) -> Since:
    told: list[tuple[datetime, Place]] = [
        (one.disclosed_at, places[one.participant]) for one in uow.all(CodeBreak) if one.disclosed_at
    ]
    for entry in uow.all(Entry, act=str(Act.PACK_OPENED)):
        slot = trail.noted(uow, entry.number).get("slot")
        if slot is not None:
            opened = uow.get(Slot, slot, what="slot")
            told.append((entry.at, (opened.stratum, opened.ordinal - 1)))
    found: Since = {}
    for at, place in sorted(told):
        found.setdefault(place, at)
    return found


def _guesses(procedure: Procedure, arms: int, happened: Seen, now: datetime) -> list[View]:
    """Each kind of knowledge together with all before it; what may have told is taken to have told."""
    missed = happened.missed.keys()
    ended = missed | happened.ended.keys()
    order = replace(happened, disclosed={})
    knowing = (
        ("the order of enrolment", happened.allocated, order.strata((), now)),
        ("codes that were broken", happened.disclosed, happened.strata((), now)),
        ("infusions missed before a kit was handed out", happened.missed, happened.strata(missed, now)),
        ("treatments that ended early", happened.ended, happened.strata(ended, now)),
        ("replacements", happened.replacing, happened.strata(ended, now)),
    )
    return [
        {"knowing": words, "count": len(places), "rate": _rounded(expected_rate(procedure, arms, strata))}
        for words, places, strata in knowing
    ]


def _history(procedure: Procedure, arms: int, happened: Seen, now: datetime) -> list[View]:
    moments = [min(happened.allocated.values(), default=now), *sorted(happened.disclosed.values()), now]
    rates = ((at, expected_rate(procedure, arms, happened.strata((), at))) for at in moments)
    return [{"at": at, "rate": _rounded(rate)} for at, rate in rates if rate is not None]


def _rounded(rate: Fraction | None) -> float | None:
    return None if rate is None else round(float(rate), PLACES)
