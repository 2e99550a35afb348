"""A small complete trial, run through the real services and written out as it would be."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import with_check
from randomizer.domain.people import Role
from randomizer.domain.quality import Result
from randomizer.domain.records import Way
from randomizer.domain.supply import Destruction, Outcome
from randomizer.errors import NotFound
from randomizer.services import conduct, erasure, labels, locking, packs, passkeys
from randomizer.services.care import (
    assessment_changes,
    assessments,
    booking,
    dispensing,
    endings,
    enrolment,
    infusions,
    kits,
    stock_takes,
)
from randomizer.services.challenges import Challenges
from randomizer.services.packs import Report
from randomizer.services.relying_party import RelyingParty
from randomizer.services.signatures import StepUp
from randomizer.services.unblinded import (
    addenda,
    code_breaks,
    data_sets,
    release,
    release_files,
    rotation,
    staged,
    unblinding,
)
from randomizer.services.unblinded.calls import Call
from randomizer.services.verification import pinning
from tests.activated import FIT, SECOND_SITE, SITE
from tests.authenticator import Authenticator
from tests.databases import only_reading
from tests.desks import (
    LOT,
    copy_for,
    dispensed,
    infused,
    prepared,
    published,
    randomized,
    set_up_desk,
    settle,
)

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.domain.people import Passkey, Person
    from randomizer.domain.records import Assessment
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

WHY = "a reason in free text"
DAYS_OF_FIRST_PERIODS = 10  # they passed since the first participant was infused


def play(instance: Instance, rehearsal: Rehearsal, directory: Path) -> None:
    """Run the trial to its release, and leave ``public`` and ``release`` in the directory."""
    desk = set_up_desk(instance, rehearsal, directory / "codebreak")
    instance.act(packs.issue, Role.TRIAL_MANAGER, SITE)
    passkey = _add_passkey(instance)
    people = [randomized(instance, desk) for _ in range(3)]
    people += [randomized(instance, desk, "progressive") for _ in range(2)]
    instance.checkpoint()
    _fail_screening(instance)
    for number in people[:4]:
        infused(instance, desk, number)
    _give_in_part(instance, desk, people[4])
    instance.checkpoint()
    for number in people[:2]:
        _break_code(instance, desk, number)
    _break_for_others(instance, desk, people[3])
    with only_reading(instance.store.engine):
        _break_code(instance, desk, people[4])
    code_breaks.reconcile(desk)
    instance.checkpoint()
    rotation.rotate(desk, instance.person(Role.ADMINISTRATOR), instance.step_up(Role.ADMINISTRATOR))
    _second_period(instance, desk, people)
    take = instance.act(stock_takes.open_take, Role.PHARMACIST, SITE).number
    instance.act(stock_takes.count, Role.PHARMACIST, take, with_check(10_000_000))
    instance.act(stock_takes.close, Role.PHARMACIST, take)
    instance.act(stock_takes.settle, Role.PHARMACIST, take, WHY)
    with only_reading(instance.store.engine):
        _break_code(instance, desk, people[0])
    _assess_meanwhile(instance, people[0])
    instance.act(endings.transfer, Role.TRIAL_MANAGER, people[0], SECOND_SITE, WHY)
    code_breaks.reconcile(desk)  # who was broken has moved on meanwhile
    _try_to_break(instance, desk, "12")
    instance.act(endings.randomized_in_error, Role.INVESTIGATOR, people[1], WHY)
    instance.act(endings.correct_factor, Role.INVESTIGATOR, people[1], {"course": "progressive"}, WHY)
    instance.act(packs.record_opening, Role.TRIAL_MANAGER, _report(instance, people[0]))
    _assess(instance, Role.INVESTIGATOR, people[0], site=SECOND_SITE)
    instance.act(packs.record_drill, Role.TRIAL_MANAGER, _report(instance, people[3]))
    settle(instance, WHY)
    _erase(instance)
    randomized(instance, desk)
    instance.sign(conduct.terminate, Role.SPONSOR, WHY)
    instance.sign(locking.lock_period, Role.SPONSOR, WHY)
    with instance.store.writing() as uow:
        staged.export(uow, desk, instance.person(Role.UNBLINDED_STATISTICIAN), directory / "staged-out")
    instance.sign(locking.lock, Role.SPONSOR, WHY)
    _break_code(instance, desk, people[2])
    _add_result(instance, desk, people[0], Result.FAILED)
    _add_result(instance, desk, people[0], Result.PASSED, corrects=True)
    instance.act(passkeys.remove, Role.ON_CALL, passkey.handle)
    instance.act(packs.record_opening, Role.TRIAL_MANAGER, _report(instance, people[3]))
    instance.act(packs.record_return, Role.TRIAL_MANAGER, _report(instance))
    _release(instance, desk, rehearsal, directory)


def _add_result(
    instance: Instance, desk: Desk, number: str, result: Result, *, corrects: bool = False
) -> None:
    person, step_up = instance.person(Role.CLEARER), instance.step_up(Role.CLEARER)
    with instance.store.writing() as uow:
        addenda.add_result(
            uow,
            desk,
            person,
            step_up,
            number,
            subject=LOT.number,
            test="sterility",
            result=result,
            corrects=corrects,
        )


def _add_passkey(instance: Instance) -> Passkey:
    """A passkey that is used, and then counts backwards."""
    domain, origin, session = "break.example.org", "https://break.example.org", "session"
    challenges = Challenges(key=bytes(32), clock=instance.clock, entropy=instance.store.entropy)
    party = RelyingParty(id=domain, origin=origin, challenges=challenges)
    phone, by = Authenticator(origin), instance.person(Role.ON_CALL)
    named = {"handle": "0" * 32, "name": "Phone", "session": session}
    with instance.store.writing() as uow:
        answer = phone.create(passkeys.offer(uow, party, by, **named))
        added = passkeys.add(uow, party, by, answer, **named)
    for signed in (7, 6):
        claim = party.claimed(phone.get(party.ask((), session), signed=signed), session)
        with instance.store.writing() as uow:
            passkeys.redeem(uow, passkeys.fit(uow, party, claim))
    return added


def _report(instance: Instance, participant: str = "") -> Report:
    return Report(site=SITE, participant=participant, who="Dr X", at=instance.clock(), why=WHY)


def _fail_screening(instance: Instance) -> None:
    number = instance.act(enrolment.consent, Role.INVESTIGATOR, SITE).number
    instance.act(enrolment.screen_fail, Role.INVESTIGATOR, number, WHY)


def _give_in_part(instance: Instance, desk: Desk, number: str) -> None:
    dispensed(instance, desk, number)
    begun = instance.clock.advance(seconds=60)
    stopped = instance.clock.advance(seconds=600)
    instance.act(
        infusions.record,
        Role.CARE_PROVIDER,
        number,
        outcome=Outcome.PARTLY_GIVEN,
        given_at=begun,
        stopped_at=stopped,
        volume_ml=10,
        why=WHY,
    )


def _break_code(instance: Instance, desk: Desk, number: str) -> None:
    doctor = instance.person(Role.ON_CALL)
    step_up = _step_up(instance, doctor)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency", text=WHY)
    unblinding.disclose(desk, doctor, intent)


def _try_to_break(instance: Instance, desk: Desk, typed: str) -> None:
    doctor = instance.person(Role.ON_CALL)
    with suppress(NotFound):
        unblinding.intend(
            desk, doctor, _step_up(instance, doctor), participant=typed, reason="emergency", text=WHY
        )


def _break_for_others(instance: Instance, desk: Desk, number: str) -> None:
    """Once for a colleague, once for a doctor who telephones and reads a one-time page."""
    operator, colleague = instance.person(Role.ON_CALL), instance.person(Role.INVESTIGATOR)
    for way, reader in ((Way.COLLEAGUE, colleague.account), (Way.PAGE, 0)):
        call = Call(way=way, name="Dr Z", function="emergency physician", telephone="+33 1", colleague=reader)
        step_up = _step_up(instance, operator)
        intent = unblinding.intend(
            desk, operator, step_up, participant=number, reason="emergency", text=WHY, call=call
        )
        if reader:
            unblinding.disclose(desk, colleague, intent, _step_up(instance, colleague))
        else:
            unblinding.tell_caller(desk, intent)


def _step_up(instance: Instance, person: Person) -> StepUp:
    now = instance.clock.advance(seconds=60)
    return StepUp(account=person.account, at=now, expires_at=now + timedelta(minutes=1))


def _second_period(instance: Instance, desk: Desk, people: list[str]) -> None:
    plan = instance.definition.periods[1]
    instance.clock.advance(days=plan.interval_days - DAYS_OF_FIRST_PERIODS)
    infused(instance, desk, people[0])
    for number in people[1:3]:
        instance.act(infusions.miss, Role.INVESTIGATOR, number, WHY)
    instance.act(endings.end, Role.INVESTIGATOR, Act.DIED, people[4], why=WHY, follow_up=False)
    made = _assess(instance, Role.OUTCOMES_ASSESSOR, people[3])
    instance.sign(
        assessment_changes.correct,
        Role.OUTCOMES_ASSESSOR,
        made.number,
        assessment=made.assessment,
        time_point="unscheduled",
        done_at=made.done_at,
        why=WHY,
    )
    late = instance.clock() + timedelta(days=plan.window_after_days + 30)
    instance.act(booking.book, Role.COORDINATOR, people[3], late)
    instance.sign(booking.sign_deviation, Role.INVESTIGATOR, people[3], WHY)
    instance.sign(booking.sign_fit, Role.INVESTIGATOR, people[3], FIT)
    instance.clock.now = late
    sheet = prepared(instance, desk, people[3])
    instance.act(dispensing.dispense, Role.PHARMACIST, people[3], sheet.kit)
    instance.sign(kits.undo_dispensation, Role.PHARMACIST, people[3], WHY)
    again = prepared(instance, desk, people[3])
    for why in ("", WHY):
        instance.act(labels.print_labels, Role.PREPARER, people[3], 2, why)
    instance.act(dispensing.dispense, Role.PHARMACIST, people[3], again.kit)
    instance.clock.advance(seconds=60)
    instance.act(
        infusions.record, Role.CARE_PROVIDER, people[3], outcome=Outcome.GIVEN, given_at=instance.clock()
    )
    instance.act(endings.complete, Role.INVESTIGATOR, people[3])
    instance.sign(kits.destroy, Role.PHARMACIST, sheet.kit, method=Destruction.INCINERATED, why=WHY)


def _assess_meanwhile(instance: Instance, number: str) -> None:
    """An answer was shown and is not entered yet: two people sign, and one of both is struck out."""
    instance.clock.advance(seconds=60)
    _assess(instance, Role.OUTCOMES_ASSESSOR, number)
    by_mistake = _assess(instance, Role.INVESTIGATOR, number)
    instance.sign(assessment_changes.strike_out, Role.OUTCOMES_ASSESSOR, by_mistake.number, why=WHY)


def _assess(instance: Instance, role: Role, number: str, site: str = SITE) -> Assessment:
    return instance.sign(
        assessments.sign_assessment,
        role,
        number,
        site=site,
        assessment="EDSS",
        time_point="week 24",
        done_at=instance.clock(),
    )


def _erase(instance: Instance) -> None:
    with instance.store.reading() as uow:
        screened = uow.all(Entry, act=Act.SCREEN_FAILED.value)[0].number
        died = uow.all(Entry, act=Act.DIED.value)[0].number
    for number in (screened, died):
        instance.sign(erasure.erase_reason, Role.TRIAL_MANAGER, number, WHY)


def _release(instance: Instance, desk: Desk, rehearsal: Rehearsal, directory: Path) -> None:
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow:
        release.export_sealed(uow, desk, person, directory / "out")
        release.import_release(uow, desk, person, copy_for(rehearsal, "code-break-host"))
    instance.checkpoint()
    public = published(instance, rehearsal, directory / "published")
    with instance.store.reading() as uow:
        release_files.write(uow, desk, public, directory)
    data_sets.make(
        directory, rehearsal.recipients["statistician"], copy_for(rehearsal, "statistician"), pinning.given()
    )
