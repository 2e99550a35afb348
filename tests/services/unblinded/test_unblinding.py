from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, Notice
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import AlarmKind, CodeBreak, Signature, Task, TaskKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Outcome
from randomizer.domain.trial import Allocation, Slot
from randomizer.errors import NotAllowed, NotFound, Refused, StepUpRefused, Stopped, Tampered
from randomizer.services import alarms, exposure, impact, trail
from randomizer.services.care import infusions
from randomizer.services.transactions import open_store
from randomizer.services.unblinded import beforehand, code_breaks, opening, unblinding
from tests.activated import SECOND_SITE
from tests.desks import (
    OF_A_CODE_BREAK,
    booked,
    dispensed,
    harvested,
    infused,
    plan_of,
    randomized,
    wait_for_the_next_period,
)

if TYPE_CHECKING:
    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

SAID = "found unconscious"
TRIGGERS = {
    "sqlite": "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT 'DROP TRIGGER ' || t.tgname || ' ON ' || c.relname FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal",
}
OF_SLOT = "WHERE number = (SELECT slot FROM allocation WHERE participant = :n)"


def intend(instance: Instance, desk: Desk, number: str, role: Role = Role.INVESTIGATOR) -> str:
    step_up = instance.step_up(role)
    return unblinding.intend(
        desk, instance.person(role), step_up, participant=number, reason="emergency", text=SAID
    )


def break_code(instance: Instance, desk: Desk, number: str, role: Role = Role.INVESTIGATOR) -> Answer:
    intent = intend(instance, desk, number, role)
    return unblinding.disclose(desk, instance.person(role), intent)


def entries(instance: Instance, *acts: Act) -> list[Entry]:
    with instance.store.reading() as uow:
        return list(uow.all(Entry, act=[act.value for act in acts], order="number"))


def statement(instance: Instance, sql: str, **values: object) -> None:
    """As somebody would who may do anything with the database."""
    engine = instance.store.engine
    with engine.begin() as connection:
        for drop in connection.execute(text(TRIGGERS[engine.dialect.name])).scalars().all():
            connection.execute(text(drop))
        connection.execute(text(sql), values)


@pytest.mark.promise(7)
def test_the_answer_is_what_was_given_and_when(instance: Instance, desk: Desk, rehearsal: Rehearsal) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    plan = plan_of(instance, rehearsal, number)

    answer = break_code(instance, desk, number)

    assert [(dose.period, dose.treatment, dose.kit) for dose in answer.given] == [(1, plan[0], sheet.kit)]
    assert answer.given[0].when.startswith("Given ")
    assert answer.agrees
    assert answer.planned == plan
    assert answer.next_planned.startswith(f"Period 2: {plan[1]}, due ")
    assert "one period tells the other" in answer.implied


@pytest.mark.promise(7)
def test_each_participant_has_the_plan_of_the_release(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    numbers = [randomized(instance, desk) for _ in range(6)]

    found = {number: break_code(instance, desk, number).planned for number in numbers}

    assert found == {number: plan_of(instance, rehearsal, number) for number in numbers}
    assert {planned[0] for planned in found.values()} == {
        treatment.name for treatment in instance.definition.treatments
    }


@pytest.mark.promise(7)
def test_a_kit_handed_out_and_not_recorded_may_have_been_given(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    dispensed(instance, desk, number)
    handed_out = f"{instance.clock():%H:%M} UTC"

    answer = break_code(instance, desk, number)

    assert answer.given[0].when.startswith("Handed out ")
    assert answer.given[0].when.endswith(f"{handed_out}, may have been given")


@pytest.mark.promise(7)
def test_a_kit_recorded_as_not_given_is_not_in_the_answer(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    dispensed(instance, desk, number)
    instance.act(infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.NOT_GIVEN, why="line lost")

    assert break_code(instance, desk, number).given == ()


@pytest.mark.promise(7)
def test_a_preparation_record_of_another_content_is_flagged(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    other = next(one.code for one in instance.definition.treatments if one.code != sheet.treatment)
    with instance.store.writing() as uow:
        slot = uow.get(Allocation, number).slot
        noted = Preparation(content=other, kit=sheet.kit)
        uow.update(opening.seal_preparation(desk, slot, 1, noted, uow.entropy))

    answer = break_code(instance, desk, number)

    assert not answer.agrees
    assert "was put into the kit; the plan is" in answer.disagreements[0]


@pytest.mark.promise(7)
def test_a_period_record_changed_by_sql_is_flagged_and_named_for_the_alarm(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    with instance.store.reading() as uow:
        slot = uow.get(Slot, uow.get(Allocation, number).slot)
    spare = next(kit for kit in slot.kits[1] if kit != sheet.kit)
    statement(
        instance, "UPDATE period SET kit = :kit WHERE participant = :n AND period = 1", kit=spare, n=number
    )

    answer = break_code(instance, desk, number)

    assert answer.bent == (f"PeriodRecord {number} 1",)
    assert len(answer.disagreements) == 3  # entry, plan, preparation record


@pytest.mark.promise(7)
def test_before_the_answer_it_says_whether_there_is_anything_to_learn(instance: Instance, desk: Desk) -> None:
    def verdict() -> tuple[bool, str]:
        with instance.store.reading() as uow:
            found = beforehand.before(uow, instance.person(Role.ON_CALL), number)
        return found.worth_it, found.verdict

    number = harvested(instance)
    with pytest.raises(Refused, match="no code to break"):
        verdict()
    number = randomized(instance, desk)
    assert verdict() == (False, "Nothing was given, and no kit was handed out. There is nothing to learn.")
    dispensed(instance, desk, number)
    assert verdict()[0]
    instance.act(
        infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.GIVEN, given_at=instance.clock()
    )
    assert verdict()[0]
    wait_for_the_next_period(instance)
    infused(instance, desk, number)
    assert verdict() == (False, "This participant was given both treatments; only the order is not known.")


@pytest.mark.promise(8)
def test_nothing_opens_without_an_intent_on_record(instance: Instance, desk: Desk) -> None:
    randomized(instance, desk)
    with instance.store.reading() as uow, pytest.raises(NotFound, match="No intent"):
        opening.open_slot(uow, desk, "0" * 32)


@pytest.mark.promise(8)
def test_an_intent_stands_in_both_sinks_before_the_answer(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)

    intent = intend(instance, desk, number)

    filed = desk.file.intent(intent)
    assert filed is not None
    assert (filed.participant, filed.text) == (number, SAID)
    assert desk.file.path.stat().st_mode & 0o777 == 0o600
    with instance.store.reading() as uow:
        stored = uow.get(CodeBreak, intent)
        signature = uow.all(Signature, order="-number", limit=1)[0]
        values = uow.get(EntryValues, stored.entry)
    assert stored.disclosed_at is None
    assert signature.meaning == code_breaks.BREAK_MEANING
    assert values.why == SAID
    assert SAID not in values.content


@pytest.mark.promise(9)
def test_a_disclosure_is_on_record_with_what_was_shown_and_opens_the_assessment(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    intent = intend(instance, desk, number)

    answer = unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), intent)
    instance.clock.advance(hours=30)
    again = unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), intent)

    assert again.to_values() == answer.to_values()
    with instance.store.reading() as uow:
        stored = uow.get(CodeBreak, intent)
        assert stored.disclosed_at is not None
        assert {task.kind for task in uow.all(Task, participant=number, done_at=None)} == OF_A_CODE_BREAK
        assert exposure.unblinded_for(uow, instance.number(Role.INVESTIGATOR), number)
        assert not exposure.unblinded_for(uow, instance.number(Role.PHARMACIST), number)
    assert len(entries(instance, Act.CODE_BREAK_DISCLOSED)) == 1


@pytest.mark.promise(9)
def test_notices_go_to_those_whom_the_definition_names_and_hold_no_answer(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    with instance.store.writing() as uow:
        uow.remove(Notice)

    break_code(instance, desk, number)

    with instance.store.reading() as uow:
        found = uow.all(Notice)
    named = {notice.recipient.split("@")[0] for notice in found}
    assert named == {"investigator-tls", "trial-manager", "sponsor-representative", "safety-physician"}
    for notice in found:
        said = (notice.subject + notice.body).lower()
        assert number in said
        assert not any(word in said for word in ("cell", "medium", "stem", "emergency", SAID))


@pytest.mark.promise(9)
def test_what_is_on_record_of_an_answer_has_one_length_and_no_plain_word(
    instance: Instance, desk: Desk
) -> None:
    nothing, given = randomized(instance, desk), randomized(instance, desk)
    infused(instance, desk, given)
    for number in (nothing, given):
        break_code(instance, desk, number)

    with instance.store.reading() as uow:
        shown = [one.shown for one in uow.all(CodeBreak)]

    assert len({len(one) for one in shown}) == 1
    assert not any(b"edium" in one or b"cells" in one for one in shown)


@pytest.mark.promise(6)
def test_it_works_while_an_alarm_stops_allocation_and_no_checkpoint_is_signed(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    with instance.store.writing() as uow:
        alarms.raise_alarm(uow, AlarmKind.SEALED, "Slot 3")

    answer = break_code(instance, desk, number, Role.ON_CALL)

    assert len(answer.given) == 1
    assert "no signed checkpoint covers it yet" in answer.remarks[0]
    instance.checkpoint()
    assert break_code(instance, desk, number, Role.SAFETY_PHYSICIAN).remarks == ()


@pytest.mark.promise(8)
def test_a_database_that_can_only_be_read_gives_the_answer_and_is_reconciled(
    instance: Instance, desk: Desk, freeze: list[bool]
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    step_up, person = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    before = len(entries(instance, *Act))

    freeze.append(True)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="emergency", text=SAID)
    answer = unblinding.disclose(desk, person, intent)
    again = unblinding.disclose(desk, person, intent)
    assert len(answer.given) == 1
    assert again.to_values() == answer.to_values()
    assert len(entries(instance, *Act)) == before
    freeze.clear()

    assert code_breaks.reconcile(desk) == 2
    assert code_breaks.reconcile(desk) == 0
    with instance.store.reading() as uow:
        stored = uow.get(CodeBreak, intent)
        values = uow.get(EntryValues, stored.entry - 1)
        assert stored.disclosed_at is not None
        assert uow.count(Task, participant=number) == len(OF_A_CODE_BREAK)
    assert json.loads(values.content)["details"]["account"] == person.account
    assert values.why == SAID
    assert unblinding.disclose(desk, person, intent).to_values() == answer.to_values()


@pytest.mark.promise(8)
def test_without_any_sink_nothing_opens(instance: Instance, desk: Desk, freeze: list[bool]) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    step_up, person = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    desk.file.path.mkdir()  # a directory stands where the file would be

    freeze.append(True)
    with pytest.raises(Stopped, match="Nothing was opened"):
        unblinding.intend(desk, person, step_up, participant=number, reason="emergency")


@pytest.mark.promise(8)
def test_an_answer_that_cannot_be_put_on_record_is_not_shown(
    instance: Instance, desk: Desk, freeze: list[bool]
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    intent = intend(instance, desk, number)
    desk.file.path.unlink()
    desk.file.path.mkdir()

    freeze.append(True)
    with pytest.raises(Stopped, match="not shown"):
        unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), intent)


def test_a_torn_line_costs_only_itself(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    first = intend(instance, desk, number)
    with desk.file.path.open("ab") as file:
        file.write(b'{"what": "intent", "intent": "torn')

    second = intend(instance, desk, number)

    assert [line["intent"] for line in desk.file.lines("intent")] == [first, second]


@pytest.mark.promise(20)
def test_others_are_refused_and_the_attempt_is_on_record(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    others = sorted(set(Role) - {Role.INVESTIGATOR, Role.ON_CALL, Role.SAFETY_PHYSICIAN})

    for role in others:
        with pytest.raises(NotAllowed):
            intend(instance, desk, number, role)

    denied = entries(instance, Act.CODE_BREAK_DENIED)
    assert [entry.participant for entry in denied] == [number] * len(others)
    assert list(desk.file.lines("intent")) == []


def test_an_investigator_of_another_site_is_refused(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    step_up = instance.step_up(Role.INVESTIGATOR, SECOND_SITE)
    with pytest.raises(NotAllowed):
        unblinding.intend(
            desk,
            instance.person(Role.INVESTIGATOR, SECOND_SITE),
            step_up,
            participant=number,
            reason="emergency",
        )


def test_a_step_up_of_somebody_else_or_too_old_is_refused(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    investigator = instance.person(Role.INVESTIGATOR)
    of_another = instance.step_up(Role.ON_CALL)
    old = instance.step_up(Role.INVESTIGATOR)
    instance.clock.advance(seconds=instance.gate.step_up_seconds)
    for step_up in (of_another, old, replace(old, account=of_another.account)):
        with pytest.raises(StepUpRefused):
            unblinding.intend(desk, investigator, step_up, participant=number, reason="emergency")
    assert len(entries(instance, Act.CODE_BREAK_DENIED)) == 3


def test_an_intent_is_of_one_person_and_of_one_hour(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    intent = intend(instance, desk, number)
    with pytest.raises(NotAllowed, match="another person"):
        unblinding.disclose(desk, instance.person(Role.ON_CALL), intent)
    instance.clock.advance(hours=1, seconds=1)
    with pytest.raises(Refused, match="no longer open"):
        unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), intent)


@pytest.mark.parametrize("reason", ["", "curiosity"])
def test_a_reason_is_of_the_list(instance: Instance, desk: Desk, reason: str) -> None:
    number = randomized(instance, desk)
    step_up = instance.step_up(Role.INVESTIGATOR)
    with pytest.raises(Refused, match="reason"):
        unblinding.intend(
            desk, instance.person(Role.INVESTIGATOR), step_up, participant=number, reason=reason
        )


@pytest.mark.promise(13)
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE allocation SET slot = (SELECT max(number) FROM slot) WHERE participant = :n",
        "UPDATE slot SET kits = (SELECT b.kits FROM slot b WHERE b.number = 19) " + OF_SLOT,  # noqa: S608
        "UPDATE slot SET ciphertext = (SELECT b.ciphertext FROM slot b WHERE b.number = 19) " + OF_SLOT,  # noqa: S608
        "UPDATE slot SET wraps = (SELECT b.wraps FROM slot b WHERE b.number = 19) " + OF_SLOT,  # noqa: S608
        "UPDATE trial SET certificate_digest = 'other'",
        "UPDATE code_break SET participant = (SELECT max(number) FROM participant)",
    ],
)
def test_a_record_bent_by_sql_opens_nothing(instance: Instance, desk: Desk, sql: str) -> None:
    number = randomized(instance, desk)
    randomized(instance, desk)
    intent = intend(instance, desk, number)
    statement(instance, sql, n=number) if ":n" in sql else statement(instance, sql)

    with pytest.raises(Tampered, match="nothing was opened"):
        unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), intent)

    assert entries(instance, Act.CODE_BREAK_DISCLOSED) == []


def test_a_whole_slot_swapped_in_with_its_proof_opens_nothing(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    intent = intend(instance, desk, number)
    statement(instance, "SELECT 1")
    with instance.store.writing() as uow:
        mine = uow.get(Slot, uow.get(Allocation, number).slot)
        other = uow.get(Slot, 19)
        taken = replace(
            mine, kits=other.kits, ciphertext=other.ciphertext, wraps=other.wraps, proof=other.proof
        )
        uow.update(taken)

    with pytest.raises(Tampered, match=f"Slot {mine.number}"):
        unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), intent)


@pytest.mark.promise(3)
def test_nothing_that_was_opened_has_a_readable_repr(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    intent = intend(instance, desk, number)
    with instance.store.reading() as uow:
        opened = opening.open_slot(uow, desk, intent)
        noted = opening.read_preparation(uow, desk, opened.slot.number, 1)
    answer = unblinding.disclose(desk, instance.person(Role.INVESTIGATOR), intent)

    said = repr((opened, noted, answer, answer.given, sheet, desk))

    assert not any(word in said for word in ("MSC", "MEDIUM", "cells", "edium", sheet.kit))


def test_an_impact_assessment_is_signed_once_with_its_words(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    break_code(instance, desk, number)
    with instance.store.reading() as uow:
        task = impact.open_tasks(uow)[0]
    with pytest.raises(Refused, match="missing"):
        instance.sign(impact.sign_impact, Role.INVESTIGATOR, task.number, " ")

    instance.sign(impact.sign_impact, Role.INVESTIGATOR, task.number, "No assessment followed.")

    with instance.store.reading() as uow:
        assert TaskKind.IMPACT_ASSESSMENT not in {one.kind for one in impact.open_tasks(uow)}
    with pytest.raises(Refused, match="signed already"):
        instance.sign(impact.sign_impact, Role.INVESTIGATOR, task.number, "Again.")


def test_clinical_acts_of_whoever_knows_stay_possible_and_are_marked(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    other = randomized(instance, desk)
    break_code(instance, desk, number)
    for one in (number, other):
        booked(instance, one)

    with instance.store.reading() as uow:
        signed = {
            entry.participant: json.loads(uow.get(EntryValues, entry.number).content)["details"]
            for entry in uow.all(Entry, act=Act.FIT_SIGNED.value)
        }
    assert signed[number]["unblinded"] is True
    assert "unblinded" not in signed[other]


@pytest.mark.promise(6)
def test_a_database_that_somebody_holds_does_not_hold_up_a_code_break(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    step_up, person = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    url = instance.store.engine.url.render_as_string(hide_password=False)
    hasty = open_store(url, clock=instance.clock, entropy=instance.store.entropy, patience_seconds=1)
    mine = replace(desk, store=hasty)

    with instance.store.writing() as uow, trail.act(uow, Act.KIT_EXPIRED, SERVICE):
        intent = unblinding.intend(mine, person, step_up, participant=number, reason="emergency")
        answer = unblinding.disclose(mine, person, intent)

    assert len(answer.given) == 1
    assert code_breaks.reconcile(mine) == 2
    hasty.engine.dispose()
