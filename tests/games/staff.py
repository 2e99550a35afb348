"""What people do in the games: each act is a call at a door; its page was opened before if somebody looks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from randomizer.domain.people import Role
from randomizer.domain.quality import Result
from randomizer.domain.records import TaskKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Arrival, Kit, KitState
from randomizer.services.care import dispensing
from randomizer.services.unblinded import lifting, preparation, quality, sheets, unblinding
from randomizer.services.upkeep import arrivals, daily, due, results_due
from tests.activated import FIT
from tests.desks import LOT

if TYPE_CHECKING:
    from randomizer.services.unblinded.sheets import Sheet
    from tests.games.looking import Audience
    from tests.games.sealings import World
    from tests.games.seeing import Doors, Watched

OK = 200
LOGGER = {"lowest_c": 3, "highest_c": 31, "minutes": 50}
"""What the logger of a shipment or of a shelf shows."""


@dataclass
class Staff:
    """The people of one site, and of the cell factory.

    Args:
        doors: Where they go through.
        audience: Who looks at what they do.
        people: Number of each participant by the name of their life, as far as they are enrolled.
        kits: The kits that were made ready for each of them.
    """

    doors: Doors
    audience: Audience
    people: dict[str, str] = field(default_factory=dict)
    kits: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def world(self) -> World:
        """The instance."""
        return self.doors.world

    @property
    def definition(self) -> Any:  # noqa: ANN401 - a definition
        """The definition."""
        return self.world.instance.definition

    def act(self, role: Role, path: str, status: int = OK, *, sign: bool = False, **body: Any) -> Watched:  # noqa: ANN401
        """One act by somebody in this role, through the API; who looks at it opens its page before."""
        if status == OK:
            self.open(role, path)
        program = self.doors.program(role)
        program.tell(path, body, status, sign=sign)
        return program

    def open(self, role: Role, *paths: str) -> None:
        """Open pages, where others look at what is done."""
        if self.audience.others:
            for path in paths:
                self.doors.visitor(role).get(path)

    def path(self, name: str) -> str:
        """Address of the page of a participant."""
        return f"/participants/{self.people[name]}"

    def wait(self, **duration: float) -> None:
        """Time passes."""
        self.world.instance.clock.now += timedelta(**duration)

    def beside(self, role: Role = Role.CARE_PROVIDER) -> dict[str, Any]:
        """What a second person enters, who checks the kit."""
        return self.doors.program(role).beside()

    def book(self, name: str, hours: float | None = None) -> None:
        """Book an infusion: too soon first, then as long ahead as is asked for."""
        later = timedelta(hours=hours or self.definition.kits.lead_time_hours, minutes=30)
        for ahead, status in ((timedelta(hours=1), 422), (later, OK)):
            booked_for = (self.world.instance.clock() + ahead).isoformat()
            self.act(Role.COORDINATOR, f"{self.path(name)}/book", status, booked_for=booked_for)

    def fit(self, *names: str) -> None:
        """Sign that each of them is fit for the infusion."""
        for name in names:
            self.act(Role.INVESTIGATOR, f"{self.path(name)}/fit", sign=True, **FIT.values())

    def begin(self, name: str) -> Sheet:
        """Open the sheet, and begin the preparation."""
        person = self.world.instance.person(Role.PREPARER)
        sheet = sheets.open_sheet(self.world.desk, person, self.people[name])
        self.world.instance.act(preparation.begin, Role.PREPARER, self.people[name])
        return sheet

    def end(self, name: str, **named: Any) -> None:  # noqa: ANN401 - as `preparation.end` takes it
        """End the preparation that was begun."""
        person = self.world.instance.person(Role.PREPARER)
        with self.world.instance.store.writing() as uow:
            preparation.end(uow, self.world.desk, person, self.people[name], **named)

    def prepare(self, name: str) -> str:
        """The next kit, which is then on its way; gives its number."""
        sheet = self.begin(name)
        noted = Preparation(content=sheet.treatment, lot="L-1", thaw="2 min at 37 °C")
        self.end(name, ready=True, kit=sheet.kit, noted=noted)
        self.kits[name].append(sheet.kit)
        return sheet.kit

    def receive(self, name: str, arrival: Arrival = Arrival.SOUND, **logger: Any) -> None:  # noqa: ANN401 - as `LOGGER`
        """The kit that is on its way has come."""
        kit = self.kits[name][-1]
        self.act(Role.PHARMACIST, f"{self.path(name)}/receive", kit=kit, arrival=arrival, **logger)

    def dispense(self, name: str) -> None:
        """Hand out the kit that was received: nobody has checked it at first, then a second person."""
        path, kit = f"{self.path(name)}/dispense", self.kits[name][-1]
        self.act(Role.PHARMACIST, path, 422, kit=kit)
        self.act(Role.PHARMACIST, path, kit=kit, **self.beside())

    def record(self, name: str, outcome: str, **more: Any) -> None:  # noqa: ANN401 - any value of a form
        """What became of the infusion."""
        now = self.world.instance.clock()
        if outcome == "partly given":
            more |= {"stopped_at": now.isoformat()}
        if outcome != "not given":
            more |= {"given_at": (now - timedelta(minutes=2)).isoformat()}
        self.act(Role.CARE_PROVIDER, f"{self.path(name)}/infusion", outcome=outcome, **more)

    def hand_out(self, name: str, **outcome: Any) -> None:  # noqa: ANN401 - any value of a form
        """The wrong kit, the right one and the right one again; then the infusion."""
        path, kit = f"{self.path(name)}/dispense", self.kits[name][-1]
        self.act(Role.PHARMACIST, path, 409, kit=self.other_kit(kit))
        self.dispense(name)
        self.act(Role.PHARMACIST, path, 409, kit=kit)
        self.wait(minutes=5)
        self.record(name, **outcome)

    def destroy(self, kit: str, why: str = "Not given") -> None:
        """Sign that a kit was destroyed, which a second person saw."""
        told = {"method": "incinerated", "why": why} | self.beside()
        self.act(Role.PHARMACIST, f"/kits/{kit}/destroy", sign=True, **told)

    def other_kit(self, kit: str) -> str:
        """A kit of somebody else, or of another period."""
        kits = sorted(one for plan in self.world.schedule for period in plan.kits for one in period)
        return kits[(kits.index(kit) + 1) % len(kits)]

    def fail_late(self, name: str) -> None:
        """A quality result of the lot is out of limits after the product was cleared."""
        self._result(name, Result.FAILED)
        self.open(Role.INVESTIGATOR, "/tasks")

    def acknowledge(self) -> None:
        """The investigator signs that they know of each alert."""
        for task in self.doors.program(Role.INVESTIGATOR).ask("/tasks").get_json()["rows"]:
            if task["kind"] == TaskKind.QUALITY_ALERT:
                self.act(Role.INVESTIGATOR, f"/tasks/{task['number']}/acknowledge", sign=True)

    def lift(self, name: str) -> None:
        """The result turns out to be wrong: the quarantine of the kit is lifted."""
        kit = self.kits[name][-1]
        self._result(name, Result.PASSED)
        person, step_up = self.world.instance.person(Role.CLEARER), self.world.instance.step_up(Role.CLEARER)
        with self.world.instance.store.writing() as uow:
            if uow.get(Kit, kit).state is not KitState.QUARANTINED:
                return  # in a leaky build: what was seen of it differs already
            lifting.lift(uow, self.world.desk, person, step_up, kit, why="The plate was read wrongly.")

    def _result(self, name: str, result: Result) -> None:
        number, person = self.people[name], self.world.instance.person(Role.CLEARER)
        with self.world.instance.store.writing() as uow:
            quality.record_result(
                uow,
                self.world.desk,
                person,
                number,
                subject=LOT.number,
                test="sterility",
                result=result,
                corrects=result is Result.PASSED,
            )

    def break_a_code(self, name: str) -> None:
        """The on-call clinician breaks a code."""
        world = self.world
        person, step_up = world.instance.person(Role.ON_CALL), world.instance.step_up(Role.ON_CALL)
        intent = unblinding.intend(
            world.desk, person, step_up, participant=self.people[name], reason="emergency", text="x"
        )
        unblinding.disclose(world.desk, person, intent)

    def run_jobs(self) -> None:
        """What the jobs process does day by day."""
        for job in (arrivals.look, dispensing.expire, due.tell, results_due.tell, daily.tell):
            with self.world.instance.store.writing() as uow:
                job(uow)
        self.world.instance.checkpoint()
