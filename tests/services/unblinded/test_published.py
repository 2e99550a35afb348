"""The allocation behind an answer is the one that was published, whatever the database says now."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import rfc8785

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.trial import Allocation, Slot
from randomizer.errors import Tampered
from randomizer.services import outside, trail
from randomizer.services.unblinded import answers, unblinding
from randomizer.services.upkeep import publishing
from tests.desks import plan_of, randomized
from tests.services.unblinded.test_unblinding import statement

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

pytestmark = [
    pytest.mark.promise(7),
    pytest.mark.promise(17),
    pytest.mark.parametrize("instance", ["sqlite"], indirect=True),
]


@pytest.fixture
def published(instance: Instance, desk: Desk, tmp_path: Path) -> Desk:
    """The desk of a host that sees what was published."""
    (tmp_path / "public").mkdir()
    return replace(desk, public=tmp_path / "public")


def publish(instance: Instance, desk: Desk) -> None:
    """What the jobs process does within seconds."""
    instance.checkpoint()
    assert desk.public is not None
    with instance.store.reading() as uow:
        publishing.export(uow, desk.public)


def answer(instance: Instance, desk: Desk, number: str) -> Answer:
    step_up, person = instance.step_up(Role.ON_CALL), instance.person(Role.ON_CALL)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="emergency")
    return unblinding.disclose(desk, person, intent)


def rewrite(instance: Instance, number: str, slot: Slot) -> None:
    """Record, values and entry of an allocation, made to agree by somebody who may write anything."""
    with instance.store.reading() as uow:
        made = uow.get(Allocation, number)
        entry, values = uow.get(Entry, made.entry), uow.get(EntryValues, made.entry)
    forged = replace(
        made,
        slot=slot.number,
        stratum=slot.stratum,
        ordinal=slot.ordinal,
        randomization_number=slot.randomization_number,
    )
    content = json.loads(values.content)
    [row] = [one for one in content["rows"] if one["kind"] == "Allocation"]
    row["new"] = trail.plain(forged)
    text = rfc8785.dumps(content).decode()
    digest = trail.values_digest(values.salt, text.encode())
    statement(instance, "UPDATE entry_values SET content = :c WHERE number = :n", c=text, n=entry.number)
    statement(instance, "UPDATE entry SET digest = :d WHERE number = :n", d=digest, n=entry.number)
    with instance.store.writing() as uow:
        uow.update(forged)
        trail.check(uow, forged)  # by itself it agrees


def free_slot(instance: Instance) -> Slot:
    with instance.store.reading() as uow:
        return uow.get(Slot, 11)


def test_an_answer_says_how_far_its_allocation_was_checked(
    instance: Instance, published: Desk, rehearsal: Rehearsal
) -> None:
    first = randomized(instance, published)
    publish(instance, published)
    second = randomized(instance, published)
    assert answer(instance, published, first).remarks == ()
    assert answer(instance, published, second).remarks == (answers.RECENT,)
    assert published.public is not None
    (published.public / outside.ENTRIES).unlink()
    unseen = answer(instance, published, first)
    assert unseen.remarks == (answers.UNSEEN,)
    assert unseen.planned == plan_of(instance, rehearsal, first)


def test_an_allocation_rewritten_with_its_entry_opens_nothing(instance: Instance, published: Desk) -> None:
    number, other = randomized(instance, published), randomized(instance, published)
    publish(instance, published)
    rewrite(instance, number, free_slot(instance))
    with pytest.raises(Tampered, match="nothing was opened") as stop:
        answer(instance, published, number)
    assert stop.value.about == f"Allocation {number}"
    assert answer(instance, published, other).remarks == ()  # a fork elsewhere keeps nobody from an answer


def test_an_allocation_entered_anew_opens_nothing(instance: Instance, published: Desk) -> None:
    number, slot = randomized(instance, published), free_slot(instance)
    publish(instance, published)
    statement(instance, "SELECT 1")  # whoever may do that drops the guards first
    with (
        instance.store.writing() as uow,
        trail.act(uow, Act.RANDOMIZED, SERVICE, site="TLS", participant=number) as act,
    ):
        place = {"slot": slot.number, "stratum": slot.stratum, "ordinal": slot.ordinal}
        made = uow.get(Allocation, number)
        act.change(made, **place, randomization_number=slot.randomization_number)
    with pytest.raises(Tampered):
        answer(instance, published, number)


def test_a_torn_line_of_the_published_entries_is_none(instance: Instance, published: Desk) -> None:
    number = randomized(instance, published)
    publish(instance, published)
    assert published.public is not None
    path = published.public / outside.ENTRIES
    leaves, count = outside.randomizations(published.public, number)
    path.write_bytes(path.read_bytes()[:-1])
    assert outside.randomizations(published.public, number)[1] == count - 1
    assert len(leaves) == 1
