"""The blinded traffic of the games: two periods of several participants, and everybody looks at it all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec

from randomizer.domain.people import Role
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Arrival
from randomizer.services.care import replacements
from randomizer.services.unblinded import clearance
from tests import activated
from tests.activated import SECOND_SITE, SITE
from tests.authenticator import Authenticator
from tests.desks import clear
from tests.games.looking import Seen, look_around, look_at_codebreak, look_closely, open_every_page
from tests.games.staff import LOGGER, Staff
from tests.web.phones import ORIGIN, asked, hidden

if TYPE_CHECKING:
    from collections.abc import Callable

LATER_SITE = "EX2"
ON_THE_WAY = (
    (Role.COORDINATOR, "whole", "/participants"),
    (Role.INVESTIGATOR, "spoilt", "/participants"),
    (Role.PHARMACIST, "expired", "/"),
    (Role.TRIAL_MANAGER, "whole", "/alarms"),
    (Role.TRIAL_MANAGER, "whole", "/trial"),
    (Role.TRIAL_MANAGER, "whole", "/stock-takes"),
    (Role.TRIAL_MANAGER, "whole", "/participants/<key>/transfer"),
    (Role.TRIAL_MANAGER, "whole", "/api/v1/entries"),
    (Role.SPONSOR, "whole", "/sites"),
    (Role.SPONSOR, "whole", "/trial"),
    (Role.ADMINISTRATOR, "whole", "/accounts"),
)
"""Who opens every page of the site door while the trial goes on, about whom, and where it begins."""
PEOPLE = {
    "whole": "relapsing",
    "expired": "relapsing",
    "spoilt": "relapsing",
    "withdrawn": "progressive",
    "missed": "progressive",
    "too many": "progressive",
    "failed": "relapsing",
    "cultured twice": "relapsing",
}
"""Whose life it is, and the factor level."""
TREATED = ("whole", "expired", "spoilt", "withdrawn", "cultured twice")


@dataclass
class Traffic(Staff):
    """One run.

    Args:
        only: The one chapter that is played, "" for all.
    """

    only: str = ""

    def play(self) -> None:
        """Every participant's life, and a look at all of it on the way and at the end."""
        for name, chapter in self.chapters().items():
            if self.only in {"", name}:
                chapter()

    def chapters(self) -> dict[str, Callable[[], None]]:
        """What happens, in order, by name; each chapter goes on where the one before ended."""
        return {
            "enrolment": self._enrol,
            "booking": self._book_first,
            "preparation": self._prepare_first,
            "receipt": self._receive_first,
            "counter": self._dispense_first,
            "never received": self._lose_one,
            "on the way": self._look_on_the_way,
            "between": self._between,
            "second preparation": self._prepare_second,
            "second counter": self._dispense_second,
            "afterwards": self._afterwards,
        }

    def _enrol(self) -> None:
        if self.audience.others:
            self._keep_house()
        for name, course in PEOPLE.items():
            program = self.doors.program(Role.COORDINATOR)
            answer = program.tell("/participants", {"site": SITE}, 201)
            self.people[name] = str(answer.get_json()["participant"]["number"])
            path = self.path(name)
            if name == "failed":
                self.act(Role.INVESTIGATOR, f"{path}/screen-failure", why="MRI declined")
                continue
            self._confirm(path, course)
            full = 409 if name == "too many" else 200
            self._harvest(path, f"D-{name}", full)
            if name == "too many":
                continue
            if name == "cultured twice":
                self._fail_product(name)
            clear(self.world.instance, self.world.desk, self.people[name])
            self.act(Role.SPONSOR, f"{path}/go", sign=True)
            self.act(Role.INVESTIGATOR, f"{path}/randomize", sign=True)
        self.act(Role.INVESTIGATOR, f"{self.path('whole')}/randomize", 422, sign=True)

    def _keep_house(self) -> None:
        """A site more is opened; somebody has a passkey, and no longer."""
        self.act(Role.SPONSOR, f"/sites/{LATER_SITE}/open", sign=True)
        manager = self.doors.visitor(Role.TRIAL_MANAGER)
        page = manager.post("/passkeys/add", {"name": "Phone"}, 200, sign=True).text
        phone = Authenticator(ORIGIN, key=ec.derive_private_key(1, ec.SECP256R1()))
        manager.send("/passkeys/make", page, {"passkey": phone.create(asked(page))})
        remove = f"/passkeys/{hidden(page)['handle']}/remove"
        manager.get(remove, 200)
        manager.post(remove, sign=True)
        del self.doors.visitors[Role.TRIAL_MANAGER]  # every session ends with the passkey

    def _confirm(self, path: str, course: str) -> None:
        items = {
            code: {"confirmed": one.confirmed, "values": dict(one.values)}
            for code, one in activated.answers(self.definition).items()
        }
        path = f"{path}/eligibility"
        self.act(Role.INVESTIGATOR, path, sign=True, items=items, levels={"course": course})

    def _harvest(self, path: str, donation: str, status: int = 200) -> None:
        self.act(Role.COORDINATOR, f"{path}/harvest", status, identifier=donation, again=donation)

    def _fail_product(self, name: str) -> None:
        person = self.world.instance.person(Role.CLEARER)
        with self.world.instance.store.writing() as uow:
            clearance.fail(uow, self.world.desk, person, self.people[name], note="Too few cells")
        self._harvest(self.path(name), "D-2")

    def _book_first(self) -> None:
        for name in TREATED:
            self.book(name)
        self.wait(hours=self.definition.kits.lead_time_hours)
        self.fit(*TREATED)
        self.act(Role.INVESTIGATOR, f"{self.path('missed')}/missed", why="Travels")

    def _prepare_first(self) -> None:
        """Kits go on their way, one of them in the place of a bag that tore."""
        for name in ("whole", "expired", "withdrawn"):
            self.prepare(name)
        self.begin("spoilt")
        self.end("spoilt", ready=False, kit="", noted=Preparation(note="The bag tore."), spoiled=True)
        self.prepare("spoilt")
        self.begin("cultured twice")
        pharmacist = self.doors.program(Role.PHARMACIST)
        pharmacist.ask("/worklist")
        self.act(Role.PHARMACIST, f"{self.path('whole')}/dispense", 409, kit=self.kits["whole"][-1])
        self.open(Role.PHARMACIST, "/", *(f"/kits/{self.kits[name][-1]}" for name in ("whole", "withdrawn")))

    def _receive_first(self) -> None:
        """One kit comes sound, one damaged, one too warm, and one of which a result was bad meanwhile."""
        self._receive_another("whole")
        self.receive("whole")
        self.receive("expired", Arrival.DAMAGED)
        self.act(Role.PHARMACIST, f"{self.path('expired')}/replacement", why="Torn on the way")
        self.prepare("expired")
        self.receive("withdrawn", Arrival.EXCURSION, **LOGGER)
        self.prepare("withdrawn")
        self.fail_late("spoilt")
        self.receive("spoilt")
        self._look_at_the_alert("spoilt")
        self.acknowledge()
        self.lift("spoilt")
        self._withdraw()

    def _receive_another(self, name: str) -> None:
        """What is not the kit that was expected, or cannot be what became of it."""
        path, kit = f"{self.path(name)}/receive", self.kits[name][-1]
        for status, told in (
            (409, {"kit": self.other_kit(kit), "arrival": Arrival.SOUND}),
            (422, {"kit": kit, "arrival": Arrival.EXCURSION}),
            (422, {"kit": kit, "arrival": Arrival.SOUND, **LOGGER}),
        ):
            self.act(Role.PHARMACIST, path, status, **told)

    def _withdraw(self) -> None:
        """A booking is cancelled while its kit is on the way: that one is to be destroyed."""
        path, kit = self.path("withdrawn"), self.kits["withdrawn"][-1]
        self.act(Role.COORDINATOR, f"{path}/cancel-booking", why="Has a fever")
        self.open(Role.PHARMACIST, "/", f"/kits/{kit}")
        self.destroy(kit, "Cancelled")
        self.act(Role.INVESTIGATOR, f"{path}/withdrawal", why="", follow_up=True)

    def _dispense_first(self) -> None:
        self._take_back("whole")
        self.prepare("whole")
        self.receive("whole")
        self.doors.visitor(Role.PHARMACIST).get(f"{self.path('whole')}/dispense")
        if self.audience.others:
            self._dispense_by_page("whole")
        else:
            self.dispense("whole")
        self.wait(minutes=5)
        self.record("whole", "given")
        self.hand_out("spoilt", outcome="not given", why="Fever")
        kit = self.kits["spoilt"][-1]
        self.act(Role.PHARMACIST, f"/kits/{kit}/destroy", 422, sign=True, method="incinerated", why="x")
        self.act(Role.PHARMACIST, f"/kits/{kit}/return", why="Not given")
        self.destroy(kit)

    def _take_back(self, name: str) -> None:
        self.dispense(name)
        self.act(Role.PHARMACIST, f"{self.path(name)}/undo-dispensation", sign=True, why="Wrong trolley")

    def _dispense_by_page(self, name: str) -> None:
        """The page asks for a second person, who is not the first, and gives a slip to print."""
        pharmacist, path = self.doors.visitor(Role.PHARMACIST), self.path(name)
        scanned = {"kit": self.kits[name][-1]}
        pharmacist.post(f"{path}/dispense", scanned, 200)
        pharmacist.post(f"{path}/dispense", scanned | pharmacist.beside(), 200)
        pharmacist.post(f"{path}/dispense", scanned | self.beside(Role.INVESTIGATOR))
        for page in ("/dispensed/1", "/dispensed/1/slip.pdf"):
            pharmacist.get(f"{path}{page}", 200)

    def _lose_one(self) -> None:
        """A kit never comes, and expires on its way; the page about it was left for too long."""
        path, kit = self.path("expired"), self.kits["expired"][-1]
        if self.audience.others:
            self._leave_idle(f"/kits/{kit}/missing")
        self.wait(hours=1)
        self.run_jobs()
        self.open(Role.PHARMACIST, "/", "/tasks")
        self.wait(minutes=self.definition.kits.expiry_minutes)
        self.run_jobs()
        self.act(Role.PHARMACIST, f"{path}/dispense", 409, kit=kit)
        # In a build that leaks by whether the kit has expired, it can be received still.
        program = self.act(Role.PHARMACIST, f"{path}/receive", 0, kit=kit, arrival=Arrival.SOUND)
        for form in ("", "?format=csv"):
            program.ask(f"/participants{form}")

    def _leave_idle(self, path: str) -> None:
        """Somebody types, is away for too long, sends, signs in again and finds what was typed."""
        pharmacist = self.doors.at_site(Role.PHARMACIST)
        page = pharmacist.get(path, 200).text
        self.wait(minutes=31)
        pharmacist.send(path, page, {"why": "Not on the train"})
        pharmacist.enter()
        pharmacist.get(path, 200)

    def _look_on_the_way(self) -> None:
        if not self.audience.looked_at:
            return
        pharmacist = self.doors.visitor(Role.PHARMACIST)
        look_closely(pharmacist, self._of("spoilt"), prints=True)
        for kit in [kits[-1] for kits in self.kits.values() if kits]:
            pharmacist.get(f"/scan?scan={kit}")
        if self.audience.others:
            for role in (Role.PHARMACIST, Role.INVESTIGATOR):
                look_closely(self.doors.visitor(role), self._of(*ONLY_ON_THE_WAY), prints=True)
            for role, name, within in ON_THE_WAY:
                open_every_page(self.doors.visitor(role), self.doors.site, self._of(name)[0], within)
            self.open(Role.COORDINATOR, f"{self.path('failed')}/screen-again")

    def _between(self) -> None:
        self.break_a_code("whole")
        self._judge_blind("whole")
        self.wait(days=self.definition.periods[1].interval_days - 8)
        self.run_jobs()

    def _judge_blind(self, name: str) -> None:
        """Somebody who is blind signs an assessment, and corrects which one it was."""
        path, now = self.path(name), self.world.instance.clock().isoformat()
        told: dict[str, Any] = {"assessment": "EDSS", "time_point": "week 24", "done_at": now}
        assessor = self.act(Role.OUTCOMES_ASSESSOR, f"{path}/assessment", sign=True, **told)
        number = assessor.ask(path).get_json()["assessments"][-1]["number"]
        again: dict[str, Any] = {**told, "time_point": "unscheduled", "why": "It was an extra visit."}
        self.act(Role.OUTCOMES_ASSESSOR, f"/assessments/{number}/correct", sign=True, **again)
        self.open(Role.INVESTIGATOR, f"/assessments/{number}/strike-out")

    def _prepare_second(self) -> None:
        """Booked inside the visit window, then outside; the kit is lost on the way and turns up."""
        path = self.path("whole")
        self.book("whole", hours=10 * 24)
        self.open(Role.COORDINATOR, f"{path}/cancel-booking")
        self.book("whole", hours=LATE_DAYS * 24)
        self.act(Role.INVESTIGATOR, f"{path}/deviation", sign=True, why="Was abroad")
        self.wait(days=LATE_DAYS)
        self.fit("whole")
        kit = self.prepare("whole")
        self.act(Role.PHARMACIST, f"/kits/{kit}/missing", why="Not on the train")
        self.act(Role.PHARMACIST, f"/kits/{kit}/found", why="Behind the shelf")
        self.act(Role.PHARMACIST, f"/kits/{self._last_kit()}/damage", 404, why="Not ready")
        self._warm_up(self.kits["expired"][-1])
        self._ask_again("whole")
        self.prepare("whole")

    def _warm_up(self, kit: str) -> None:
        logger: dict[str, Any] = {**LOGGER, "why": "The door stood open"}
        for kits, status in (([kit, self._first_kit()], 422), ([kit], 200)):
            self.act(Role.PHARMACIST, "/accountability/excursion", status, kits=kits, **logger)

    def _ask_again(self, name: str) -> None:
        number, path = self.people[name], self.path(name)
        self.act(Role.COORDINATOR, f"{path}/replacement", why="Not where it was")
        self.act(Role.COORDINATOR, f"{path}/replacement", 422, why="Once more")
        for available_at in (None, self.world.instance.clock() + timedelta(hours=1)):
            self.world.instance.act(replacements.answer, Role.PREPARER, number, available_at)
            self.open(Role.PHARMACIST, path)

    def _dispense_second(self) -> None:
        """A result is out of limits on the shelf, and turns out to be wrong."""
        self.receive("whole")
        self._count()
        kit = self.kits["whole"][-1]
        self.open(Role.PHARMACIST, f"/kits/{kit}/damage")
        self.fail_late("whole")
        self._look_at_the_alert("whole")
        self.acknowledge()
        self.lift("whole")
        self.doors.program(Role.PHARMACIST).ask(self.path("whole"))
        self.hand_out("whole", outcome="partly given", volume_ml=40, why="Headache")

    def _look_at_the_alert(self, name: str) -> None:
        kit = self.kits[name][-1]
        self.doors.program(Role.PHARMACIST).ask(f"/kits/{kit}")
        self.open(Role.PHARMACIST, f"/kits/{kit}", f"{self.path(name)}/dispense")

    def _count(self) -> None:
        program = self.doors.program(Role.PHARMACIST)
        told = program.tell("/stock-takes", {"site": SITE}, 201).get_json()["take"]
        path = f"/stock-takes/{told['number']}"
        for kit in (self.kits["whole"][-1], self.kits["spoilt"][-1], self._first_kit()):
            program.tell(f"{path}/count", {"kit": kit})
        self.act(Role.PHARMACIST, f"{path}/close-count")
        self.open(Role.PHARMACIST, path)
        program.ask(path)
        self.act(Role.PHARMACIST, f"{path}/settle", why="Settled")

    def _afterwards(self) -> None:
        self.wait(days=30)
        self.run_jobs()
        for role in self.audience.site:
            prints = role in {Role.PHARMACIST, Role.MONITOR}
            look_around(self.doors.at_site(role), self._of(*self.audience.looked_at), prints=prints)
        if self.audience.others:
            look_around(self.doors.at_site(Role.INVESTIGATOR, SECOND_SITE), self._of("whole"))
            self.open(Role.INVESTIGATOR, f"{self.path('whole')}/complete")
            for alarm in self.doors.program(Role.TRIAL_MANAGER).ask("/alarms").get_json()["rows"]:
                self.open(Role.TRIAL_MANAGER, f"/alarms/{alarm['number']}/clear")
        numbers = [self.people[name] for name in ("whole", "cultured twice", "too many")]
        for role in self.audience.codebreak:
            look_at_codebreak(self.doors.at_codebreak(role), numbers)

    def _of(self, *names: str) -> list[Seen]:
        """What there is to look at of each participant."""
        return [Seen(self.people[name], tuple(self.kits[name])) for name in names]

    def _first_kit(self) -> str:
        return self.world.schedule[0].kits[0][0]

    def _last_kit(self) -> str:
        return self.world.schedule[-1].kits[0][0]


ONLY_ON_THE_WAY = ("expired", "withdrawn")
"""At whom a pharmacist and an investigator look on the way: nothing happens to them afterwards."""
LATE_DAYS = 24
"""How long after the visit was due, less eight days, the second infusion is: outside the visit window."""
