"""The schedule: every slot of every stratum, with its randomization number and its kits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain.numbers import KIT_DIGITS, RANDOMIZATION_DIGITS, draw_numbers
from randomizer.domain.procedures import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.procedures import Draws
    from randomizer.domain.unblinded import UnblindedDefinition

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
class Schedule:
    """All slots, strata in the order of the definition."""

    slots: tuple[SlotPlan, ...]

    def __repr__(self) -> str:
        return "Schedule(masked)"


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
    chosen = _sequences(definition, unblinded, draws_for(SCHEDULE_LABEL))
    below = draws_for(KITS_LABEL).below
    numbers = draw_numbers(definition.capacity, RANDOMIZATION_DIGITS, below)
    periods, per_period = definition.period_count, definition.kits.kits_per_period
    kits = draw_numbers(definition.capacity * periods * per_period, KIT_DIGITS, below)
    slots: list[SlotPlan] = []
    for stratum in definition.strata:
        for ordinal in range(1, stratum.capacity + 1):
            index = len(slots)
            sequence = unblinded.sequences[chosen[index]]
            first = index * periods * per_period
            slots.append(
                SlotPlan(
                    index=index,
                    stratum=stratum.code,
                    ordinal=ordinal,
                    randomization_number=numbers[index],
                    sequence_code=sequence.code,
                    treatments=sequence.treatments,
                    kits=tuple(
                        tuple(sorted(kits[start : start + per_period]))
                        for start in range(first, first + periods * per_period, per_period)
                    ),
                )
            )
    return Schedule(slots=tuple(slots))


def _sequences(definition: Definition, unblinded: UnblindedDefinition, draws: Draws) -> list[int]:
    chosen: list[int] = []
    for stratum in definition.strata:
        chosen += run(unblinded.procedure, stratum.capacity, len(unblinded.sequences), draws)
    return chosen
