"""Code breaks for somebody who telephones: who is told, how, and who stays blind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import CodeBreak, Task, TaskKind, Telling, Way
from randomizer.errors import Faulty, NotAllowed, Refused, StepUpRefused
from randomizer.services import accounts, exposure
from randomizer.services.unblinded import calls, code_breaks, unblinding
from randomizer.services.unblinded.calls import Call
from tests.activated import SITE
from tests.desks import OF_A_CODE_BREAK, infused, plan_of, randomized

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

pytestmark = [
    pytest.mark.promise(9),
    pytest.mark.requirement("code-break door"),
    pytest.mark.parametrize("database", ["sqlite"]),
]

OPERATOR, COLLEAGUE = Role.ON_CALL, Role.INVESTIGATOR
CALLER = {"name": "Dr Zoé Lund", "function": "physician, intensive care", "telephone": "+33 1 99 00 77 88"}


def call(instance: Instance, way: Way, **changed: Any) -> Call:  # noqa: ANN401 - any part
    colleague = instance.number(COLLEAGUE) if way is Way.COLLEAGUE else 0
    return Call(**{"way": way, "colleague": colleague, **CALLER, **changed})


def intend(instance: Instance, desk: Desk, number: str, asked: Call) -> str:
    step_up, person = instance.step_up(OPERATOR), instance.person(OPERATOR)
    return unblinding.intend(
        desk, person, step_up, participant=number, reason="emergency", text="fever of 40 °C", call=asked
    )


def unblinded(instance: Instance, role: Role, number: str) -> bool:
    with instance.store.reading() as uow:
        return exposure.unblinded_for(uow, instance.number(role), number)


def reason_of(instance: Instance, number: str) -> str:
    with instance.store.reading() as uow:
        [entry] = uow.all(Entry, act=Act.CODE_BREAK_INTENT.value, participant=number)
        return uow.get(EntryValues, entry.number).why


def test_by_voice_the_operator_is_shown_the_answer_and_who_asked_is_on_record(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    intent = intend(instance, desk, number, call(instance, Way.VOICE))
    answer = unblinding.disclose(desk, instance.person(OPERATOR), intent)
    assert answer.planned == plan_of(instance, rehearsal, number)
    assert unblinded(instance, OPERATOR, number)
    said = reason_of(instance, number)
    assert said == (
        "Asked by: Dr Zoé Lund, physician, intensive care, +33 1 99 00 77 88. Told: by telephone. "
        "fever of 40 °C"
    )
    with instance.store.reading() as uow:
        values = uow.all(EntryValues, order="-number", limit=9)
        assert uow.get(Telling, intent).way is Way.VOICE
    assert not any(CALLER["name"] in one.content for one in values)  # a name can be erased


def test_a_colleague_opens_the_answer_with_their_own_factor_and_the_operator_stays_blind(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    intent = intend(instance, desk, number, call(instance, Way.COLLEAGUE))
    colleague = instance.person(COLLEAGUE)
    with pytest.raises(NotAllowed, match="for another person"):
        unblinding.disclose(desk, instance.person(OPERATOR), intent)
    with pytest.raises(StepUpRefused):
        unblinding.disclose(desk, colleague, intent)
    with pytest.raises(StepUpRefused):
        unblinding.disclose(desk, colleague, intent, instance.step_up(OPERATOR))
    with pytest.raises(NotAllowed):
        unblinding.tell_caller(desk, intent)
    answer = unblinding.disclose(desk, colleague, intent, instance.step_up(COLLEAGUE))
    assert answer.planned == plan_of(instance, rehearsal, number)
    assert unblinding.disclose(desk, colleague, intent).planned == answer.planned
    assert (unblinded(instance, OPERATOR, number), unblinded(instance, COLLEAGUE, number)) == (False, True)
    with instance.store.reading() as uow:
        [entry] = uow.all(Entry, act=Act.CODE_BREAK_DISCLOSED.value)
        assert entry.actor == colleague.account
        own = code_breaks.breaks_of(uow, desk, colleague.account)
    assert [one.intent for one in own] == [intent]


def test_a_one_time_page_is_told_once_and_nobody_with_an_account_is_unblinded(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    intent = intend(instance, desk, number, call(instance, Way.PAGE))
    with pytest.raises(NotAllowed, match="for another person"):
        unblinding.disclose(desk, instance.person(OPERATOR), intent)
    assert unblinding.tell_caller(desk, intent).planned == plan_of(instance, rehearsal, number)
    with pytest.raises(Refused, match="once only"):
        unblinding.tell_caller(desk, intent)
    assert not unblinded(instance, OPERATOR, number)
    with instance.store.reading() as uow:
        [entry] = uow.all(Entry, act=Act.CODE_BREAK_DISCLOSED.value)
        assert (entry.actor, uow.get(CodeBreak, intent).account) == (0, instance.number(OPERATOR))


def test_a_one_time_page_falls_with_the_role_of_who_gave_it_and_after_an_hour(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    intent = intend(instance, desk, number, call(instance, Way.PAGE))
    instance.clock.advance(hours=1, seconds=1)
    with pytest.raises(Refused, match="no longer open"):
        unblinding.tell_caller(desk, intent)
    intent = intend(instance, desk, number, call(instance, Way.PAGE))
    with instance.store.writing() as uow:
        accounts.revoke(uow, SERVICE, account=instance.number(OPERATOR), role=OPERATOR)
    with pytest.raises(NotAllowed):
        unblinding.tell_caller(desk, intent)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "caller_name"),
        ({"function": ""}, "caller_function"),
        ({"telephone": ""}, "caller_telephone"),
        ({"name": "x" * 101}, "caller_name"),
        ({"name": "a\nb"}, "caller_name"),
    ],
)
@pytest.mark.promise(18)
def test_a_call_says_who_asks(instance: Instance, desk: Desk, changed: dict[str, str], field: str) -> None:
    number = randomized(instance, desk)
    with pytest.raises(Faulty) as refused:
        intend(instance, desk, number, call(instance, Way.VOICE, **changed))
    assert [name for name, _ in refused.value.faults] == [field]
    with instance.store.reading() as uow:
        assert uow.count(Entry, act=Act.CODE_BREAK_DENIED.value) == 1


def test_only_a_colleague_who_could_break_this_code_opens_it(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    for role in (Role.PHARMACIST, OPERATOR):
        with pytest.raises(Refused, match="Choose the colleague"):
            asked = call(instance, Way.COLLEAGUE, colleague=instance.number(role))
            intend(instance, desk, number, asked)
    with instance.store.reading() as uow:
        listed = calls.colleagues(uow, instance.person(OPERATOR), SITE)
    assert [name for _, name in listed] == ["Investigator Tls", "Safety Physician"]


def test_a_call_reaches_the_database_from_the_file(
    instance: Instance, desk: Desk, freeze: list[bool]
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    asked, step_up = call(instance, Way.PAGE), instance.step_up(OPERATOR)
    person, opened_at = instance.person(OPERATOR), instance.clock()
    freeze.append(True)
    intent = unblinding.intend(
        desk, person, step_up, participant=number, reason="susar", call=asked, page_opened_at=opened_at
    )
    unblinding.tell_caller(desk, intent)
    freeze.clear()
    assert code_breaks.reconcile(desk) == 2
    with instance.store.reading() as uow:
        telling = uow.get(Telling, intent)
        assert uow.count(Task, participant=number) == len(OF_A_CODE_BREAK)
    assert (telling.way, telling.reader, telling.page_opened_at) == (Way.PAGE, 0, opened_at)
    assert CALLER["name"] in reason_of(instance, number)


def test_another_caller_is_another_exposure(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    for _ in range(2):
        unblinding.tell_caller(desk, intend(instance, desk, number, call(instance, Way.PAGE)))
    with instance.store.reading() as uow:
        assert uow.count(Task, kind=TaskKind.IMPACT_ASSESSMENT, done_at=None) == 2
        assert uow.count(Task, kind=TaskKind.EXPLANATION, done_at=None) == 1


def test_a_suspected_reaction_reported_by_the_safety_physician_leaves_the_site_blind(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    person, step_up = instance.person(Role.SAFETY_PHYSICIAN), instance.step_up(Role.SAFETY_PHYSICIAN)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="susar")
    unblinding.disclose(desk, person, intent)
    assert [role for role in Role if unblinded(instance, role, number)] == [Role.SAFETY_PHYSICIAN]
    with pytest.raises(NotAllowed):
        unblinding.disclose(desk, instance.person(COLLEAGUE), intent)
    with instance.store.reading() as uow:
        kinds = {one.kind for one in uow.all(Task, participant=number)}
        assert kinds == {TaskKind.IMPACT_ASSESSMENT, TaskKind.TREATMENT_DECISION}
        [entry] = uow.all(Entry, act=Act.CODE_BREAK_DISCLOSED.value)
        details = json.loads(uow.get(EntryValues, entry.number).content)["details"]
    assert details == {}
