"""The site door in Chromium: at 390 and 1280 px, with and without JavaScript, by keyboard; axe clean."""

from __future__ import annotations

import io
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from randomizer.domain.numbers import participant_number
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.trial import Allocation, Slot
from randomizer.services import accounts
from randomizer.services.care import enrolment
from randomizer.services.recovery_codes import CODES
from tests import desks
from tests.activated import PASSWORD, SITE, TOTP_STEP_SECONDS, answers, totp_secret, username

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from playwright.sync_api import Browser, Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance

PHONE, DESKTOP = 390, 1280
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
}
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter(e => e.checkVisibility() && e.type !== "hidden" && !e.classList.contains("skip-link")).map(e => {
    const box = e.getBoundingClientRect();
    return [e.textContent.trim() || e.name, Math.round(box.width), Math.round(box.height)];
  }).filter(([, width, height]) => height < 43.5)"""
PICTURES = os.environ.get("SITE_PICTURES", "")
"""A directory that keeps what the browser saw, where it is set."""
COLOURS = 64
TALLEST = 2000  # pixels of a picture that is kept
PATIENCE_MS = 15_000


class Walk:
    """Somebody with a browser; each page that is seen is checked and, where asked, kept."""

    def __init__(
        self, page: Page, instance: Instance, address: str, width: int, *, scripts: bool = True
    ) -> None:
        page.set_default_timeout(PATIENCE_MS)
        self.page = page
        self.scripts = scripts
        self.instance = instance
        self.address = address
        self.width = width
        self.said: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))

    def sign_in(self, role: Role) -> None:
        self.page.context.clear_cookies()
        self.go("/sign-in")
        self.page.fill("#username", username(role, SITE))
        self.factor(role)
        self.press("Sign in")

    def factor(self, role: Role) -> None:
        """Password and a fresh code; the clock moves on, since a code works once."""
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        self.page.fill("#password", PASSWORD)
        self.page.fill("#code", self.instance.code(role, SITE))

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def press(self, button: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).click()

    def follow(self, link: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=link).click()

    def see(self, sentence: str, picture: str = "") -> None:
        """The page says this, fits, and pleases axe."""
        assert sentence in self.page.inner_text("body"), self.page.inner_text("body")[:2000]
        assert self.page.evaluate(WIDER) <= 0
        assert self.page.evaluate(SMALL) == []
        if self.scripts:  # axe is one
            found = Axe().run(self.page, options=RULES).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        assert not [text for text in self.said if "Content Security Policy" in text]
        if picture and PICTURES:
            data = self.page.screenshot(full_page=True, animations="disabled", caret="hide")
            image = Image.open(io.BytesIO(data)).convert("RGB")
            image = image.crop((0, 0, image.width, min(image.height, TALLEST)))
            target = Path(PICTURES) / f"site-{picture}-{self.width}.png"
            image.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


@pytest.fixture(
    params=[(DESKTOP, True), (PHONE, True), (PHONE, False)], ids=["desktop", "phone", "no-scripts"]
)
def walk(
    request: pytest.FixtureRequest,
    browser: Browser,
    app: Flask,
    instance: Instance,
    serve: Callable[[Flask], str],
) -> Iterator[Walk]:
    width, scripts = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 844}, java_script_enabled=scripts, locale="en-GB"
    )
    yield Walk(context.new_page(), instance, serve(app), width, scripts=scripts)
    context.close()


def fill_eligibility(walk: Walk) -> None:
    walk.page.get_by_label("Relapsing-remitting").check()
    for code, answer in answers(walk.instance.definition, SITE).items():
        walk.page.check(f"#{code}")
        for name, value in answer.values.items():
            walk.page.fill(f"#{name}", value)


# axe is slow: it sees the main path on a phone, the other pages on a desktop; both are seen at both widths.
ON_A_PHONE = pytest.mark.parametrize(
    "walk", [(PHONE, True), (DESKTOP, False)], indirect=True, ids=["phone", "desktop-no-scripts"]
)
ON_A_DESKTOP = pytest.mark.parametrize(
    "walk", [(DESKTOP, True), (PHONE, False)], indirect=True, ids=["desktop", "phone-no-scripts"]
)


@pytest.mark.requirement("site door")
@pytest.mark.requirement("pages")
@ON_A_PHONE
def test_the_main_path(walk: Walk, instance: Instance, desk: Desk) -> None:
    number = participant_number(1)
    enrol(walk)
    harvest(walk, number, desk)
    randomize(walk)
    book(walk, number)
    dispense(walk, number, desks.prepared(instance, desk, number).kit)
    record(walk)


def enrol(walk: Walk) -> None:
    walk.go("/sign-in")
    walk.see("Sign in", "sign-in")
    walk.sign_in(Role.COORDINATOR)
    walk.see("Nothing is waiting for you.", "home-empty")
    walk.go("/participants/enrol")
    walk.see("Written informed consent is given.")
    walk.press("Enrol this participant")
    walk.see("The participant is enrolled.", "enrolled")

    walk.sign_in(Role.INVESTIGATOR)
    walk.follow("Confirm eligibility")
    walk.press("Check the answers")
    walk.see("Age is missing. It must be between 18 and 50 years.", "eligibility-errors")
    fill_eligibility(walk)
    walk.press("Check the answers")
    walk.see("Check the answers and sign", "eligibility-sign")
    walk.factor(Role.INVESTIGATOR)
    walk.press("Sign eligibility")
    walk.see("Eligibility is signed.")


def harvest(walk: Walk, number: str, desk: Desk) -> None:
    walk.sign_in(Role.COORDINATOR)
    walk.go(f"/participants/{number}/harvest")
    walk.page.fill("#identifier", "D-2027-001")
    walk.page.fill("#again", "D-2027-001")
    walk.press("Record the harvest")
    walk.see("a place is kept")
    desks.clear(walk.instance, desk, number)
    walk.sign_in(Role.SPONSOR)
    walk.follow("Give the sponsor's go")
    walk.factor(Role.SPONSOR)
    walk.press("Sign and give the go")
    walk.see("The go is given.")


def randomize(walk: Walk) -> None:
    walk.sign_in(Role.INVESTIGATOR)
    walk.follow("Randomize this participant")
    walk.see("This takes the next slot of the stratum.", "randomize")
    walk.factor(Role.INVESTIGATOR)
    walk.press("Sign and randomize")
    walk.see("The participant is randomized.")
    walk.follow("Participant card")
    walk.see("Print it and give it to the participant.", "card")


def book(walk: Walk, number: str) -> None:
    walk.sign_in(Role.COORDINATOR)
    walk.go(f"/participants/{number}/book")
    walk.press("Book the infusion")
    walk.see("Start of the infusion is missing", "book-error")
    walk.page.fill("#booked_for", f"{walk.instance.clock() + timedelta(hours=73):%d %b %Y, %H:%M}")
    walk.press("Book the infusion")
    walk.see("The infusion is booked.")
    walk.instance.clock.advance(hours=72)
    walk.sign_in(Role.INVESTIGATOR)
    walk.follow("Sign fit for infusion")
    walk.page.check("#no_infection")
    walk.page.get_by_label("Does not apply").check()
    walk.factor(Role.INVESTIGATOR)
    walk.press("Sign fit for infusion")
    walk.see("Consent must stand.", "fit-error")
    walk.page.check("#consent_stands")
    walk.factor(Role.INVESTIGATOR)
    walk.press("Sign fit for infusion")
    walk.see("The preparation can begin.")


def dispense(walk: Walk, number: str, kit: str) -> None:
    walk.sign_in(Role.PHARMACIST)
    walk.see("Dispense the kit", "home")
    walk.page.fill("#scan", number)
    with walk.page.expect_navigation():
        walk.page.keyboard.press("Enter")
    walk.page.wait_for_url("**/dispense")
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
    walk.sign_in(Role.CARE_PROVIDER)
    walk.follow("Record the infusion")
    walk.see("What became of the kit?", "infusion")
    walk.page.check("#outcome")
    walk.page.fill("#given_at", f"{walk.instance.clock():%Y-%m-%d %H:%M}")
    walk.press("Record the infusion")
    walk.see("the period is closed", "participant")


def spare_of(instance: Instance, number: str, kit: str) -> str:
    """The other kit of period 1."""
    with instance.store.reading() as uow:
        slot = uow.get(Slot, uow.get(Allocation, number).slot)
    return next(one for one in slot.kits[0] if one != kit)


@pytest.mark.requirement("site door")
@pytest.mark.requirement("pages")
@ON_A_DESKTOP
def test_the_other_pages(walk: Walk, instance: Instance, desk: Desk) -> None:
    first = desks.randomized(instance, desk)
    desks.infused(instance, desk, first)
    desks.harvested(instance)
    instance.act(enrolment.consent, Role.COORDINATOR, SITE)
    instance.clock.advance(days=170)
    desks.randomized(instance, desk, "progressive")
    pages = {
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
        walk.sign_in(role)
        for path, sentence, picture in seen:
            walk.go(path)
            walk.see(sentence, picture)


@pytest.mark.promise(6)
@pytest.mark.requirement("pages")
def test_a_sheet_of_recovery_codes(walk: Walk, instance: Instance) -> None:
    named = {"username": "second", "printed_name": "Second", "email": "second@example.org"}
    secret = totp_secret("second")
    with instance.store.writing() as uow:
        second = accounts.create(uow, instance.gate, SERVICE, **named, password=PASSWORD, totp_secret=secret)
        accounts.grant(uow, SERVICE, account=second.number, role=Role.ADMINISTRATOR)
    walk.sign_in(Role.ADMINISTRATOR)
    walk.go("/accounts/1")
    walk.follow("Draw new recovery codes")
    walk.page.fill("#second_username", "second")
    walk.page.fill("#second_password", PASSWORD)
    walk.page.fill("#second_code", pyotp.TOTP(secret).at(instance.clock()))
    walk.press("Draw new recovery codes")
    walk.see("Print this page and hand it over now.", "recovery-codes")
    assert walk.page.locator("ol code").count() == CODES


@pytest.mark.requirement("pages")
def test_the_keyboard_alone(
    browser: Browser, app: Flask, instance: Instance, desk: Desk, serve: Callable[[Flask], str]
) -> None:
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    kit = desks.prepared(instance, desk, number).kit
    page = browser.new_page(viewport={"width": DESKTOP, "height": 844})
    page.goto(serve(app) + "/")
    page.wait_for_selector("#username:focus")
    keys = page.keyboard
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    for text in (username(Role.PHARMACIST), PASSWORD):
        keys.type(text)
        keys.press("Tab")
    keys.type(instance.code(Role.PHARMACIST))
    keys.press("Enter")
    page.wait_for_selector("text=Scan the participant card")
    page.wait_for_selector("[name=scan]:focus")  # as a wedge scanner needs it
    keys.type(number)
    keys.press("Enter")
    page.wait_for_selector("text=Take this kit")
    page.wait_for_selector("[name=kit]:focus")
    keys.type(kit)
    keys.press("Enter")
    page.wait_for_selector("text=Right kit")
    for _ in range(20):
        keys.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Today":
            break
    keys.press("Enter")
    page.wait_for_selector("text=Scan the participant card")
    page.close()


@pytest.mark.requirement("pages")
def test_an_expiry_counts_down_on_the_page(
    browser: Browser, app: Flask, instance: Instance, desk: Desk, serve: Callable[[Flask], str]
) -> None:
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    desks.prepared(instance, desk, number)
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    walk = Walk(page, instance, serve(app), DESKTOP)
    walk.sign_in(Role.PHARMACIST)
    walk.go(f"/participants/{number}/dispense")
    assert page.inner_text("[data-until]") == "in 3 hours 59 minutes"
    page.clock.fast_forward("02:00:00")
    page.clock.run_for(1100)
    assert page.inner_text("[data-until]") == "in 1 hour 59 minutes"
    context.close()


@pytest.mark.requirement("pages")
def test_paper_says_what_comes_next_and_asks_nothing(
    browser: Browser, app: Flask, instance: Instance, desk: Desk, serve: Callable[[Flask], str]
) -> None:
    number = desks.randomized(instance, desk)
    context = browser.new_context()
    walk = Walk(context.new_page(), instance, serve(app), DESKTOP)
    walk.sign_in(Role.COORDINATOR)
    walk.go(f"/participants/{number}")
    walk.page.emulate_media(media="print")
    assert walk.page.get_by_text("Book the infusion").is_visible()
    assert not walk.page.get_by_text("Something else happened").is_visible()
    walk.go("/participants")
    assert not walk.page.get_by_role("button", name="Show these").is_visible()
    walk.page.emulate_media(media="screen")
    walk.sign_in(Role.MONITOR)
    walk.go("/trail")
    walk.page.emulate_media(media="print")
    assert walk.page.get_by_role("rowheader").first.inner_text().strip()
    context.close()
