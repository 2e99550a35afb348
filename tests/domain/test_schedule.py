"""The schedule: every slot once, numbers unique, sequences as the procedure draws them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.definition import Treatment
from randomizer.domain.numbers import damm
from randomizer.domain.procedures import run
from randomizer.domain.schedule import generate
from randomizer.domain.unblinded import parse_unblinded

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.definition import Definition
    from randomizer.domain.unblinded import UnblindedDefinition

    Hashed = Callable[[str], Any]

pytestmark = pytest.mark.requirement("schedule")


def test_every_slot_of_every_stratum_is_there_in_order(
    mesems: Definition, mesems_unblinded: UnblindedDefinition, hashed: Hashed
) -> None:
    slots = generate(mesems, mesems_unblinded, hashed)

    assert [slot.index for slot in slots] == list(range(200))
    assert [(slot.stratum, slot.ordinal) for slot in slots] == [
        *(("REL", ordinal) for ordinal in range(1, 121)),
        *(("PRO", ordinal) for ordinal in range(1, 81)),
    ]


def test_the_sequences_are_those_of_the_procedure_stratum_by_stratum(
    mesems: Definition, mesems_unblinded: UnblindedDefinition, hashed: Hashed
) -> None:
    slots = generate(mesems, mesems_unblinded, hashed)
    draws = hashed("schedule")
    expected = [
        *run(mesems_unblinded.procedure, 120, 2, draws),
        *run(mesems_unblinded.procedure, 80, 2, draws),
    ]

    assert [slot.sequence_code for slot in slots] == [("AB", "BA")[arm] for arm in expected]
    for slot in slots:
        assert slot.treatments == (("MSC", "MEDIUM") if slot.sequence_code == "AB" else ("MEDIUM", "MSC"))


def test_all_numbers_are_unique_and_carry_a_check_digit(
    mesems: Definition, mesems_unblinded: UnblindedDefinition, hashed: Hashed
) -> None:
    slots = generate(mesems, mesems_unblinded, hashed)
    numbers = [slot.randomization_number for slot in slots]
    kits = [kit for slot in slots for period in slot.kits for kit in period]

    assert (len(set(numbers)), len(set(kits))) == (200, 800)
    assert {len(number) for number in numbers} == {8}
    assert {len(kit) for kit in kits} == {9}
    assert {damm(number) for number in [*numbers, *kits]} == {0}


def test_the_kits_of_a_period_are_a_sorted_set(
    mesems: Definition, mesems_unblinded: UnblindedDefinition, hashed: Hashed
) -> None:
    for slot in generate(mesems, mesems_unblinded, hashed):
        assert [len(period) for period in slot.kits] == [2, 2]
        assert all(list(period) == sorted(period) for period in slot.kits)


@pytest.mark.promise(1)
def test_numbers_do_not_depend_on_the_sequences(
    mesems: Definition, mesems_unblinded: UnblindedDefinition, hashed: Hashed
) -> None:
    one = generate(mesems, mesems_unblinded, hashed)
    other = generate(mesems, mesems_unblinded, lambda label: hashed(label.replace("schedule", "x")))

    assert [slot.kits for slot in one] == [slot.kits for slot in other]
    assert [slot.randomization_number for slot in one] == [slot.randomization_number for slot in other]
    assert [slot.sequence_code for slot in one] != [slot.sequence_code for slot in other]


@pytest.mark.promise(11)
def test_the_same_draws_give_the_same_schedule(
    mesems: Definition, mesems_unblinded: UnblindedDefinition, hashed: Hashed
) -> None:
    assert generate(mesems, mesems_unblinded, hashed) == generate(mesems, mesems_unblinded, hashed)


@pytest.mark.promise(3)
def test_no_repr_shows_a_slot(
    mesems: Definition, mesems_unblinded: UnblindedDefinition, hashed: Hashed
) -> None:
    schedule = generate(mesems, mesems_unblinded, hashed)

    assert (repr(schedule), f"{schedule[0]}") == ("Schedule(masked)", "SlotPlan(masked)")


@pytest.mark.requirement("three treatments")
def test_three_treatments_are_scheduled_by_a_williams_design(mesems: Definition, hashed: Hashed) -> None:
    definition = replace(
        mesems,
        design="3x6x3",
        sequence_count=6,
        treatments=(*mesems.treatments, Treatment(code="SALINE", name="Saline", spares=1)),
        periods=(*mesems.periods, replace(mesems.periods[1], number=3)),
    )
    text = (
        'rehearsal_only = true\nsequences = "williams"\n[procedure]\nkind = "permuted-blocks"\n'
        "block_sizes = [6]\n"
    )

    slots = generate(definition, parse_unblinded(text, definition), hashed)

    assert set(Counter(slot.treatments for slot in slots[:120]).values()) == {20}
    assert {len(slot.kits) for slot in slots} == {3}
