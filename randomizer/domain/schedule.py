"""The schedule: every slot of every stratum, with its randomization number and its kits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from randomizer.domain.numbers import KIT_DIGITS, RANDOMIZATION_DIGITS, draw_numbers
from randomizer.domain.procedures import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.numbers import DrawnNumbers
    from randomizer.domain.procedures import Draws
    from randomizer.domain.unblinded import SequencePlan, UnblindedDefinition

SCHEDULE_LABEL = "schedule"
KITS_LABEL = "kits"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SlotPlan:
    """One row of the schedule, as the ceremony sees it before it is sealed."""

    index: int  # 0-based over the whole schedule
    stratum: str  # code
    ordinal: int  # 1-based within the stratum
    randomization_number: str  # 8 digits, the last one the check digit
    sequence_code: str
    treatments: tuple[str, ...]  # treatment code of each period
    kits: tuple[tuple[str, ...], ...]  # for each period its kit numbers, sorted: an unordered set

    def __repr__(self) -> str:
        return "SlotPlan(masked)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Schedule(Sequence[SlotPlan]):
    """All slots, strata in the order of the definition; some twenty bytes each, rows are made when asked for.

    Args:
        strata: Code and capacity of each stratum.
        sequences: Sequences by index.
        chosen: Index of the sequence of each slot.
        numbers: Randomization number of each slot.
        kits: Kit numbers, those of slot 0 and period 1 first.
        periods: Periods of each slot.
        per_period: Kits of each period.
    """

    strata: tuple[tuple[str, int], ...]
    sequences: tuple[SequencePlan, ...]
    chosen: bytes
    numbers: DrawnNumbers
    kits: DrawnNumbers
    periods: int
    per_period: int

    def __repr__(self) -> str:
        return "Schedule(masked)"

    def __len__(self) -> int:
        return len(self.chosen)

    def __iter__(self) -> Iterator[SlotPlan]:
        index = 0
        for stratum, capacity in self.strata:
            for ordinal in range(1, capacity + 1):
                yield self._plan(index, stratum, ordinal)
                index += 1

    @overload
    def __getitem__(self, at: int) -> SlotPlan: ...
    @overload
    def __getitem__(self, at: slice) -> list[SlotPlan]: ...
    def __getitem__(self, at: int | slice) -> SlotPlan | list[SlotPlan]:
        """One slot by its 0-based index, or several."""
        places = range(len(self))[at]
        if isinstance(places, range):
            return [self[index] for index in places]
        ordinal = places + 1
        for stratum, capacity in self.strata:
            if ordinal <= capacity:
                return self._plan(places, stratum, ordinal)
            ordinal -= capacity
        raise IndexError(at)  # strata and slots are of one definition

    def _plan(self, index: int, stratum: str, ordinal: int) -> SlotPlan:
        sequence = self.sequences[self.chosen[index]]
        first, size = index * self.periods * self.per_period, self.per_period
        return SlotPlan(
            index=index,
            stratum=stratum,
            ordinal=ordinal,
            randomization_number=self.numbers[index],
            sequence_code=sequence.code,
            treatments=sequence.treatments,
            kits=tuple(
                tuple(sorted(self.kits[start : start + size]))
                for start in range(first, first + self.periods * size, size)
            ),
        )


def generate(
    definition: Definition, unblinded: UnblindedDefinition, draws_for: Callable[[str], Draws]
) -> Schedule:
    """Generate the schedule; the same draws always give the same one.

    Args:
        definition: Strata with their capacities, periods, kits per period.
        unblinded: Sequences and procedure.
        draws_for: Gives the uniform draws of a label: "schedule" for the sequences, "kits" for all numbers.
            So the numbers tell nothing about the sequences.
    """
    draws, arms = draws_for(SCHEDULE_LABEL), len(unblinded.sequences)
    chosen = b"".join(
        bytes(run(unblinded.procedure, stratum.capacity, arms, draws)) for stratum in definition.strata
    )
    below = draws_for(KITS_LABEL).below
    slots, periods, per_period = definition.capacity, definition.period_count, definition.kits.kits_per_period
    return Schedule(
        strata=tuple((stratum.code, stratum.capacity) for stratum in definition.strata),
        sequences=unblinded.sequences,
        chosen=chosen,
        numbers=draw_numbers(slots, RANDOMIZATION_DIGITS, below),
        kits=draw_numbers(slots * periods * per_period, KIT_DIGITS, below),
        periods=periods,
        per_period=per_period,
    )
