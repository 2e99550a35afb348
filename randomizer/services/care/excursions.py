"""A temperature that left its limits: what the logger shows, and the kits on a shelf that it was about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain import reasons, scans
from randomizer.domain.acts import Act
from randomizer.domain.supply import Kit, KitState
from randomizer.errors import Faulty, NotAllowed, NotFound, Refused
from randomizer.services import acting
from randomizer.services.care import kits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from randomizer.domain.people import Person
    from randomizer.services.trail import OpenAct
    from randomizer.store.work import UnitOfWork

COLDEST_C, WARMEST_C = -200, 100  # what a logger can show
LONGEST_MINUTES = 99_999
MOST_KITS = 100  # of one excursion: more than any shelf holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion:
    """How far the temperature left its limits.

    Args:
        lowest_c: Lowest temperature, degrees Celsius.
        highest_c: Highest temperature, degrees Celsius.
        minutes: How long it was outside the limits.
    """

    lowest_c: int
    highest_c: int
    minutes: int

    def faults(self) -> Iterator[tuple[str, str]]:
        """Field and sentence of whatever no logger can show."""
        if not COLDEST_C <= self.lowest_c <= self.highest_c <= WARMEST_C:
            sentence = f"Temperatures go from {COLDEST_C} to {WARMEST_C} degrees Celsius, the lowest first"
            yield "lowest_c", f"{sentence}; got {self.lowest_c} and {self.highest_c}."
        if not 0 < self.minutes <= LONGEST_MINUTES:
            yield "minutes", f"The time must be between 1 and {LONGEST_MINUTES} minutes; got {self.minutes}."

    def note(self, act: OpenAct) -> None:
        """Keep it in the entry of an act."""
        act.note(lowest_c=self.lowest_c, highest_c=self.highest_c, minutes=self.minutes)


def record(
    uow: UnitOfWork, person: Person, scanned: Sequence[str], *, excursion: Excursion, why: str
) -> tuple[Kit, ...]:
    """Put every kit that was on the shelf into quarantine: all of them, or none.

    A kit that was ready leaves its period, so that another one can be prepared for it.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the kits' site.
        scanned: Kit numbers as scanned or typed; one that was scanned twice counts once.
        excursion: What the logger shows.
        why: What happened.

    Raises:
        Faulty: No kit was scanned, one of them cannot be put into quarantine, or what the logger shows is
            impossible; everything that is wrong is named.
        Refused: The trial is elsewhere in life, or the reason is missing.
        Tampered: A record that this rests on differs from its entry.
    """
    acting.in_trial(uow, Act.KIT_QUARANTINED)
    reasons.demand(why, "Say what happened.")
    found, faults = _kits(uow, person, scanned)
    faults += list(excursion.faults())
    if faults:
        raise Faulty(
            tuple(faults), next_step="Nothing was recorded. Correct what is named, then send it again."
        )
    return tuple(_quarantine(uow, person, kit, excursion, why) for kit in found)


def demand_kits(uow: UnitOfWork, person: Person, scanned: Sequence[str]) -> tuple[Kit, ...]:
    """The kits that were scanned on a shelf, each once.

    Args:
        uow: The unit of work.
        person: A dispensing pharmacist of the kits' site.
        scanned: Kit numbers as scanned or typed.

    Raises:
        Faulty: No kit was scanned, or one of them cannot be put into quarantine.
        Tampered: A record that this rests on differs from its entry.
    """
    found, faults = _kits(uow, person, scanned)
    if faults:
        raise Faulty(tuple(faults))
    return found


def _quarantine(uow: UnitOfWork, person: Person, kit: Kit, excursion: Excursion, why: str) -> Kit:
    with kits.act_on(uow, Act.KIT_QUARANTINED, person, kit, why) as act:
        excursion.note(act)
        return kits.take_out(act, kit, KitState.QUARANTINED)


def _kits(
    uow: UnitOfWork, person: Person, scanned: Sequence[str]
) -> tuple[tuple[Kit, ...], list[tuple[str, str]]]:
    """The kits that were scanned, each once; and one fault that names every line in the way."""
    found: dict[str, Kit] = {}
    wrong: list[str] = []
    if not scanned:
        wrong.append("Scan the kits that were on the shelf.")
    if len(scanned) > MOST_KITS:
        wrong.append(f"At most {MOST_KITS} kits are recorded at once; got {len(scanned)}.")
    for line in scanned[:MOST_KITS]:
        try:
            kit = kits.demand(uow, person, Act.KIT_QUARANTINED, line)
        except NotAllowed:
            wrong.append(kits.unknown(scans.kit_number(line)).message)
        except (NotFound, Refused) as error:
            wrong.append(error.message)
        else:
            found[kit.number] = kit
    faults = [("kits", " ".join(dict.fromkeys(wrong)))] if wrong else []
    return tuple(found.values()), faults
