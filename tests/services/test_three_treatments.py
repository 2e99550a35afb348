"""Three treatments, six sequences, three periods: from the definition to the verified release."""

from __future__ import annotations

import csv
import json
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.definition_values import Treatment
from randomizer.domain.people import Role
from randomizer.domain.unblinded import parse_unblinded
from randomizer.services import conduct, impact, locking
from randomizer.services.care import endings
from randomizer.services.unblinded import data_sets, release, release_files, unblinding
from randomizer.services.verification import pinning
from randomizer.services.verification.report import Verdict
from randomizer.standalone import verify_trial
from tests import activated
from tests.desks import OF_A_CODE_BREAK, copy_for, infused, plan_of, published, randomized, set_up_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.domain.definition_values import Definition
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

pytestmark = pytest.mark.requirement("three treatments")

WILLIAMS = """
rehearsal_only = true
sequences = "williams"
[procedure]
kind = "permuted-blocks"
block_sizes = [6]
"""
PERIODS = 3
PARTICIPANTS = 6
NOT_PINNED = 3


@pytest.fixture(scope="module")
def three() -> Definition:
    """MESEMS with saline as a third treatment, and a third infusion 24 weeks after the second."""
    made = activated.small_definition()
    return replace(
        made,
        design="3x6x3",
        sequence_count=6,
        treatments=(*made.treatments, Treatment(code="SALINE", name="Saline", spares=1)),
        periods=(*made.periods, replace(made.periods[1], number=3)),
        strata=tuple(replace(one, capacity=12) for one in made.strata),
    )


@pytest.fixture(scope="module")
def sealed(three: Definition, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """Its bundle."""
    return activated.seal_rehearsal(
        tmp_path_factory.mktemp("three") / "bundle",
        definition=three,
        unblinded=parse_unblinded(WILLIAMS, three),
    )


@pytest.fixture
def instance(three: Definition, sealed: Rehearsal, tmp_path: Path) -> Iterator[Instance]:
    """Active, with two open sites."""
    url = f"sqlite:///{tmp_path}/trial.db"
    activated.migrate(url)
    with activated.opened(url, three) as made:
        activated.draft(made)
        activated.activate(made, sealed)
        yield made


@pytest.fixture
def desk(instance: Instance, sealed: Rehearsal, tmp_path: Path) -> Desk:
    return set_up_desk(instance, sealed, tmp_path / "codebreak")


def live(instance: Instance, desk: Desk, number: str) -> list[str]:
    """A participant goes through every period; the treatments that the sheets named."""
    found = []
    for period in instance.definition.periods:
        instance.clock.advance(days=period.interval_days)
        found.append(infused(instance, desk, number).treatment)
    instance.act(endings.complete, Role.INVESTIGATOR, number)
    return found


def close(instance: Instance, desk: Desk, sealed: Rehearsal, directory: Path) -> None:
    """Lock, release, and a statistician's data sets."""
    instance.act(conduct.close_enrolment, Role.TRIAL_MANAGER, "The planned number is reached.")
    instance.sign(locking.lock, Role.SPONSOR, "All data are in.")
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow:
        release.import_release(uow, desk, person, copy_for(sealed, "code-break-host"))
    instance.checkpoint()
    with instance.store.reading() as uow:
        release_files.write(uow, desk, published(instance, sealed, directory / "published"), directory)
    report = data_sets.make(
        directory, sealed.recipients["statistician"], copy_for(sealed, "statistician"), pinning.given()
    )
    assert report.verdict is Verdict.NOT_PINNED


@pytest.mark.promise(15)
def test_six_participants_go_through_a_williams_design(
    instance: Instance, desk: Desk, sealed: Rehearsal, tmp_path: Path
) -> None:
    numbers = [randomized(instance, desk) for _ in range(PARTICIPANTS)]
    given = {number: live(instance, desk, number) for number in numbers}

    names = {one.name: one.code for one in instance.definition.treatments}
    plans = {number: [names[name] for name in plan_of(instance, sealed, number)] for number in numbers}
    assert given == plans
    follows = Counter(pair for plan in plans.values() for pair in pairwise(plan))
    assert set(follows.values()) == {2}  # a block of six holds each of the six sequences once
    assert len(follows) == 6

    close(instance, desk, sealed, tmp_path)
    with (tmp_path / "release" / "allocation.csv").open(newline="") as file:
        rows = {row["participant"]: row for row in csv.DictReader(file)}
    columns = [f"treatment_{period}" for period in range(1, PERIODS + 1)]
    assert {number: [row[name] for name in columns] for number, row in rows.items()} == plans
    out = StringIO()
    with redirect_stdout(out):
        assert verify_trial.main([str(tmp_path), "--json"]) == NOT_PINNED
    assert json.loads(out.getvalue())["failed"] == []


@pytest.mark.promise(7)
def test_one_period_tells_nothing_certain_of_the_others(
    instance: Instance, desk: Desk, sealed: Rehearsal
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    step_up, doctor = instance.step_up(Role.ON_CALL), instance.person(Role.ON_CALL)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency", text="")
    answer = unblinding.disclose(desk, doctor, intent)
    with instance.store.reading() as uow:
        assert {task.kind for task in impact.open_tasks(uow)} == OF_A_CODE_BREAK

    plan = plan_of(instance, sealed, number)
    assert [dose.treatment for dose in answer.given] == [plan[0]]
    assert plan[1] in answer.next_planned
    assert answer.implied == ""
