"""A pharmacist's day in a browser, with a wedge scanner: no kit is ready but by the acts that make one ready.

Kits travel; whoever harvests, clears, books, signs and prepares does so through the programs of both doors.
What the scanner reads is what was printed: card and label go through an independent decoder first.
"""

from __future__ import annotations

import csv
from collections import Counter as Tally
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.layouts import LAYOUTS, Layout
from randomizer.domain.numbers import group3, with_check
from randomizer.domain.people import Role
from randomizer.domain.scans import kit_number
from randomizer.services.care import dispensing
from randomizer.web.codebreak.app import create_app as code_break_door
from randomizer.web.door import DoorSettings
from tests import activated
from tests.activated import PASSWORD, TOTP_STEP_SECONDS, username
from tests.desks import published
from tests.web.looks import DESKTOP, misfits
from tests.web.site.counter import Counter, read_page, read_pdf
from tests.web.site.others import Others
from tests.web.site.visitors import Visitor
from tests.web.site.walks import PICTURES, keep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from playwright.sync_api import Browser, BrowserContext

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.lens import Lens
    from tests.web.site.visitors import Visit

PRINTED = "window.printed = 0; window.print = () => { window.printed += 1; };"
PATIENCE_MS = 15_000
SHEET = 800  # pixels: what stands on half a printed sheet can still be read
THAWED = "2 min at 37 °C"
FRENCH, ITALIAN, SWEDISH, DANISH = (LAYOUTS[one] for one in ("French", "Italian", "Swedish", "Danish"))


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A trial whose kits travel."""
    made = activated.small_definition()
    definition = replace(made, kits=replace(made.kits, travel=True))
    return activated.seal_rehearsal(tmp_path_factory.mktemp("sealed") / "bundle", definition=definition)


@pytest.fixture(scope="module")
def active_file(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    """A database file of it."""
    return activated.file_of(tmp_path_factory.mktemp("active"), rehearsal)


@dataclass
class Day:
    """The pharmacist at the counter, and what was printed for whom.

    Args:
        instance: The trial.
        others: Everybody else.
        counter: The browser with its scanner.
        slow: A second browser, of a phone that runs no script.
        paper: The pharmacist without a browser, who reads what is printed.
        address: Of the site door.
        lens: Looks at what the browser shows.
        kits: Number of the kit that is on its way or here, by participant.
    """

    instance: Instance
    others: Others
    counter: Counter
    slow: Counter
    paper: Visitor
    address: str
    lens: Lens
    kits: dict[str, str] = field(default_factory=dict)

    def sign_in(self, counter: Counter) -> None:
        page = counter.page
        page.goto(f"{self.address}/")
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        page.fill("#username", username(Role.PHARMACIST))
        page.fill("#password", PASSWORD)
        page.fill("#code", self.instance.code(Role.PHARMACIST))
        page.keyboard.press("Enter")
        page.wait_for_selector("[name=scan]:focus")

    def home(self, counter: Counter | None = None) -> None:
        page = (counter or self.counter).page
        page.goto(f"{self.address}/")
        page.wait_for_selector("[name=scan]:focus")

    def see(self, sentence: str, counter: Counter | None = None) -> None:
        (counter or self.counter).page.wait_for_selector(f"text={sentence}")

    def axe(self) -> None:
        """Nothing is to be found on the page, on a phone or on a desktop."""
        self.lens.show(self.counter.page.content())
        assert self.lens.faults() == []

    def picture(self, name: str, html: str = "", width: int = SHEET) -> None:
        """Keep what the counter shows, or a page, for docs/pharmacy.md; only where pictures are asked for."""
        if PICTURES:
            self.lens.show(html or self.counter.page.content())
            keep(self.lens, f"day-{name}", width)

    def card(self, number: str) -> str:
        """What a scanner reads off the participant's card."""
        return read_page(self.paper.get(f"/participants/{number}/card"))

    def label(self, kit: str) -> str:
        """What a scanner reads off the label of a kit."""
        code = read_page(self.paper.get(f"/kits/{kit}/label"))
        assert kit_number(code) == kit
        return code

    def receive(self, numbers: list[str]) -> None:
        """The kits that have come are received one after the other, a scan each."""
        self.home()
        self.counter.page.get_by_role("link", name=f"Receive {len(numbers)} kits on the way").click()
        before = self.counter.scans, self.counter.pressed
        for number, keyboard in zip(numbers, (FRENCH, ITALIAN, SWEDISH, DANISH) * 2, strict=False):
            self.counter.page.wait_for_selector("[name=kit]:focus")
            self.counter.scan(self.label(self.kits[number]), keyboard)
            self.see(f"participant {number}, ")
        assert (self.counter.scans - before[0], self.counter.pressed - before[1]) == (len(numbers), 0)
        self.see("No kit is on its way.")

    def receive_again(self, number: str, keyboard: Layout) -> None:
        """One kit is scanned at home; one more tap says how it came."""
        self.home()
        self.counter.scan(self.label(self.kits[number]), keyboard)
        self.see("How did it come?")
        assert self.counter.page.input_value("#kit") == self.kits[number]
        self.counter.page.get_by_label("Sound").check()
        self.picture("receive")
        self.counter.page.get_by_role("button", name="Receive this kit").click()
        self.see("It can be handed out.")

    def stop(self, number: str, keyboard: Layout, sentence: str) -> None:
        """The card is scanned, and nothing may be handed out."""
        self.home()
        self.counter.scan(self.card(number), keyboard)
        self.see("Stop. Nothing is handed out.")
        assert sentence in self.counter.page.inner_text("main")
        self.picture("stop")

    def dispense(
        self, number: str, keyboard: Layout, endings: tuple[str, str] = ("Enter", "Enter"), wrong: str = ""
    ) -> None:
        """Two scans hand the kit out and one key prints; a wrong kit between them is a scan more."""
        self.home()
        counter, before = self.counter, (self.counter.scans, self.counter.pressed)
        counter.scan(self.card(number), keyboard, endings[0])
        counter.page.wait_for_selector("[name=kit]:focus")
        shown = counter.page.locator(".number-big").get_attribute("data-number")
        assert shown == self.kits[number]
        self.picture("counter")
        if wrong:
            counter.scan(self.label(wrong), keyboard)
            self.see("Stop. Wrong kit.")
            assert "It belongs to another participant." in counter.page.inner_text("main")
            assert counter.page.locator(".digit.differs").count() > 0
            self.picture("wrong-kit")
            counter.page.wait_for_selector("[name=kit]:focus")
        counter.scan(self.label(self.kits[number]), keyboard, endings[1])
        self.see(f"Right kit · handed to {number}")
        self.picture("right-kit")
        counter.press("Enter")
        assert counter.page.evaluate("window.printed") == 1
        used = counter.scans - before[0] - bool(wrong), counter.pressed - before[1]
        assert used == (2, 1)
        self.slip(number)

    def dispense_without_scripts(self, number: str, keyboard: Layout) -> None:
        """The same on a phone that runs no script: the key leads to the slip."""
        slow = self.slow
        self.home(slow)
        before = slow.scans, slow.pressed
        slow.scan(self.card(number), keyboard)
        slow.page.wait_for_selector("[name=kit]:focus")
        slow.scan(self.label(self.kits[number]), keyboard)
        self.see(f"Right kit · handed to {number}", slow)
        with slow.page.expect_request("**/slip.pdf"):
            slow.press("Enter")
        assert (slow.scans - before[0], slow.pressed - before[1]) == (2, 1)
        self.slip(number)

    def slip(self, number: str) -> None:
        """The slip that goes with the kit reads back."""
        told = self.others.by(Role.PHARMACIST).get(f"/participants/{number}")
        period = told["participant"]["period"]
        pdf = self.paper.client.get(f"/participants/{number}/dispensed/{period}/slip.pdf").data
        assert read_pdf(pdf) == self.kits[number]

    def act(self, path: str, button: str, **typed: str) -> None:
        """Fill in the page of an act and send it."""
        page = self.counter.page
        page.goto(self.address + path)
        for name, text in typed.items():
            page.fill(f"#{name}", text)
        with page.expect_navigation():
            page.get_by_role("button", name=button, exact=True).click()


@pytest.fixture
def others(app: Flask, instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path) -> Others:
    """Everybody but the pharmacist."""
    settings = DoorSettings(session_secret="of the tests", https=False)
    public = published(instance, rehearsal, tmp_path / "public")
    return Others(instance, app, code_break_door(desk, instance.gate, settings, public=public))


@pytest.fixture
def day(browser: Browser, visit: Visit, others: Others, address: str, lens: Lens) -> Iterator[Day]:
    """The morning: nobody is enrolled, and no kit is ready."""
    fast = browser.new_context()
    fast.add_init_script(PRINTED)
    slow = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    yield Day(
        instance=visit.instance,
        others=others,
        counter=stand(fast),
        slow=stand(slow),
        paper=Visitor(visit.instance, visit.app.test_client(), Role.PHARMACIST),
        address=address,
        lens=lens,
    )
    fast.close()
    slow.close()


def stand(context: BrowserContext) -> Counter:
    """A page with a scanner beside it."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return Counter(page, context.new_cdp_session(page))


@pytest.mark.requirement("scan")
@pytest.mark.requirement("pages")
@pytest.mark.requirement("labels")
@pytest.mark.requirement("accountability")
@pytest.mark.promise(19)
def test_a_pharmacists_day(day: Day) -> None:
    again = [day.others.randomized() for _ in range(2)]
    first_period(day, again)
    new = [day.others.randomized() for _ in range(4)]
    late, early = kits_are_sent(day, again, new)
    french, italian, swedish, danish = *again, *new[:2]

    day.paper.sign_in()
    day.sign_in(day.counter)
    day.receive([*again, *new])
    ready_but_not_now(day, early, swedish)

    day.dispense(french, FRENCH)
    day.stop(french, FRENCH, "Do not hand out another one.")
    day.dispense(italian, ITALIAN, ("Tab", "Enter Enter"), wrong=day.kits[swedish])
    day.sign_in(day.slow)
    day.dispense_without_scripts(swedish, SWEDISH)
    broken = damaged_and_replaced(day, danish)
    day.dispense(danish, DANISH)
    expired_and_no_product(day, late)

    take_stock(day, [broken, day.kits[late], day.kits[early]])
    everything_is_accounted_for(day, out=[*again, swedish, danish], held=3)


def first_period(day: Day, numbers: list[str]) -> None:
    """The first infusions, half a year before."""
    others, clock = day.others, day.instance.clock
    booked_for = clock() + timedelta(hours=day.instance.definition.kits.lead_time_hours, minutes=5)
    for number in numbers:
        others.book(number, booked_for)
    clock.now = booked_for
    for number in numbers:
        others.fit(number)
        others.treated(number, others.prepare(number))
    clock.advance(days=day.instance.definition.periods[1].interval_days)


def kits_are_sent(day: Day, again: list[str], new: list[str]) -> tuple[str, str]:
    """Six kits are prepared, the second ones of frozen cells; gives whose is late and whose early."""
    others, clock = day.others, day.instance.clock
    late, early = new[2:]
    booked_for = clock() + timedelta(hours=day.instance.definition.kits.lead_time_hours, minutes=5)
    for number in (*again, *new):
        others.book(number, booked_for + timedelta(hours=13) * (number == early))
    clock.now = booked_for - timedelta(minutes=day.instance.definition.kits.expiry_minutes)
    others.fit(late)
    day.kits[late] = others.prepare(late)
    clock.now = booked_for - timedelta(minutes=20)
    for number in (*again, *(one for one in new if one != late)):
        others.fit(number)
        day.kits[number] = others.prepare(number, thaw=THAWED if number in again else "")
    return late, early


def ready_but_not_now(day: Day, early: str, due: str) -> None:
    """Home tells what is due, and a kit alone is handed to nobody."""
    day.home()
    day.axe()
    day.picture("home")
    day.picture("card", day.paper.get(f"/participants/{due}/card"))
    day.picture("label", day.paper.get(f"/kits/{day.kits[due]}/label"))
    assert day.counter.page.locator(".worklist tbody tr").count() == len(day.kits)
    assert day.counter.page.locator(".worklist [data-until]").count() == len(day.kits)
    day.counter.scan(day.label(day.kits[due]), SWEDISH)
    day.see("Scan the participant card first, then the kit.")
    day.stop(early, DANISH, "its kit is handed out from")


def damaged_and_replaced(day: Day, number: str) -> str:
    """The bag leaks: it is set aside, another one is asked for and received; gives the first one."""
    broken = day.kits[number]
    day.home()
    day.counter.scan(day.card(number), DANISH)
    day.counter.page.get_by_role("link", name="Something is wrong with this kit").click()
    day.picture("kit")
    day.counter.page.get_by_role("link", name="Record that this kit is damaged").click()
    day.act(f"/kits/{broken}/damage", "Record that this kit is damaged", why="It leaks")
    day.counter.page.get_by_role("link", name="Ask for another kit").click()
    day.counter.page.fill("#why", "It leaks")
    day.counter.page.get_by_role("button", name="Ask for another kit").click()
    day.see("Another kit is asked for.")
    day.others.answer(number, day.instance.clock() + timedelta(hours=1))
    day.stop(number, DANISH, "Another kit is to be available at")
    day.kits[number] = day.others.prepare(number)
    assert day.kits[number] != broken
    day.receive_again(number, DANISH)
    return broken


def expired_and_no_product(day: Day, number: str) -> None:
    """The time of a kit passes at the counter, and there is no other one."""
    kit = day.others.by(Role.PHARMACIST).get(f"/kits/{day.kits[number]}")["kit"]
    day.instance.clock.now = datetime.fromisoformat(kit["expires_at"])
    day.stop(number, FRENCH, "is expired since")
    day.act(f"/participants/{number}/replacement", "Ask for another kit", why="Its time has passed")
    day.others.answer(number, None)
    day.home()
    told = day.counter.page.inner_text("main")
    assert "There is no product for this period." in told
    assert "Ask for another kit" not in told
    day.stop(number, FRENCH, "There is no product for this period.")
    with day.instance.store.writing() as uow:
        assert dispensing.expire(uow) == 1
    day.stop(number, FRENCH, "There is no product for this period.")


def take_stock(day: Day, shelf: list[str]) -> None:
    """The shelf is counted by scanning; a kit of another trial is unexpected."""
    page, stranger = day.counter.page, with_check(10_000_000)
    day.act("/stock-takes", "Open a stock take")
    for code in (*map(day.label, shelf), stranger):
        day.counter.scan(code, ITALIAN)
        page.wait_for_selector(f"[data-number='{kit_number(code)}']")
    page.get_by_role("link", name="Close the stock take").click()
    page.get_by_role("button", name="Close the stock take").click()
    day.see("The stock take is closed.")
    day.axe()
    day.picture("stock-take")
    told = page.inner_text("main")
    assert group3(stranger) in told
    assert not any(group3(kit) in told.split("Unexpected")[1].split("Kits counted")[0] for kit in shelf)


def everything_is_accounted_for(day: Day, out: list[str], held: int) -> None:
    """The log balances, as page, file and answer, and names the state of every kit."""
    day.counter.page.goto(f"{day.address}/accountability")
    day.axe()
    day.picture("accountability", width=DESKTOP)
    day.lens.resize(SHEET)  # a tablet, or a desktop at 150 %
    assert misfits(day.lens.page) == []
    day.lens.resize(DESKTOP)
    day.counter.page.get_by_role("link", name="Record a temperature excursion").click()
    day.see("Scan every kit that was on this shelf")
    day.axe()
    rows = list(csv.DictReader(day.paper.get("/accountability.csv").splitlines()))
    last = {row["kit"]: row["what"] for row in rows}
    assert {last[day.kits[number]] for number in out} == {"dispensed"}
    tally = Tally(last.values())
    assert tally == {"administered": 2, "dispensed": len(out), "received": 1, "expired": 1, "damaged": 1}
    assert int(rows[-1]["balance"]) == held
    [totals] = day.others.by(Role.PHARMACIST).get("/accountability?site=TLS")["totals"]
    columns = ("held", "dispensed", "returned", "destroyed", "missing")
    assert totals["received"] == sum(totals[column] for column in columns) == len(last)
    assert (totals["held"], totals["dispensed"]) == (held, len(out) + 2)
