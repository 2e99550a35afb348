"""The meter: what can be seen to have happened, and the rates that follow; only the design is opened."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.meter import Stratum, expected_rate
from randomizer.domain.people import Role
from randomizer.domain.posterior import largest_posterior
from randomizer.domain.trial import Slot
from randomizer.domain.unblinded import Procedure
from randomizer.errors import NotAllowed, NotFound, Tampered
from randomizer.services import packs
from randomizer.services.care import endings, infusions
from randomizer.services.packs import Report
from randomizer.services.sealed import bundle
from randomizer.services.unblinded import design, meter, unblinding
from randomizer.services.views import sight
from tests import desks
from tests.activated import SITE

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

pytestmark = pytest.mark.promise(12)


def read(instance: Instance, desk: Desk, role: Role = Role.UNBLINDED_STATISTICIAN) -> dict[str, Any]:
    """What the meter shows to somebody."""
    person = instance.person(role)
    with instance.store.reading() as uow:
        return meter.read(sight.of(uow, person), desk)


def break_code(instance: Instance, desk: Desk, number: str) -> None:
    person, step_up = instance.person(Role.ON_CALL), instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, person, intent)


def rated(rehearsal: Rehearsal, *strata: tuple[int, set[int], set[int]]) -> float:
    """The rate for strata: slots, disclosed, told."""
    found = expected_rate(
        rehearsal.unblinded.procedure,
        2,
        [
            Stratum(slots=slots, disclosed=frozenset(disclosed), told=frozenset(told))
            for slots, disclosed, told in strata
        ],
    )
    assert found is not None
    return round(float(found), 4)


def test_before_anybody_is_randomized_there_is_nobody_to_guess_about(instance: Instance, desk: Desk) -> None:
    found = read(instance, desk)

    assert found["randomized"] == 0
    assert found["history"] == []
    assert {(row["count"], row["rate"]) for row in found["guesses"]} == {(0, None)}


def test_each_line_knows_all_that_stands_above_it(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    """A code break, a missed infusion, an early end and a replacement, in two strata."""
    courses = ("relapsing", "relapsing", "relapsing", "progressive", "relapsing")
    broken, missed, ended, _other, _last = [desks.randomized(instance, desk, course) for course in courses]
    began = read(instance, desk)
    assert [row["rate"] for row in began["guesses"]] == [0.5] * 5

    break_code(instance, desk, broken)
    instance.act(infusions.miss, Role.INVESTIGATOR, missed, "Travels")
    instance.act(endings.end, Role.INVESTIGATOR, Act.TREATMENT_STOPPED, ended, why="Fever", follow_up=True)
    found = read(instance, desk)

    assert [(row["count"], row["rate"]) for row in found["guesses"]] == [
        (5, 0.5),
        (1, rated(rehearsal, (4, {0}, set()), (1, set(), set()))),
        (1, rated(rehearsal, (4, {0}, {1}), (1, set(), set()))),
        (1, rated(rehearsal, (4, {0}, {1, 2}), (1, set(), set()))),
        (0, rated(rehearsal, (4, {0}, {1, 2}), (1, set(), set()))),
    ]
    rates = [row["rate"] for row in found["guesses"]]
    assert 0.5 < rates[1] < rates[2] < rates[3] < 1
    assert [one["rate"] for one in found["history"]] == [0.5, rates[1], rates[1]]
    assert found["surest"] == round(float(largest_posterior(rehearsal.unblinded.procedure, 2, 12)), 4)


def test_an_opened_sheet_counts_as_a_code_that_was_broken_even_of_a_slot_that_is_nobodys(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    instance.act(packs.issue, Role.TRIAL_MANAGER, SITE)
    number = desks.randomized(instance, desk)
    desks.randomized(instance, desk)
    report = Report(site=SITE, participant=number, who="Dr Night", at=instance.clock(), why="No door")
    instance.act(packs.record_opening, Role.TRIAL_MANAGER, report)
    assert read(instance, desk)["guesses"][1] == {
        "knowing": "codes that were broken",
        "count": 1,
        "rate": rated(rehearsal, (2, {0}, set())),
    }
    break_code(instance, desk, number)
    assert read(instance, desk)["guesses"][1]["count"] == 1, "known already"
    with instance.store.reading() as uow:
        [next_one] = uow.all(Slot, stratum="REL", ordinal=3)
    report = replace(report, participant="", randomization_number=next_one.randomization_number)
    instance.act(packs.record_opening, Role.TRIAL_MANAGER, report)
    assert read(instance, desk)["guesses"][1]["rate"] == rated(rehearsal, (2, {0, 2}, set()))


@pytest.mark.promise(4)
def test_it_is_for_the_unblinded_statistician_alone(instance: Instance, desk: Desk) -> None:
    for role in set(Role) - {Role.UNBLINDED_STATISTICIAN}:
        with pytest.raises(NotAllowed):
            read(instance, desk, role)


def test_the_design_is_the_one_that_was_sealed(desk: Desk, rehearsal: Rehearsal) -> None:
    assert design.read(desk) == rehearsal.unblinded


@pytest.mark.promise(3)
def test_a_design_that_is_not_there_or_bent_is_named_and_not_repeated(desk: Desk) -> None:
    path = desk.directory / bundle.UNBLINDED
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(Tampered) as refusal:
        design.read(desk)
    assert refusal.value.about == bundle.UNBLINDED
    path.unlink()
    with pytest.raises(NotFound):
        design.read(desk)


def test_nobody_is_left_to_guess_about_once_every_code_is_broken() -> None:
    procedure = Procedure(kind="complete")
    known = Stratum(slots=2, disclosed=frozenset({0, 1}))
    assert expected_rate(procedure, 2, [known]) is None
    assert expected_rate(procedure, 2, [known, Stratum(slots=1, disclosed=frozenset())]) == Fraction(1, 2)
