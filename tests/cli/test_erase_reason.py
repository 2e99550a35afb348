from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.people import SERVICE
from randomizer.services import trail

if TYPE_CHECKING:
    from tests.cli.places import Place


@pytest.mark.requirement("trail")
def test_a_trial_manager_erases_a_reason(place: Place) -> None:
    with place.store.writing() as uow, trail.act(uow, Act.ALARM_RAISED, SERVICE, why="Mrs X called"):
        pass
    with place.store.reading() as uow:
        (entry,) = uow.all(Entry, act=Act.ALARM_RAISED.value)
    command = ("erase-reason", "--entry", entry.number, "--why", "It named a caller.")
    assert "trial manager" in place.as_person("admin", *command).refusal
    done = place.as_person("manager", *command, "--json").fields
    assert done["entry"] == entry.number
    assert "was erased before" in place.as_person("manager", *command).refusal
    with place.store.reading() as uow:
        assert uow.get(EntryValues, entry.number).why == ""
