"""What the design gives away and where it is thin, computed exactly before anything is sealed.

For the unblinded statistician and the ceremony alone: what stands here follows from the unblinded definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from randomizer.domain.posterior import largest_posterior
from randomizer.domain.williams import balanced_for_carry_over, uniform_over_periods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.unblinded import Procedure, UnblindedDefinition

REFUSAL = "refusal"
WARNING = "warning"
PAIR = 2  # a block of two gives its second slot away with the first
COMPLETE_BLOCKS = 2  # fewer in a stratum, and it is hardly balanced
NOTABLE = Fraction(2, 3)  # a larger posterior is worth a warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding; a refusal stops the ceremony, a warning is shown and kept."""

    level: str  # "refusal" or "warning"
    message: str


def check(definition: Definition, unblinded: UnblindedDefinition) -> tuple[Finding, ...]:
    """Check the design.

    Args:
        definition: The blinded definition.
        unblinded: Its sequences and procedure.

    Returns:
        Refusals first.
    """
    refusals = (*_refusals(definition, unblinded.procedure), *_unequal_spares(definition))
    warnings = (
        *_thin_strata(definition, unblinded.procedure),
        *_neighbours(definition, unblinded.procedure),
        *_imbalance(definition, unblinded),
        *_clock(definition),
        *_open(definition),
    )
    return tuple(
        [Finding(level=REFUSAL, message=message) for message in refusals]
        + [Finding(level=WARNING, message=message) for message in warnings]
    )


def _refusals(definition: Definition, procedure: Procedure) -> Iterator[str]:
    if PAIR in procedure.block_sizes:
        yield (
            "A block size of 2 is refused, alone or in a mix: one code break can give away a neighbour's "
            "sequence. Use sizes of 4 or more."
        )
    elif largest_posterior(procedure, definition.sequence_count) == 1:
        yield "One code break would give away another participant's sequence for certain. Use a larger limit."


def _unequal_spares(definition: Definition) -> Iterator[str]:
    spares = {treatment.spares for treatment in definition.treatments}
    if len(spares) > 1:
        yield (
            f"The treatments have {min(spares)} to {max(spares)} real spares a period: whoever asks for "
            "another kit and hears that there is no product would learn which treatment it is. Give all of "
            "them the same number."
        )


def _thin_strata(definition: Definition, procedure: Procedure) -> Iterator[str]:
    needed = COMPLETE_BLOCKS * max(procedure.block_sizes, default=0)
    for stratum in definition.strata:
        if stratum.capacity < needed:
            yield (
                f"Stratum {stratum.code} has {stratum.capacity} slots, fewer than two complete blocks: "
                "it will hardly be balanced. Merge strata or raise the capacity."
            )


def _neighbours(definition: Definition, procedure: Procedure) -> Iterator[str]:
    posterior = largest_posterior(procedure, definition.sequence_count)
    if NOTABLE < posterior < 1:
        yield (
            f"After one code break somebody who knows the design guesses a neighbour's sequence with up to "
            f"{posterior} ({float(posterior):.1%})."
        )


def _imbalance(definition: Definition, unblinded: UnblindedDefinition) -> Iterator[str]:
    orders = [sequence.treatments for sequence in unblinded.sequences]
    if not uniform_over_periods(orders):
        yield "The treatments are not given equally often in each period, so the two are confounded."
    if definition.carry_over.declared and not balanced_for_carry_over(orders):
        yield (
            "Carry-over is declared, but the treatments do not precede each other equally often. "
            'A Williams design does that: sequences = "williams".'
        )


def _clock(definition: Definition) -> Iterator[str]:
    if not definition.kits.preparation_minutes:
        yield (
            "No preparation_minutes are set: the site sees when a preparation began and ended, and guesses "
            "the treatment where one takes longer to prepare. Set them to what the longest one takes."
        )


def _open(definition: Definition) -> Iterator[str]:
    items = [item.code for item in definition.eligibility if item.open_question]
    if items:
        yield f"Eligibility items with an open question: {', '.join(items)}."
    assessments = [one.code for one in definition.assessments if one.open_question]
    if assessments:
        yield f"Blinded assessments with an open question: {', '.join(assessments)}."
    if definition.open_questions:
        yield f"The definition has {len(definition.open_questions)} open questions."
