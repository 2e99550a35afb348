from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.participants import Ending, Participant
from randomizer.domain.people import BREAKERS, Role
from randomizer.domain.supply import Kit, KitState
from randomizer.domain.trial import Phase, Trial
from randomizer.services import conduct, locking
from randomizer.services.care import assessment_changes, assessments, booking, kits, products, replacements
from randomizer.services.unblinded import code_breaks, unblinding
from randomizer.web import words
from randomizer.web.codebreak.padding import ANSWER_BYTES
from tests.activated import FIT, PASSWORD
from tests.databases import only_reading
from tests.desks import LOT, booked, copy_for, harvested, plan_of, prepared, randomized

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.codebreak.guests import Visit

pytestmark = pytest.mark.requirement("code-break door")


FIRST = {
    Role.PREPARER: "/preparation",
    Role.CLEARER: "/clearance",
    Role.SPONSOR: "/lock",
    Role.TRIAL_MANAGER: "/lock",
    Role.DATA_MANAGER: "/lock",
    Role.UNBLINDED_STATISTICIAN: "/release",
    Role.MONITOR: "/code-breaks/times",
}

PAGES = {
    "/code-break?participant=10011": BREAKERS,
    "/code-breaks": BREAKERS,
    "/preparation": {Role.PREPARER},
    "/clearance": {Role.CLEARER},
    "/tasks": {Role.INVESTIGATOR, Role.SAFETY_PHYSICIAN},
    "/lock": {Role.SPONSOR, Role.TRIAL_MANAGER, Role.DATA_MANAGER},
    "/release": {Role.UNBLINDED_STATISTICIAN},
    "/records": {Role.UNBLINDED_STATISTICIAN, Role.STATISTICIAN},
    "/records/download": {Role.UNBLINDED_STATISTICIAN, Role.STATISTICIAN},
}


def phase(instance: Instance) -> Phase:
    with instance.store.reading() as uow:
        return uow.get(Trial, 1).phase


@pytest.mark.promise(20)
@pytest.mark.parametrize("role", list(Role))
def test_each_role_comes_to_its_work_and_to_nothing_else(visit: Visit, role: Role) -> None:
    guest = visit(role)
    answer = guest.client.get("/")
    if role in BREAKERS:
        assert "Who is it for?" in answer.text
    elif role in FIRST:
        assert answer.headers["Location"] == FIRST[role]
    else:
        assert "Nothing here for your role" in answer.text
    for path, roles in PAGES.items():
        status = guest.client.get(path).status_code
        assert (status == 403) == (role not in roles), (path, status)


def test_nobody_gets_in_unsigned_and_a_cookie_of_another_door_counts_for_nothing(
    app: Flask, visit: Visit, instance: Instance
) -> None:
    stranger = visit.stranger(Role.INVESTIGATOR)
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("codebreak.") and not rule.arguments and "GET" in (rule.methods or ()):
            assert stranger.client.get(rule.rule).status_code == 302, rule.rule
    with stranger.client.session_transaction() as kept:
        kept["token"] = "0" * 64
    assert stranger.client.get("/").status_code == 302


def test_every_form_needs_its_token(visit: Visit) -> None:
    answer = visit(Role.SPONSOR).client.post("/lock", data={"why": "done"})
    assert answer.status_code == 400
    assert "nothing was changed" in answer.text


@pytest.mark.promise(18)
def test_a_page_asked_for_in_another_way_says_where_to_begin(app: Flask, visit: Visit) -> None:
    page = visit(Role.PREPARER).get("/preparation/10013/begin", 405)
    assert "This page is not opened or sent like that" in page
    assert "Begin at the start page" in page
    long = f"/code-break?participant={'1' * 2100}"
    for page in (
        visit(Role.ON_CALL).get(long, 414),
        visit.stranger(Role.ON_CALL).get(long, 414),
        app.test_client().get(f"/api/v1{long}").get_json()["detail"],
    ):
        assert "The address is longer than any address here" in page


@pytest.mark.promise(7)
def test_prepare_a_kit_from_the_worklist_to_ready(
    visit: Visit, instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    guest = visit(Role.PREPARER)
    content = plan_of(instance, rehearsal, number)[0]
    worklist = guest.get("/preparation")
    assert "Fit signed" in worklist
    assert 'data-label="Period"><span>1 of 2</span>' in worklist
    closed = guest.get(f"/preparation/{number}")
    assert "<dd>1 of 2</dd>" in closed
    assert content not in closed

    answer = guest.send(f"/preparation/{number}")
    assert content in answer.text
    assert "Period 1 of 2" in answer.text
    assert len(answer.data) == ANSWER_BYTES
    with instance.store.reading() as uow:
        kit = next(
            one for one in uow.all(Kit, period=1, slot=0) if f'data-number="{one.number}"' in answer.text
        )
    guest.send(f"/preparation/{number}/begin", page=f"/preparation/{number}")
    treatment = next(one.code for one in instance.definition.treatments if one.name == content)
    form = {"kit": kit.number, "content": treatment, "lot": "L-3", "thaw": "none"}
    ready = guest.send(f"/preparation/{number}/ready", form, page=f"/preparation/{number}").text

    assert "The kit is ready" in ready
    assert "period 1 of 2" in ready
    with instance.store.reading() as uow:
        assert uow.get(Kit, kit.number).state is KitState.READY
    assert "Nothing is to be prepared" in guest.get("/preparation")

    # Sent twice, or opened again: no page offers a second kit for the same booking.
    twice = guest.client.get(f"/preparation/{number}", buffered=True)
    assert twice.status_code == 422
    assert "Nothing is to be prepared" in twice.text
    assert content not in twice.text
    sent = guest.client.post(f"/preparation/{number}/ready", data=form | {"csrf_token": guest.token()})
    assert sent.status_code == 303
    again = guest.get(sent.headers["Location"], 422)
    assert "Nothing is to be prepared" in again
    assert content not in again
    assert "is ready already" in guest.send(f"/preparation/{number}", {}, 422, page="/preparation").text


@pytest.mark.promise(19)
def test_the_wrong_kit_stops_and_a_slip_keeps_what_was_typed(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    guest = visit(Role.PREPARER)
    guest.send(f"/preparation/{number}")
    guest.send(f"/preparation/{number}/begin", page=f"/preparation/{number}")
    assert f"<dd>{LOT.number}</dd>" in guest.get(f"/preparation/{number}"), "the cleared lot is shown"
    with instance.store.reading() as uow:
        other = uow.all(Kit, slot=9, limit=1)[0].number
    ready, sheet = f"/preparation/{number}/ready", f"/preparation/{number}"

    stop = guest.send(ready, {"kit": other, "content": "MSC", "lot": "L-8"}, page=sheet).text
    assert "Stop. Wrong kit." in stop
    again = guest.get(sheet)  # the stop is said once, and what was typed is kept
    assert "L-8" in again
    [spare] = re.findall(r"If it is spoiled</dt><dd>([\d ]+)<", again)
    stop = guest.send(ready, {"kit": spare, "content": "MSC"}, page=sheet).text
    assert "It is a spare of this sheet." in stop
    assert "L-8" not in guest.get(sheet)
    slip = guest.send(ready, {"kit": "", "content": ""}, page=sheet).text
    assert 0 < slip.find("The kit number is missing") < slip.find("Say what was put into it.")
    assert "call the clearing person" not in slip
    slip = guest.send(ready, {"kit": "12", "content": "MSC", "lot": "L-9"}, page=sheet).text
    assert "has 9 digits" in slip
    assert "L-9" in slip
    again = guest.get(sheet)
    assert "has 9 digits" not in again
    assert "L-9" in again


@pytest.mark.promise(18)
def test_a_preparation_that_cannot_begin_says_so_on_the_sheet(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    booked_for = instance.clock() + timedelta(hours=100)
    instance.act(booking.book, Role.COORDINATOR, number, booked_for)
    guest = visit(Role.PREPARER)
    guest.send(f"/preparation/{number}")
    begin, sheet = f"/preparation/{number}/begin", f"/preparation/{number}"
    page = guest.send(begin, page=sheet).text
    assert "has not signed that participant" in page
    assert "Put into this kit" in page
    instance.sign(booking.sign_fit, Role.INVESTIGATOR, number, FIT)
    guest = visit(Role.PREPARER)
    page = guest.send(begin, page=sheet).text
    assert "its kit is prepared from" in page
    assert "Put into this kit" in page
    instance.clock.advance(hours=80)
    guest = visit(Role.PREPARER)
    assert "Declare this kit ready" in guest.send(begin, page=sheet).text


def test_a_preparation_ends_without_a_kit(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    guest = visit(Role.PREPARER)
    guest.send(f"/preparation/{number}")
    guest.send(f"/preparation/{number}/begin", page=f"/preparation/{number}")
    page = guest.send(f"/preparation/{number}/not-ready", {"spoiled": "yes", "note": "bag leaks"}).text
    assert "Fit signed" in page


def test_clear_a_product_and_fail_another(visit: Visit, instance: Instance) -> None:
    first, second = harvested(instance), harvested(instance)
    guest = visit(Role.CLEARER)
    assert first in guest.get("/clearance")
    assert "No lot is recorded." in guest.get(f"/clearance/{first}")
    known = {"viability": "90 %", "test-identity": "passed", "test-viability": "passed"}
    refused = guest.send(f"/clearance/{first}/lot", known).text
    assert "lot is missing" in refused
    assert "90 %" in refused
    page = guest.send(f"/clearance/{first}/lot", {"lot": "L-1", **known}).text
    assert "Lot L-1: Endotoxin is pending." in page

    strike = f"/clearance/{first}/strike-out"
    guest.send(f"/clearance/{first}/lot", {"lot": "L-9", "test-viability": "failed"})
    assert "Say why the lot is struck out" in guest.send(strike, {"lot": "L-9"}).text
    page = guest.send(strike, {"lot": "L-9", "why": "of somebody else"}).text
    assert "Lot L-9 was struck out" in page
    assert ": of somebody else" in page
    assert "Lot L-9: Endotoxin" not in page
    assert "L-9" not in guest.get(f"/clearance/{first}/result")

    result = f"/clearance/{first}/result"
    assert "Say whether the test passed" in guest.send(result, {"what": "L-1 endotoxin"}).text
    guest.send(result, {"what": "L-1 endotoxin", "result": "passed"})
    page = guest.send(f"/clearance/{first}", {"note": "as expected"}, sign=True).text
    assert "Waits for the sponsor" in page
    assert "Quality results awaited" in page
    assert "as expected" in guest.get(f"/clearance/{first}")
    page = guest.send(f"/clearance/{second}/fail", {"note": "no growth"}).text
    assert second not in page
    with instance.store.reading() as uow:
        assert products.latest(uow, second).state == "failed"


def test_add_a_result_after_the_lock(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest, page = visit(Role.CLEARER), f"/clearance/{number}/addendum"
    assert "it is active" in guest.get(page, 422)
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    instance.sign(locking.lock, Role.SPONSOR, "done")
    product = guest.get(f"/clearance/{number}")
    assert f'href="{page}"' in product
    assert "/lot" not in product
    failed = {"what": f"{LOT.number} sterility", "result": "failed"}
    assert "Not added" in guest.send(page, failed).text
    assert "A quality result is out of limits" in guest.send(page, failed, sign=True).text


def test_lift_a_quarantine(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    kit = prepared(instance, desk, number).kit
    instance.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, kit, "The fridge stood open.")
    guest = visit(Role.CLEARER)
    assert f'href="/quarantine/{kit}"' in guest.get("/quarantine")
    assert "The fridge stood open." in guest.get(f"/quarantine/{kit}"), "who decides knows why it is there"
    page = guest.send(f"/quarantine/{kit}", {}).text
    assert 0 < page.find("give the reason") < page.find("Password is missing"), "all that is missing at once"
    page = guest.send(f"/quarantine/{kit}", {"why": "Five minutes only."}, sign=True).text
    assert "No kit is in quarantine." in page
    lifted = guest.get(f"/quarantine/{kit}")
    assert "it has to be quarantined." in lifted
    assert 'name="password"' not in lifted, "nobody signs what cannot succeed"


def test_sign_an_impact_assessment(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    step_up, doctor = instance.step_up(Role.ON_CALL), instance.person(Role.ON_CALL)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, doctor, intent)
    booked(instance, number)
    physician = visit(Role.SAFETY_PHYSICIAN)
    [path] = re.findall(r'href="(/tasks/\d+)"', physician.get("/tasks"))
    page = physician.get(path)
    assert "Fit for infusion signed" in page  # what came after, by date
    assert "No blinded assessment of this participant was signed since" in page
    assert doctor.printed_name in page, "who knows is told behind this door"
    assert "missing" in physician.send(path, {}, sign=True).text
    made = instance.sign(
        assessments.sign_assessment,
        Role.INVESTIGATOR,
        number,
        assessment="EDSS",
        time_point="week 24",
        done_at=instance.clock(),
    )
    assert "The list of blinded assessments has changed" in physician.send(path, {"why": "-"}, sign=True).text
    page = physician.get(path)
    assert f'name="assessments" value="{made.number}"' in page
    assert "EDSS: progression of disability · week 24" in page
    signed = {"why": "May be affected.", "assessments": str(made.number)}
    assert "No task is open" in physician.send(path, signed, sign=True).text
    physician.get(path, 404)


@pytest.mark.promise(9)
def test_an_assessment_by_whoever_knew_is_marked_until_somebody_blind_strikes_it_out(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, doctor = randomized(instance, desk), instance.person(Role.INVESTIGATOR)
    step_up, marked = instance.step_up(Role.INVESTIGATOR), "Signed by somebody who knew"
    with only_reading(instance.store.engine):
        intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency")
        unblinding.disclose(desk, doctor, intent)
    instance.clock.advance(seconds=60)
    told: dict[str, Any] = {"assessment": "EDSS", "time_point": "week 24", "done_at": instance.clock()}
    made = instance.sign(assessments.sign_assessment, Role.INVESTIGATOR, number, **told)
    code_breaks.reconcile(desk)
    physician = visit(Role.SAFETY_PHYSICIAN)
    [path] = re.findall(r'href="(/tasks/\d+)"', physician.get("/tasks"))
    assert marked in physician.get(path)
    why = "The one who signed it knew the treatment."
    instance.sign(assessment_changes.strike_out, Role.OUTCOMES_ASSESSOR, made.number, why=why)
    page = physician.get(path)
    assert marked not in page
    assert f"struck out {words.moment(instance.clock())} by Outcomes Assessor Tls" in page


def test_acts_of_whoever_knows_are_marked_behind_this_door(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    step_up, doctor = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, doctor, intent)
    marked = 'class="status status-unblinded"'
    physician = visit(Role.SAFETY_PHYSICIAN)
    [path] = re.findall(r'href="(/tasks/\d+)"', physician.get("/tasks"))
    instance.act(booking.book, Role.COORDINATOR, number, instance.clock() + timedelta(days=5))
    assert marked not in physician.get(path)
    instance.act(booking.cancel, Role.INVESTIGATOR, number, "a fever")
    assert physician.get(path).count(marked) == 1


def test_sign_what_a_code_break_asks_of_the_investigator(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    step_up, doctor = instance.step_up(Role.ON_CALL), instance.person(Role.ON_CALL)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, doctor, intent)
    guest = visit(Role.INVESTIGATOR)
    assessment, decision, explanation = re.findall(r'href="(/tasks/\d+)"', guest.get("/tasks"))
    assert "Choose whether treatment goes on" in guest.send(decision, {"why": "x"}, sign=True).text
    guest.send(decision, {"why": "The rash is new.", "treatment": "stops"}, sign=True)
    guest.send(explanation, {"why": "The rash is new."}, sign=True)
    assert "No task is open" in guest.send(assessment, {"why": "None came after."}, sign=True).text
    with instance.store.reading() as uow:
        assert uow.get(Participant, number).ending == Ending.TREATMENT_STOPPED


def test_lock_lists_what_blocks_and_then_locks(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.SPONSOR)
    assert f"Participant {number}, period 1: the period is open." in guest.get("/lock")
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    assert "Nothing stands in the way" in visit(Role.TRIAL_MANAGER).get("/lock")

    wrong = {"why": "done", "password": PASSWORD, "code": "123456"}
    refused = guest.send("/lock", wrong).text
    assert "Not locked" in refused
    assert ">done</textarea>" in refused
    assert PASSWORD not in refused
    assert "The data are locked" in guest.send("/lock", {"why": "done"}, sign=True).text
    assert phase(instance) is Phase.LOCKED


def test_a_trial_manager_cannot_lock(visit: Visit, instance: Instance) -> None:
    guest = visit(Role.TRIAL_MANAGER)
    page = guest.client.get("/lock").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = guest.client.post("/lock", data={"csrf_token": token, "why": "x", **guest.factor()})
    assert answer.status_code == 403
    assert phase(instance) is Phase.ACTIVE


@pytest.mark.promise(14)
def test_export_and_bring_the_release_in(
    visit: Visit, instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    guest = visit(Role.UNBLINDED_STATISTICIAN)
    assert "Nothing to release yet" in guest.get("/release")
    guest.get("/release/release.sealed", 404)
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    instance.sign(locking.lock, Role.SPONSOR, "done")

    guest = visit(Role.UNBLINDED_STATISTICIAN)
    page = guest.send("/release/export", page="/release").text
    assert "release.sealed" in page
    assert guest.open("/release/release.sealed").data == rehearsal.bundle.read("release.sealed")
    assert guest.open("/release/certificate.note").data == rehearsal.bundle.read("certificate.note")
    guest.get("/release/keys.json", 404)

    def send(copy: bytes) -> tuple[int, str]:
        token = guest.get("/release").split('name="csrf_token" value="')[1].split('"')[0]
        data = {"csrf_token": token, "copy": (io.BytesIO(copy), "release.sealed")}
        answer = guest.client.post("/release/import", data=data)
        return answer.status_code, guest.get(answer.headers["Location"])

    for copy in (b"", copy_for(rehearsal, "statistician"), b"x" * 400_000):
        status, text = send(copy)
        assert (status, phase(instance)) == (303, Phase.LOCKED)
        assert 'class="error-summary"' in text
    status, text = send(copy_for(rehearsal, "code-break-host"))
    assert (status, phase(instance)) == (303, Phase.RELEASED)
    assert "The allocation is released" in text


@pytest.mark.promise(1)
def test_a_request_for_another_kit_is_answered(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    kit = prepared(instance, desk, number).kit
    instance.act(kits.move, Role.PHARMACIST, Act.KIT_DAMAGED, kit, "The bag leaks")
    instance.act(replacements.ask, Role.PHARMACIST, number, "The bag leaks")
    guest = visit(Role.PREPARER)
    page = f"/preparation/{number}/replacement"
    worklist = guest.get("/preparation")
    assert "Asked for again" in worklist
    assert f'href="{page}"' in worklist
    assert "Say whether there is another kit." in guest.send(page).text
    late = f"{instance.clock() + timedelta(days=2):%Y-%m-%d %H:%M}"
    refused = guest.send(page, {"answer": "available", "available_at": late}).text
    assert "The other kit must be ready between now" in refused
    assert late in refused
    assert "A time belongs to a kit" in guest.send(page, {"answer": "none", "available_at": late}).text
    answered = guest.send(page, {"answer": "none"}).text
    assert "No product" in answered
    soon = f"{instance.clock() + timedelta(hours=1):%Y-%m-%d %H:%M}"
    assert "Answered" in guest.send(page, {"answer": "available", "available_at": soon}).text
    assert "Another kit is to be available at" in guest.get(f"/preparation/{number}")
