"""What the design check refuses and warns of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.design_check import check
from randomizer.domain.unblinded import Procedure, SequencePlan

if TYPE_CHECKING:
    from randomizer.domain.definition import Definition
    from randomizer.domain.unblinded import UnblindedDefinition

pytestmark = pytest.mark.requirement("design check")


def with_blocks(unblinded: UnblindedDefinition, *sizes: int) -> UnblindedDefinition:
    procedure = Procedure(kind="permuted-blocks", block_sizes=sizes, weights=(1,) * len(sizes))
    return replace(unblinded, procedure=procedure)


def messages(definition: Definition, unblinded: UnblindedDefinition, level: str) -> list[str]:
    return [finding.message for finding in check(definition, unblinded) if finding.level == level]


def test_the_example_passes_with_its_open_questions_named(
    mesems: Definition, mesems_unblinded: UnblindedDefinition
) -> None:
    assert messages(mesems, mesems_unblinded, "refusal") == []
    assert messages(mesems, mesems_unblinded, "warning") == [
        (
            "No preparation_minutes are set: the site sees when a preparation began and ended, and guesses "
            "the treatment where one takes longer to prepare. Set them to what the longest one takes."
        ),
        "Eligibility items with an open question: IN05, EX02, EX08.",
        "Blinded assessments with an open question: MRI, EDSS, RELAPSE.",
        "The definition has 4 open questions.",
    ]


def test_the_clock_of_a_preparation_is_no_warning_where_it_is_set(
    mesems: Definition, mesems_unblinded: UnblindedDefinition
) -> None:
    timed = replace(mesems, kits=replace(mesems.kits, preparation_minutes=60))

    assert not any("prepar" in message for message in messages(timed, mesems_unblinded, "warning"))


@pytest.mark.parametrize("sizes", [(2,), (2, 4), (6, 2, 4)])
def test_any_mix_with_a_block_of_two_is_refused(
    mesems: Definition, mesems_unblinded: UnblindedDefinition, sizes: tuple[int, ...]
) -> None:
    assert len(messages(mesems, with_blocks(mesems_unblinded, *sizes), "refusal")) == 1


def test_a_big_stick_that_alternates_is_refused(
    mesems: Definition, mesems_unblinded: UnblindedDefinition
) -> None:
    sticks = [
        replace(mesems_unblinded, procedure=Procedure(kind="big-stick", limit=limit)) for limit in (1, 2)
    ]

    assert [len(messages(mesems, stick, "refusal")) for stick in sticks] == [1, 0]
    assert any("3/4 (75.0%)" in message for message in messages(mesems, sticks[1], "warning"))


def test_a_stratum_below_two_complete_blocks_is_a_warning(
    mesems: Definition, mesems_unblinded: UnblindedDefinition
) -> None:
    def thin(capacity: int) -> list[str]:
        strata = (mesems.strata[0], replace(mesems.strata[1], capacity=capacity))
        found = messages(replace(mesems, strata=strata), mesems_unblinded, "warning")
        return [message for message in found if "Stratum" in message]

    assert thin(12) == []
    assert len(thin(11)) == 1
    assert "PRO" in thin(11)[0]


def test_treatment_confounded_with_period_is_a_warning(
    mesems: Definition, mesems_unblinded: UnblindedDefinition
) -> None:
    one_way = (
        SequencePlan(code="AB", treatments=("MSC", "MEDIUM")),
        SequencePlan(code="AA", treatments=("MSC", "MSC")),
    )

    found = messages(mesems, replace(mesems_unblinded, sequences=one_way), "warning")

    assert any("each period" in message for message in found)
    assert any("Williams" in message for message in found)


@pytest.mark.promise(1)
def test_a_treatment_with_fewer_real_spares_is_refused(
    mesems: Definition, mesems_unblinded: UnblindedDefinition
) -> None:
    first, second = mesems.treatments
    assert (first.spares, second.spares) == (1, 1)
    uneven = replace(mesems, treatments=(replace(first, spares=0), second))
    (refusal,) = messages(uneven, mesems_unblinded, "refusal")
    assert "The treatments have 0 to 1 real spares a period" in refusal
    assert first.name not in refusal
    fewer = replace(mesems, treatments=(replace(first, spares=0), replace(second, spares=0)))
    assert messages(fewer, mesems_unblinded, "refusal") == []
