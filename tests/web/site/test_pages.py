"""The other pages: each shows what it is for, to whom it is for, and nothing more."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from PIL import Image

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import HeldCheckpoint
from randomizer.domain.people import Role
from randomizer.domain.records import AlarmKind, Task, TaskKind
from randomizer.services import alarms, outside, trail
from randomizer.services.care import dispensing, endings
from randomizer.web.site import barcodes
from tests import desks

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.site.visitors import Visit


def test_home_says_when_nothing_waits_and_what_comes_next(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    assert "Nothing is waiting for you." in visit(Role.COORDINATOR).get("/")
    number = desks.randomized(instance, desk)
    desks.infused(instance, desk, number)
    page = visit(Role.COORDINATOR).get("/")
    assert f"Next: book the infusion for participant {number}, period 2." in page


def test_crossovers_are_due_and_overdue(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.infused(instance, desk, number)
    instance.clock.advance(days=165)
    assert "Until " in visit(Role.COORDINATOR).get("/")
    instance.clock.advance(days=20)
    page = visit(Role.COORDINATOR).get("/")
    assert "Overdue by 3 days" in page
    assert "status-overdue" in page


def test_the_worklist_is_each_role_s_own(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    desks.prepared(instance, desk, number)
    assert "Dispense the kit" in visit(Role.PHARMACIST).get("/")
    assert "Dispense the kit" not in visit(Role.COORDINATOR).get("/")
    assert "Nothing is waiting for you." in visit(Role.MONITOR).get("/")


@pytest.mark.promise(4)
def test_an_outcomes_assessor_sees_the_schedule_and_no_kit(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.randomized(instance, desk)
    kit = desks.dispensed(instance, desk, number).kit
    page = visit(Role.OUTCOMES_ASSESSOR).get(f"/participants/{number}")
    assert "Booked for" in page
    assert kit not in page
    assert kit[:3] + " " + kit[3:6] not in page
    assert "Handed out" not in page
    assert "Relapsing" not in page


@pytest.mark.promise(1)
def test_no_page_of_the_blinded_side_names_a_treatment(
    visit: Visit, instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = desks.randomized(instance, desk)
    desks.infused(instance, desk, number)
    names = [one for treatment in instance.definition.treatments for one in (treatment.code, treatment.name)]
    paths = ("/", "/participants", f"/participants/{number}", f"/participants/{number}/card", "/enrolment")
    for role in (Role.INVESTIGATOR, Role.COORDINATOR, Role.PHARMACIST, Role.CARE_PROVIDER, Role.SPONSOR):
        visitor = visit(role)
        for path in paths:
            page = visitor.get(path)
            assert not [name for name in names if re.search(rf"\b{re.escape(name)}\b", page)]


def test_a_participant_of_another_site_does_not_exist(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.harvested(instance)
    elsewhere = visit(Role.INVESTIGATOR, "EX1")
    assert f"There is no participant {number}." in elsewhere.get(f"/participants/{number}", 404)
    assert number not in elsewhere.get("/participants")


@pytest.mark.requirement("site door")
def test_the_card_reads_back(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    found = zxingcpp.read_barcodes(Image.open(BytesIO(barcodes.data_matrix_png(number))))
    assert [(one.text, one.format) for one in found] == [(number, zxingcpp.BarcodeFormat.DataMatrix)]
    investigator = visit(Role.INVESTIGATOR)
    page = investigator.get(f"/participants/{number}/card")
    assert barcodes.data_matrix_url(number) in page
    assert instance.definition.code_break.telephone in page
    first = investigator.client.get(f"/participants/{number}/card.pdf")
    assert first.mimetype == "application/pdf"
    assert first.data == investigator.client.get(f"/participants/{number}/card.pdf").data


def test_there_is_no_card_before_randomization(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.harvested(instance)
    assert "has no card yet" in visit(Role.INVESTIGATOR).get(f"/participants/{number}/card", 404)


def test_lists_filter_and_page(visit: Visit, instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    coordinator = visit(Role.COORDINATOR)
    for _ in range(51):
        coordinator.post("/participants/enrol", {"site": "TLS"})
    page = coordinator.get("/participants?state=consented")
    assert "51 participants" in page
    assert "Page 1 of 2" in page
    assert "/participants?state=consented&amp;page=2" in page
    assert "Page 2 of 2" in coordinator.get("/participants?page=2")
    assert "Page 2 of 2" in coordinator.get("/participants?page=999")
    assert "Page 1 of 2" in coordinator.get("/participants?page=-1")


def test_the_trail_shows_entries_and_how_far_they_are_signed(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.harvested(instance)
    monitor = visit(Role.MONITOR)
    page = monitor.get("/trail")
    assert "Nobody: self-witnessed" in page
    assert "Agrees" in page
    assert "Differs" not in page
    instance.checkpoint()
    assert 'status-done"' in monitor.get("/trail")
    seen = HeldCheckpoint(
        origin="o", size=42, root=bytes(32), witness="example.org/anna", cosigned_at=instance.clock.now
    )
    instance.store.held = lambda: (replace(seen, witness=""), seen)
    assert re.search(
        r"example\.org/anna up to entry 41, \d+ \w+ 20\d\d, \d\d:\d\d UTC", monitor.get("/trail")
    )
    instance.store.held = lambda: outside.read(Path("nowhere"), ())
    assert "The published checkpoints cannot be read here" in monitor.get("/trail")
    only = monitor.get(f"/trail?participant={number}")
    assert "Eligibility signed" in only
    assert "Site opened" not in only


@pytest.mark.promise(9)
def test_the_trail_never_says_whose_a_code_break_was(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    person = instance.person(Role.INVESTIGATOR)
    with (
        instance.store.writing() as uow,
        trail.act(uow, Act.CODE_BREAK_INTENT, person, site="TLS", participant=number),
    ):
        pass
    monitor = visit(Role.MONITOR)
    row = monitor.get("/trail").split("Code break intent")[1].split("</tr>")[0]
    assert "See the code-break door" in row
    assert "Investigator" not in row
    mention = monitor.get(f"/participants/{number}").split("Code break intent")[1].split("</li>")[0]
    assert "Investigator" not in mention


def test_alarms_stand_until_they_are_cleared(visit: Visit, instance: Instance) -> None:
    with instance.store.writing() as uow:
        alarm = alarms.raise_alarm(uow, AlarmKind.LOW_WATER, "stratum REL")
    manager = visit(Role.TRIAL_MANAGER)
    assert "An alarm stands" in manager.get("/")
    page = manager.post(f"/alarms/{alarm.number}/clear", {"why": "more slots are sealed"})
    assert "The alarm is cleared." in page
    assert "An alarm stands" not in manager.get("/")


def test_open_tasks(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.harvested(instance)
    assert "No task is open." in visit(Role.TRIAL_MANAGER).get("/tasks")
    person = instance.person(Role.INVESTIGATOR)
    with (
        instance.store.writing() as uow,
        trail.act(uow, Act.CODE_BREAK_INTENT, person, site="TLS", participant=number) as act,
    ):
        act.add(
            Task(number=act.number, kind=TaskKind.IMPACT_ASSESSMENT, participant=number, opened_at=act.at)
        )
    assert number in visit(Role.TRIAL_MANAGER).get("/tasks")
    assert "An open task" in visit(Role.TRIAL_MANAGER).get("/")


def test_sites_open_and_close(visit: Visit, instance: Instance) -> None:
    sponsor = visit(Role.SPONSOR)
    assert "The site is open." in sponsor.post("/sites/EX2/open", sign=True)
    assert "The site is closed." in sponsor.post("/sites/EX2/close", {"why": "audit"})
    assert ">Close<" not in visit(Role.TRIAL_MANAGER).get("/sites")


def test_enrolment_closes_and_the_trial_terminates(visit: Visit, instance: Instance, desk: Desk) -> None:
    desks.randomized(instance, desk)
    sponsor = visit(Role.SPONSOR)
    page = sponsor.get("/enrolment")
    assert "Participants randomized" in page
    assert "Places by stratum" in page
    assert "Enrolment is closed." in sponsor.post("/trial/close-enrolment", {"why": "target reached"})
    page = sponsor.post("/trial/terminate", {"why": "funding"}, sign=True)
    assert "The trial is terminated" in page
    page = visit(Role.COORDINATOR).post("/participants/enrol", {"site": "TLS"}, 422)
    assert "To enrol a participant, the trial has to be active; it is terminated." in page


@pytest.mark.requirement("life")
def test_endings_and_corrections(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    investigator = visit(Role.INVESTIGATOR)
    path = f"/participants/{number}"
    page = investigator.post(f"{path}/correct-factor", {"level_course": "progressive", "why": "typing"})
    assert "Disease course, true level" in page
    page = investigator.post(f"{path}/randomized-in-error", {"why": "exclusion found later"})
    assert "Randomized in error" in page
    page = investigator.post(f"{path}/stop-treatment", {"follow_up": "yes", "why": "relapse"})
    assert "Treatment stopped" in page
    assert "Record the end of follow-up" in page
    assert page.count("No longer planned") == 2
    page = investigator.post(f"{path}/withdrawal", {"follow_up": "no", "why": ""})
    assert "Consent withdrawn" in page
    replacement = visit(Role.COORDINATOR).post("/participants/enrol", {"site": "TLS", "replaces": number})
    assert f"participant {number}" in replacement


def test_a_kit_is_offered_as_the_next_step_alone(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    link = f'href="/participants/{number}/dispense"'
    assert link not in visit(Role.PHARMACIST).get(f"/participants/{number}")
    desks.booked(instance, number)
    sheet = desks.prepared(instance, desk, number)
    assert link in visit(Role.PHARMACIST).get(f"/participants/{number}")
    instance.act(dispensing.dispense, Role.PHARMACIST, number, sheet.kit)
    assert link not in visit(Role.PHARMACIST).get(f"/participants/{number}")


@pytest.mark.requirement("life")
def test_screening_again_keeps_the_number(visit: Visit, instance: Instance) -> None:
    coordinator = visit(Role.COORDINATOR)
    coordinator.post("/participants/enrol", {"site": "TLS"})
    page = coordinator.post("/participants/10019/screen-failure", {"why": "eGFR 41"})
    assert "Screen failed" in page
    page = coordinator.post("/participants/10019/screen-again")
    assert "Screening attempt" in page


@pytest.mark.requirement("life")
def test_transfer_moves_the_participant_out_of_sight(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    visit(Role.TRIAL_MANAGER).post(f"/participants/{number}/transfer", {"site": "EX1", "why": "moved"})
    visit(Role.INVESTIGATOR).get(f"/participants/{number}", 404)
    assert "Site transferred" in visit(Role.INVESTIGATOR, "EX1").get(f"/participants/{number}")


def test_an_infusion_outside_the_window_is_signed_for(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.infused(instance, desk, number)
    instance.clock.advance(days=190)
    coordinator, investigator = visit(Role.COORDINATOR), visit(Role.INVESTIGATOR)
    later = instance.clock.advance(seconds=30).replace(hour=9, minute=0)
    coordinator.post(f"/participants/{number}/book", {"booked_for": f"{later.date().replace(day=28)} 09:00"})
    assert "Sign the deviation" in investigator.get("/")
    page = investigator.post(f"/participants/{number}/deviation", {"why": "holiday"}, sign=True)
    assert "Outside the visit window" in page
    assert "Sign fit for infusion" in investigator.get("/")


def test_a_person_who_ended_is_on_nobody_s_worklist(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = desks.harvested(instance)
    instance.act(endings.end, Role.INVESTIGATOR, Act.DIED, number, why="unrelated", follow_up=False)
    assert number not in visit(Role.INVESTIGATOR).get("/")


@pytest.mark.requirement("pages")
def test_files_of_this_version_are_asked_for_once(visit: Visit) -> None:
    """A page on a slow telephone asks for itself alone; a new version has new addresses."""
    visitor = visit(Role.INVESTIGATOR)
    files = sorted(set(re.findall(r'(?:href|src)="(/(?:bootstrap/)?static/[^"]+)"', visitor.get("/"))))
    assert len(files) == 4
    for address in files:
        with visitor.client.get(address) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        for other in (address.split("?")[0], f"{address}0"):
            with visitor.client.get(other) as answer:
                assert answer.headers["Cache-Control"] == "no-cache"


def test_an_expired_kit_is_not_offered_before_the_sweep_comes(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    desks.prepared(instance, desk, number)
    pharmacist = visit(Role.PHARMACIST)
    assert f'href="/participants/{number}/dispense"' in pharmacist.get("/")
    assert "Kit ready" in pharmacist.get(f"/participants/{number}")
    instance.clock.advance(seconds=60 * instance.definition.kits.expiry_minutes)
    pharmacist = visit(Role.PHARMACIST)
    assert f'href="/participants/{number}/dispense"' not in pharmacist.get("/")
    page = pharmacist.get(f"/participants/{number}")
    assert "Kit expired" in page
    assert f'href="/participants/{number}/replacement"' in page
