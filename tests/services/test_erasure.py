"""A reason that names somebody goes for good; what was done stays, and the trail still agrees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.errors import NotAllowed, NotFound, Refused, StepUpRefused, Tampered
from randomizer.services import erasure, trail
from randomizer.services.care import enrolment
from randomizer.services.upkeep import nightly
from tests.activated import SITE

if TYPE_CHECKING:
    from tests.activated import Instance

pytestmark = [pytest.mark.promise(17), pytest.mark.requirement("trail")]

NAMED = "Mrs NAME-IN-FULL of Church Lane called"
WHY = "The reason named a participant."


@pytest.fixture
def failed(instance: Instance) -> int:
    """The entry of a screen failure whose reason names somebody; a record rests on it."""
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, SITE).number
    return instance.act(enrolment.screen_fail, Role.INVESTIGATOR, number, NAMED).entry


def values(instance: Instance, number: int) -> EntryValues:
    with instance.store.reading() as uow:
        return uow.get(EntryValues, number)


def faults(instance: Instance) -> tuple[str, ...]:
    instance.checkpoint()
    with instance.store.reading() as uow:
        return nightly.check_trail(uow, instance.log.verifier)


def test_the_words_go_and_all_else_agrees(instance: Instance, failed: int) -> None:
    before = values(instance, failed)
    entry = instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, failed, WHY)
    after = values(instance, failed)
    assert (after.why, after.content, after.salt) == ("", before.content, before.salt)
    with instance.store.reading() as uow:
        erasing = uow.get(Entry, after.erased_by)
        assert (erasing.act, erasing.participant) == (Act.REASON_ERASED, entry.participant)
        trail.check(uow, uow.get(Participant, entry.participant))
    assert faults(instance) == ()
    instance.act(enrolment.rescreen, Role.INVESTIGATOR, entry.participant)
    assert faults(instance) == ()


def test_no_file_of_the_database_keeps_the_words(instance: Instance, failed: int) -> None:
    if instance.store.engine.dialect.name != "sqlite":
        assert not erasure.settle(instance.store)  # PostgreSQL vacuums in its own time
        return
    path = Path(str(instance.store.engine.url.database))
    assert any(NAMED.encode() in one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, failed, WHY)
    assert erasure.settle(instance.store)
    assert [one.name for one in path.parent.glob(f"{path.name}*") if NAMED.encode() in one.read_bytes()] == []


def test_what_cannot_be_erased_is_refused_in_a_sentence(instance: Instance, failed: int) -> None:
    with pytest.raises(NotFound, match="no entry 99999"):
        instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, 99999, WHY)
    with pytest.raises(Refused, match="has no reason that could be erased"):
        instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, 0, WHY)
    with pytest.raises(Refused, match="reason of its own"):
        instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, failed, "  ")
    instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, failed, WHY)
    with pytest.raises(Refused, match="was erased before, by entry"):
        instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, failed, WHY)


def test_nobody_but_the_trial_manager_and_not_without_signing(instance: Instance, failed: int) -> None:
    for role in (Role.INVESTIGATOR, Role.ADMINISTRATOR, Role.MONITOR):
        with pytest.raises(NotAllowed):
            instance.sign(erasure.erase_reason, role, failed, WHY)
    stale = instance.step_up(Role.TRIAL_MANAGER)
    instance.clock.advance(hours=1)
    with pytest.raises(StepUpRefused):
        instance.act(erasure.erase_reason, Role.TRIAL_MANAGER, stale, failed, WHY)
    assert values(instance, failed).why == NAMED


@pytest.mark.parametrize("claim", [0, 1, 999])
def test_a_reason_that_went_by_sql_is_found(instance: Instance, failed: int, claim: int) -> None:
    """Whatever entry it claims to have been erased by."""
    erased_by = claim and failed + claim
    with instance.store.engine.begin() as sql:
        on = "" if sql.dialect.name == "sqlite" else " ON entry_values"
        sql.execute(text(f"DROP TRIGGER entry_values_erase{on}"))
        sql.execute(
            text("UPDATE entry_values SET why = '', erased_by = :by WHERE number = :number"),
            {"by": erased_by, "number": failed},
        )
    instance.act(enrolment.consent, Role.INVESTIGATOR, SITE)
    assert f"Entry {failed}" in faults(instance)
    with instance.store.reading() as uow, pytest.raises(Tampered):
        trail.check(uow, uow.get(Participant, uow.get(Entry, failed).participant))
