"""A reason that was erased goes from the file of intents too; every line stays, and a crash costs none."""

from __future__ import annotations

import os
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from keys import files
from randomizer.domain.people import Role
from randomizer.domain.records import Telling
from randomizer.services import erasure
from randomizer.services.unblinded import erased_words, unblinding
from randomizer.services.unblinded.sinks import DISCLOSED, INTENT, IntentFile
from randomizer.services.unblinded.unblinding import disclose
from randomizer.web.codebreak.watching import watch
from tests.desks import randomized
from tests.services.unblinded.test_unblinding import SAID, intend, statement

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

pytestmark = [pytest.mark.promise(17), pytest.mark.requirement("code-break door")]


def entry_of(instance: Instance, intent: str) -> int:
    with instance.store.reading() as uow:
        return uow.get(Telling, intent).entry


def erase(instance: Instance, intent: str) -> None:
    instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, entry_of(instance, intent), "It named somebody.")


def test_the_door_erases_what_was_erased_and_nothing_else(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    first, second = intend(instance, desk, number), intend(instance, desk, number)
    with desk.file.path.open("ab") as file:
        file.write(b'{"text": "' + SAID.encode() + b'", "to')  # torn by a crash; nobody can read it
    before = list(desk.file.lines())
    assert erased_words.look(desk) == 0
    assert list(desk.file.lines()) == before

    erase(instance, first)
    ended = Event()
    ended.set()
    watch(desk, ended).join(timeout=30)

    after = list(desk.file.lines())
    assert after == [line | {"text": ""} if line.get("intent") == first else line for line in before]
    assert desk.file.path.read_bytes().count(SAID.encode()) == 1
    assert desk.file.path.stat().st_mode & 0o777 == 0o600
    assert desk.file.worded() == {second}
    assert disclose(desk, instance.person(Role.INVESTIGATOR), first).planned
    assert erased_words.look(desk) == 0
    erase(instance, second)
    assert erased_words.look(desk) == 1
    assert SAID.encode() not in b"".join(one.read_bytes() for one in desk.file.path.parent.iterdir())


@pytest.mark.parametrize("database", ["sqlite"])
def test_an_edit_of_the_database_erases_nothing(instance: Instance, desk: Desk) -> None:
    intent = intend(instance, desk, randomized(instance, desk))
    statement(instance, "UPDATE entry_values SET why = '', erased_by = number + 1 WHERE why != ''")
    assert erased_words.look(desk) == 0
    assert desk.file.worded() == {intent}


@pytest.mark.parametrize("database", ["sqlite"])
def test_what_only_the_file_holds_keeps_its_words(instance: Instance, desk: Desk, freeze: list[bool]) -> None:
    number = randomized(instance, desk)
    step_up, doctor = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    freeze.append(True)
    intent = unblinding.intend(
        desk, doctor, step_up, participant=number, reason="emergency", text="in the file alone"
    )
    assert erased_words.look(desk) == 0
    freeze.clear()
    assert desk.file.worded() == {intent}


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_crash_leaves_the_former_file_or_the_new_one(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    intent = intend(instance, desk, randomized(instance, desk))
    before = list(desk.file.lines(INTENT))
    erase(instance, intent)
    with monkeypatch.context() as patch:
        patch.setattr(os, step, _die)
        assert erased_words.look(desk) == 0
    assert list(desk.file.lines(INTENT)) == before
    assert erased_words.look(desk) == 1


@pytest.mark.parametrize("database", ["sqlite"])
def test_what_another_process_of_the_door_appends_meanwhile_is_kept(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(instance, intend(instance, desk, randomized(instance, desk)))
    left = desk.file.path.with_name(f".{desk.file.path.name}.1.new")
    left.write_text("words that somebody wrote who was killed")
    other = Thread(target=IntentFile(desk.file.path).append, args=({"what": DISCLOSED, "intent": "its"},))
    written = files.write_private

    def slowly(*given: Any, **named: Any) -> None:  # noqa: ANN401
        other.start()
        other.join(0.1)
        written(*given, **named)

    monkeypatch.setattr(files, "write_private", slowly)
    assert erased_words.look(desk) == 1
    other.join()
    assert desk.file.disclosure("its") is not None
    assert not left.exists()


def _die(*_: object, **__: object) -> None:
    raise OSError("died")
