"""Code breaks with something else in the middle: another tab, another thread, a sink that comes or goes."""

from __future__ import annotations

from errno import ENOSPC
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import CodeBreak, Way
from randomizer.errors import NotAllowed, Refused
from randomizer.services import accounts
from randomizer.services.unblinded import answers, attempts, code_breaks, unblinding
from randomizer.services.unblinded.calls import Call
from randomizer.services.unblinded.sinks import DISCLOSED, INTENT
from randomizer.services.unblinded.spent_codes import SIX_DIGITS
from tests.activated import SECOND_SITE, SITE
from tests.desks import infused, randomized
from tests.services.unblinded.test_unblinding import intend

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance


def entries(instance: Instance, act: Act) -> int:
    with instance.store.reading() as uow:
        return uow.count(Entry, act=act.value)


def once_before(patch: pytest.MonkeyPatch, where: Any, name: str, meanwhile: Callable[[], object]) -> None:  # noqa: ANN401
    """Somebody else does this just before a function is called for the first time."""
    real, waiting = getattr(where, name), [meanwhile]

    def called(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        if waiting:
            waiting.pop()()
        return real(*given, **named)

    patch.setattr(where, name, called)


@pytest.mark.promise(8)
def test_a_refusal_that_the_disk_cannot_take_forgets_no_intent_that_waits(
    instance: Instance, desk: Desk, freeze: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = randomized(instance, desk)
    code_breaks.reconcile(desk)
    step_up, doctor = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    freeze.append(True)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency")
    with monkeypatch.context() as patch:
        patch.setattr(desk.file, "try_append", lambda _: False)  # the disk is full as well
        attempts.deny(desk, instance.person(Role.ON_CALL), number, "step-up-refused")
    freeze.clear()
    assert unblinding.disclose(desk, doctor, intent).planned
    assert entries(instance, Act.CODE_BREAK_INTENT) == 1


@pytest.mark.promise(8)
def test_an_intent_that_comes_while_others_are_brought_in_waits_for_the_next_time(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.file.waiting = True
    # Another thread has filed an intent, and could not write the database.
    once_before(monkeypatch, code_breaks, "_missing", lambda: setattr(desk.file, "waiting", True))
    code_breaks.reconcile(desk)
    assert desk.file.waiting


@pytest.mark.promise(6)
@pytest.mark.promise(8)
def test_an_intent_that_another_request_brought_in_from_the_file_still_opens(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = randomized(instance, desk)
    step_up, doctor = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    desk.file.waiting = True
    filed = desk.file.try_append

    def and_another_reconciles(line: dict[str, Any]) -> bool:
        done = filed(line)
        code_breaks.reconcile(desk)
        return done

    monkeypatch.setattr(desk.file, "try_append", and_another_reconciles)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency")
    assert unblinding.disclose(desk, doctor, intent).planned
    assert entries(instance, Act.CODE_BREAK_INTENT) == 1


@pytest.mark.promise(6)
def test_a_disk_that_takes_nothing_holds_up_no_code_break_and_tells_of_no_refusal_twice(
    instance: Instance, desk: Desk, freeze: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = randomized(instance, desk)
    doctor = instance.person(Role.INVESTIGATOR)
    freeze.append(True)
    attempts.deny(desk, doctor, number, "step-up-refused")
    freeze.clear()

    def full(_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr(desk.file, "append", full)
    intent = intend(instance, desk, number)
    assert unblinding.disclose(desk, doctor, intent).planned
    desk.file.waiting = True
    code_breaks.reconcile(desk)
    assert entries(instance, Act.CODE_BREAK_DENIED) == 1


@pytest.mark.promise(6)
def test_a_line_of_the_file_that_cannot_be_entered_holds_up_neither_a_code_break_nor_another_line(
    instance: Instance, desk: Desk, freeze: list[bool]
) -> None:
    number, other = randomized(instance, desk), randomized(instance, desk)
    doctor, begun = instance.person(Role.INVESTIGATOR), intend(instance, desk, other)
    desk.file.append({"what": DISCLOSED, "intent": begun, "at": "at night", "shown": ""})
    desk.file.append({"what": SIX_DIGITS, "account": "1\ufffd", "step": 1})
    desk.file.append({"what": INTENT, "intent": begun})
    desk.file.append({"wh\ufffdt": DISCLOSED})
    with instance.store.reading() as uow:
        assert [one.intent for one in code_breaks.breaks_of(uow, desk, doctor.account)] == [begun]
    freeze.append(True)
    attempts.deny(desk, doctor, number, "step-up-refused")
    freeze.clear()
    intent = intend(instance, desk, number)
    assert unblinding.disclose(desk, doctor, intent).planned
    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == entries(instance, Act.CODE_BREAK_DENIED) == 1
    assert desk.file.waiting


@pytest.mark.promise(9)
def test_two_tabs_that_ask_at_once_while_nothing_can_be_written_are_shown_one_answer(
    instance: Instance, desk: Desk, freeze: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = randomized(instance, desk)
    doctor = instance.person(Role.INVESTIGATOR)
    intent = intend(instance, desk, number)
    freeze.append(True)
    once_before(monkeypatch, answers, "build", lambda: unblinding.disclose(desk, doctor, intent))
    unblinding.disclose(desk, doctor, intent)
    assert len(list(desk.file.lines(DISCLOSED))) == 1
    freeze.clear()
    code_breaks.reconcile(desk)
    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == 1


@pytest.mark.promise(9)
def test_two_tabs_that_ask_at_once_are_shown_one_answer_and_it_is_on_record_once(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = randomized(instance, desk)
    doctor = instance.person(Role.INVESTIGATOR)
    intent = intend(instance, desk, number)
    seen = []

    def other_tab() -> None:
        seen.append(unblinding.disclose(desk, doctor, intent))
        infused(instance, desk, number)  # what the slower tab has read is another answer by now

    once_before(monkeypatch, answers, "build", other_tab)
    assert unblinding.disclose(desk, doctor, intent) == seen[0]
    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == 1
    assert unblinding.disclose(desk, doctor, intent) == seen[0]


@pytest.mark.promise(9)
def test_two_codes_of_one_page_show_its_answer_once(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = randomized(instance, desk)
    call = Call(way=Way.PAGE, name="Dr Lund", function="physician", telephone="+33 1")
    step_up, person = instance.step_up(Role.ON_CALL), instance.person(Role.ON_CALL)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="emergency", call=call)
    once_before(monkeypatch, answers, "build", lambda: unblinding.tell_caller(desk, intent))
    with pytest.raises(Refused, match="shown once"):
        unblinding.tell_caller(desk, intent)
    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == 1


@pytest.mark.promise(20)
@pytest.mark.parametrize("frozen", [False, True], ids=["writable", "read-only"])
def test_who_may_no_more_at_the_site_is_shown_nothing_whatever_else_they_may(
    instance: Instance,
    desk: Desk,
    freeze: list[bool],
    frozen: bool,  # noqa: FBT001
) -> None:
    number, other = randomized(instance, desk), randomized(instance, desk)
    seen, unseen = intend(instance, desk, number), intend(instance, desk, other)
    unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), seen)
    account = instance.number(Role.INVESTIGATOR)
    with instance.store.writing() as uow:
        accounts.grant(uow, SERVICE, account=account, role=Role.INVESTIGATOR, site=SECOND_SITE)
        accounts.revoke(uow, SERVICE, account=account, role=Role.INVESTIGATOR, site=SITE)
    if frozen:
        freeze.append(True)
    for intent in (seen, unseen):
        with pytest.raises(NotAllowed):
            unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), intent)


@pytest.mark.promise(8)
def test_a_code_break_that_is_given_up_while_nothing_can_be_written_is_brought_in_later(
    instance: Instance, desk: Desk, freeze: list[bool]
) -> None:
    number = randomized(instance, desk)
    freeze.append(True)
    attempts.give_up(desk, instance.number(Role.ON_CALL), number)
    freeze.clear()
    code_breaks.reconcile(desk)
    code_breaks.reconcile(desk)
    with instance.store.reading() as uow:
        [entry] = uow.all(Entry, act=Act.CODE_BREAK_ABORTED.value)
        assert entry.participant == number
        assert uow.count(CodeBreak) == 0
