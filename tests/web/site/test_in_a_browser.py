"""The site door in Chromium: at 390 and 1280 px, with and without JavaScript, by keyboard; axe clean."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyotp
import pytest

from randomizer.domain.numbers import participant_number
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.quality import Result
from randomizer.domain.trial import Allocation, Slot
from randomizer.services import accounts
from randomizer.services.care import assessment_changes, assessments, enrolment
from randomizer.services.recovery_codes import CODES
from randomizer.services.unblinded import quality
from tests import desks
from tests.activated import PASSWORD, SITE, TOTP_STEP_SECONDS, answers, totp_secret, username
from tests.web.looks import violations
from tests.web.site.walks import Walk, look

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.lens import Lens
    from tests.web.site.visitors import Visit


@pytest.fixture
def bare_walk(tabs: Callable[..., Page], visit: Visit, address: str, lens: Lens) -> Walk:
    """Somebody whose browser runs no script."""
    return Walk(tabs(scripts=False), visit, address, lens)


@pytest.mark.requirement("site door")
@pytest.mark.requirement("pages")
def test_the_main_path_without_scripts(bare_walk: Walk, instance: Instance, desk: Desk) -> None:
    number = participant_number(1)
    enrol(bare_walk)
    harvest(bare_walk, number, desk)
    randomize(bare_walk)
    book(bare_walk, number)
    dispense(bare_walk, number, desks.prepared(instance, desk, number).kit)
    record(bare_walk)


def enrol(walk: Walk) -> None:
    walk.go("/sign-in")
    walk.see("Sign in", "sign-in")
    walk.sign_in(Role.COORDINATOR)
    walk.see("Nothing is waiting for you.", "home-empty")
    walk.go("/participants/enrol")
    walk.see("Written informed consent is given.")
    walk.press("Enrol this participant")
    walk.see("The participant is enrolled.", "enrolled")

    walk.come(Role.INVESTIGATOR)
    walk.follow("Confirm eligibility")
    walk.press("Check the answers")
    walk.see("Age is missing. It must be between 18 and 50 years.", "eligibility-errors")
    fill_eligibility(walk)
    walk.press("Check the answers")
    walk.see("Check the answers and sign", "eligibility-sign")
    walk.factor(Role.INVESTIGATOR)
    walk.press("Sign eligibility")
    walk.hear("Eligibility is signed.")


def harvest(walk: Walk, number: str, desk: Desk) -> None:
    walk.come(Role.COORDINATOR, f"/participants/{number}/harvest")
    walk.page.fill("#identifier", "D-2027-001")
    walk.page.fill("#again", "D-2027-001")
    walk.press("Record the harvest")
    walk.hear("a place is kept")
    desks.clear(walk.instance, desk, number)
    walk.come(Role.SPONSOR)
    walk.follow("Give the sponsor's go")
    walk.factor(Role.SPONSOR)
    walk.press("Sign and give the go")
    walk.hear("The go is given.")


def randomize(walk: Walk) -> None:
    walk.come(Role.INVESTIGATOR)
    walk.follow("Randomize this participant")
    walk.see("This takes the next slot of the stratum.", "randomize")
    walk.factor(Role.INVESTIGATOR)
    walk.press("Sign and randomize")
    walk.hear("The participant is randomized.")
    walk.follow("Participant card")
    walk.see("Print it and give it to the participant.", "card")


def book(walk: Walk, number: str) -> None:
    walk.come(Role.COORDINATOR, f"/participants/{number}/book")
    walk.press("Book the infusion")
    walk.see("Start of the infusion is missing", "book-error")
    walk.page.fill("#booked_for", f"{walk.instance.clock() + timedelta(hours=73):%d %b %Y, %H:%M}")
    walk.press("Book the infusion")
    walk.hear("The infusion is booked.")
    walk.instance.clock.advance(hours=72)
    walk.come(Role.INVESTIGATOR)
    walk.follow("Sign fit for infusion")
    walk.page.check("#no_infection")
    walk.page.get_by_label("Does not apply").check()
    walk.factor(Role.INVESTIGATOR)
    walk.press("Sign fit for infusion")
    walk.see("Consent must stand.", "fit-error")
    walk.page.check("#consent_stands")
    walk.factor(Role.INVESTIGATOR)
    walk.press("Sign fit for infusion")
    walk.hear("The preparation can begin.")


def dispense(walk: Walk, number: str, kit: str) -> None:
    walk.come(Role.PHARMACIST)
    walk.see("Dispense the kit", "home")
    walk.page.fill("#scan", number)
    with walk.page.expect_navigation(url="**/dispense"):
        walk.page.keyboard.press("Enter")
    walk.see("Take this kit", "dispense")
    wrong = kit[:3] + ("".join(reversed(kit[3:5]))) + kit[5:]
    walk.page.fill("#kit", wrong if wrong != kit else kit[:-1] + str((int(kit[-1]) + 1) % 10))
    walk.press("Dispense this kit")
    walk.see("a digit is wrong or two are swapped")
    walk.page.fill("#kit", spare_of(walk.instance, number, kit))
    walk.press("Dispense this kit")
    walk.see("Stop. Wrong kit.", "wrong-kit")
    walk.page.fill("#kit", kit)
    walk.press("Dispense this kit")
    walk.see(f"Right kit · handed to {number}", "right-kit")


def record(walk: Walk) -> None:
    walk.instance.clock.advance(seconds=60)
    walk.come(Role.CARE_PROVIDER)
    walk.follow("Record the infusion")
    walk.see("What became of the kit?", "infusion")
    walk.page.check("#outcome")
    walk.page.fill("#given_at", f"{walk.instance.clock():%Y-%m-%d %H:%M}")
    walk.press("Record the infusion")
    walk.see("the period is closed", "participant")


def fill_eligibility(walk: Walk) -> None:
    walk.page.get_by_label("Relapsing-remitting").check()
    given = answers(walk.instance.definition, SITE)
    walk.page.eval_on_selector_all(", ".join(f"#{code}" for code in given), "all => all.map(e => e.click())")
    for answer in given.values():
        for name, value in answer.values.items():
            walk.page.fill(f"#{name}", value)


def spare_of(instance: Instance, number: str, kit: str) -> str:
    """The other kit of period 1."""
    with instance.store.reading() as uow:
        slot = uow.get(Slot, uow.get(Allocation, number).slot)
    return next(one for one in slot.kits[0] if one != kit)


def assessed(instance: Instance, number: str) -> int:
    """Two blinded assessments are signed, one is struck out and the other one corrected: its number."""
    told: dict[str, Any] = {"assessment": "EDSS", "time_point": "week 24", "done_at": instance.clock()}
    wrong, right = (
        instance.sign(assessments.sign_assessment, role, number, **told).number
        for role in (Role.INVESTIGATOR, Role.OUTCOMES_ASSESSOR)
    )
    instance.sign(assessment_changes.strike_out, Role.OUTCOMES_ASSESSOR, wrong, why="not of this person")
    again = told | {"time_point": "unscheduled", "why": "an extra visit"}
    instance.sign(assessment_changes.correct, Role.OUTCOMES_ASSESSOR, right, **again)
    return right


@pytest.mark.requirement("site door")
@pytest.mark.requirement("pages")
def test_the_other_pages(lens: Lens, visit: Visit, instance: Instance, desk: Desk) -> None:
    first = desks.randomized(instance, desk)
    desks.infused(instance, desk, first)
    desks.harvested(instance)
    instance.act(enrolment.consent, Role.COORDINATOR, SITE)
    instance.clock.advance(days=170)
    desks.randomized(instance, desk, "progressive")
    corrected = assessed(instance, first)
    pages = {
        Role.OUTCOMES_ASSESSOR: (
            ("/", "Blinded assessments to sign", "home-assessments"),
            (f"/participants/{first}", "Corrected ", "assessments"),
            (f"/assessments/{corrected}/correct", "Sign the correction", "correct-assessment"),
            (f"/assessments/{corrected}/strike-out", "counts nowhere", ""),
        ),
        Role.INVESTIGATOR: (("/participants", "Participants", "participants"), ("/nowhere", "no page", "")),
        Role.COORDINATOR: (
            ("/", "Book the infusion", "home-overdue"),
            ("/scan?scan=12", "digits", ""),
        ),
        Role.SPONSOR: (
            ("/enrolment", "Places by stratum", "enrolment"),
            ("/sites", "Example site north", "sites"),
            ("/trial/terminate", "I terminate this trial early.", ""),
        ),
        Role.MONITOR: (
            ("/trail", "Last signed checkpoint", "trail"),
            ("/alarms", "No alarm", ""),
            ("/tasks", "No task", ""),
        ),
        Role.TRIAL_MANAGER: ((f"/participants/{first}/transfer", "Number, stratum and slot stay.", ""),),
        Role.ADMINISTRATOR: (
            ("/accounts", "Create an account", "accounts"),
            ("/accounts/1", "Grant a role", ""),
            ("/accounts/1/grant", "second administrator", "grant"),
            ("/accounts/1/revoke", "Investigator, TLS", ""),
            ("/accounts/1/sign-in", "shown once", ""),
            ("/accounts/1/recovery-codes", "to be printed", ""),
            ("/participants", "Your role cannot see participant records", ""),
        ),
    }
    for role, seen in pages.items():
        visitor = visit(role)
        for path, sentence, picture in seen:
            look(lens, visitor.client.get(path, follow_redirects=True).text, sentence, picture)


@pytest.mark.promise(6)
@pytest.mark.requirement("pages")
def test_a_sheet_of_recovery_codes(lens: Lens, visit: Visit, instance: Instance) -> None:
    named = {"username": "second", "printed_name": "Second", "email": "second@example.org"}
    secret = totp_secret("second")
    with instance.store.writing() as uow:
        second = accounts.create(uow, instance.gate, SERVICE, **named, password=PASSWORD, totp_secret=secret)
        accounts.grant(uow, SERVICE, account=second.number, role=Role.ADMINISTRATOR)
    administrator = visit(Role.ADMINISTRATOR)
    factor = {
        "second_username": "second",
        "second_password": PASSWORD,
        "second_code": pyotp.TOTP(secret).at(instance.clock()),
    }
    sheet = administrator.post("/accounts/1/recovery-codes", factor, 200)
    look(lens, sheet, "Print this page and hand it over now.", "recovery-codes")
    assert lens.page.locator("ol code").count() == CODES


@pytest.mark.requirement("pages")
def test_the_keyboard_alone(walk: Walk, instance: Instance, desk: Desk) -> None:
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    kit = desks.prepared(instance, desk, number).kit
    page, keys = walk.page, walk.page.keyboard
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    walk.go("/")
    page.wait_for_selector("#username:focus")
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    for text in (username(Role.PHARMACIST), PASSWORD):
        keys.insert_text(text)
        keys.press("Tab")
    keys.insert_text(instance.code(Role.PHARMACIST))
    keys.press("Enter")
    page.wait_for_selector("text=Scan the participant card")
    page.wait_for_selector("[name=scan]:focus")  # as a wedge scanner needs it
    keys.insert_text(number)
    keys.press("Enter")
    page.wait_for_selector("text=Take this kit")
    page.wait_for_selector("[name=kit]:focus")
    assert violations(page) == []  # with what the scripts have made of the page
    keys.insert_text(kit)
    keys.press("Enter")
    page.wait_for_selector("text=Right kit")
    for _ in range(20):
        keys.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Today":
            break
    keys.press("Enter")
    page.wait_for_selector("text=Scan the participant card")
    assert not [text for text in said if "Content Security Policy" in text]


@pytest.mark.requirement("pages")
def test_an_expiry_counts_down_on_the_page(
    browser: Browser, visit: Visit, desk: Desk, address: str, lens: Lens
) -> None:
    number = desks.randomized(visit.instance, desk)
    desks.booked(visit.instance, number)
    desks.prepared(visit.instance, desk, number)
    with browser.new_page() as page:  # of its own, since its clock is
        page.clock.install()
        Walk(page, visit, address, lens).come(Role.PHARMACIST, f"/participants/{number}/dispense")
        assert page.inner_text("[data-until]") == "in 3 hours 59 minutes"
        page.clock.fast_forward("02:00:00")
        page.clock.run_for(1100)
        assert page.inner_text("[data-until]") == "in 1 hour 59 minutes"


@pytest.mark.requirement("pages")
def test_paper_says_what_comes_next_and_asks_nothing(
    lens: Lens, visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.randomized(instance, desk)
    coordinator = visit(Role.COORDINATOR)
    with lens.on_paper() as paper:
        lens.show(coordinator.get(f"/participants/{number}"))
        assert paper.get_by_text("Book the infusion").is_visible()
        assert not paper.get_by_text("Something else happened").is_visible()
        lens.show(coordinator.get("/participants"))
        assert not paper.get_by_role("button", name="Show these").is_visible()
        lens.show(visit(Role.MONITOR).get("/trail"))
        assert paper.get_by_role("rowheader").first.inner_text().strip()


@pytest.mark.requirement("pages")
def test_a_quality_alert(lens: Lens, visit: Visit, instance: Instance, desk: Desk) -> None:
    given, here, held = (desks.randomized(instance, desk) for _ in range(3))
    desks.infused(instance, desk, given)
    desks.dispensed(instance, desk, held)
    desks.booked(instance, here)
    kit = desks.prepared(instance, desk, here).kit
    clearer, lot = instance.person(Role.CLEARER), desks.LOT.number
    for number in (given, here, held):
        with instance.store.writing() as uow:
            quality.record_result(
                uow, desk, clearer, number, subject=lot, test="sterility", result=Result.FAILED
            )
    pharmacist, investigator = visit(Role.PHARMACIST), visit(Role.INVESTIGATOR)
    for path, sentence, picture in (
        (f"/kits/{kit}", "out of limits", "alert-kit"),
        (f"/participants/{here}/dispense", "Nothing is handed out", "alert-counter"),
        ("/", "Ask for another kit", "alert-home"),
    ):
        look(lens, pharmacist.client.get(path, follow_redirects=True).text, sentence, picture)
    nurse = visit(Role.CARE_PROVIDER)
    for path in (f"/participants/{held}", f"/participants/{held}/infusion"):
        page = nurse.client.get(path).text
        assert "Do not use it, and call the investigator" in page, (
            "whoever holds the bag is told at the bedside"
        )
    look(lens, page, "Record the infusion", "alert-infusion")
    assert "Quality alert</span>" in nurse.client.get("/").text
    assert "Do not use it" not in nurse.client.get(f"/participants/{given}").text, "it was given"
    tasks = investigator.client.get("/tasks").text
    look(lens, tasks, "quality alert", "alert-tasks")
    task, _ = re.findall(r'href="(/tasks/\d+/acknowledge)"', tasks)
    look(lens, investigator.client.get(task).text, "I know of this quality alert", "alert-acknowledge")
    assert "The alert is acknowledged." in investigator.post(task, sign=True)
    look(lens, investigator.client.get(f"/participants/{given}").text, "Participant", "alert-participant")
