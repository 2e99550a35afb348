"""The blinded traffic of the games: acts through the site door, and everybody looks at everything."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from randomizer.domain.people import Role
from randomizer.domain.quality import Result
from randomizer.domain.records import TaskKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Kit, KitState
from randomizer.services.care import dispensing, replacements
from randomizer.services.unblinded import clearance, lifting, preparation, quality, sheets, unblinding
from randomizer.services.upkeep import daily, due, results_due
from tests import activated
from tests.activated import FIT, SECOND_SITE, SITE
from tests.desks import LOT, clear
from tests.games.looking import Seen, look_around, look_at_codebreak, open_every_page
from tests.games.seeing import (
    BLINDED_ROLES,
    Caught,
    Comparing,
    Doors,
    Recording,
    copied,
    mails,
    published,
    watched,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.unblinded.sheets import Sheet
    from tests.games.sealings import World
    from tests.games.seeing import Watched


@dataclass(frozen=True)
class Audience:
    """Who looks at everything at the end, and at whom; if at anybody, a pharmacist looks on the way as well.

    Args:
        site: Roles at the site door.
        codebreak: Roles at the code-break door.
        looked_at: Participants whose pages are opened.
        others: Whether somebody looks on the way who waits for nothing, and somebody of another site.
    """

    site: tuple[Role, ...]
    codebreak: tuple[Role, ...]
    looked_at: tuple[str, ...]
    others: bool


EVERYBODY = Audience(
    BLINDED_ROLES,
    (Role.INVESTIGATOR, Role.SAFETY_PHYSICIAN, Role.SPONSOR, Role.DATA_MANAGER),
    ("whole", "spoilt", "cultured twice"),
    others=True,
)
ON_THE_WAY = {
    Role.COORDINATOR: "whole",
    Role.INVESTIGATOR: "spoilt",
    Role.PHARMACIST: "expired",
    Role.SPONSOR: "whole",
    Role.TRIAL_MANAGER: "whole",
    Role.ADMINISTRATOR: "whole",
}
"""Who opens every page of the site door while the trial goes on, about whom."""
A_FEW = Audience((Role.TRIAL_MANAGER,), (Role.INVESTIGATOR,), ("whole",), others=False)
"""Enough for a leaky build: what it leaks is seen by whoever looks."""
OK = 200
NOBODY = Audience((), (), (), others=False)


@dataclass
class Traffic:
    """One run.

    Args:
        doors: Where it goes through.
        audience: Who looks at it.
        people: Number of each participant by the name of their life, as far as they are enrolled.
        kits: The kits that were made ready for each of them.
        only: The one chapter that is played, "" for all.
    """

    doors: Doors
    audience: Audience
    people: dict[str, str] = field(default_factory=dict)
    kits: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
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
            "first period": self._first_period,
            "on the way": self._look_on_the_way,
            "between": self._between,
            "second period": self._second_period,
            "afterwards": self._afterwards,
        }

    def _look_on_the_way(self) -> None:
        if self.audience.looked_at:
            pharmacist = self.doors.at_site(Role.PHARMACIST)
            look_around(pharmacist, self._of("spoilt"))
            for kit in [kits[-1] for kits in self.kits.values() if kits]:
                pharmacist.get(f"/scan?scan={kit}")
        if self.audience.others:
            look_around(self.doors.at_site(Role.INVESTIGATOR), self._of("whole"))
            for role, name in ON_THE_WAY.items():
                open_every_page(self.doors.at_site(role), self.doors.site, self._of(name)[0])
            self._open(Role.COORDINATOR, f"/participants/{self.people['failed']}/screen-again")

    def _between(self) -> None:
        self._break_a_code()
        self._judge_blind()
        self._wait(days=self.definition.periods[1].interval_days - 8)
        self._jobs()

    def _afterwards(self) -> None:
        self._wait(days=30)
        self._jobs()
        for role in self.audience.site:
            look_around(self.doors.at_site(role), self._of(*self.audience.looked_at))
        if self.audience.others:
            look_around(self.doors.at_site(Role.INVESTIGATOR, SECOND_SITE), self._of("whole"))
            self._open(Role.INVESTIGATOR, f"/participants/{self.people['whole']}/complete")
            for alarm in self.doors.program(Role.TRIAL_MANAGER).ask("/alarms").get_json()["rows"]:
                self._open(Role.TRIAL_MANAGER, f"/alarms/{alarm['number']}/clear")
        numbers = [self.people[name] for name in ("whole", "cultured twice", "too many")]
        for role in self.audience.codebreak:
            look_at_codebreak(self.doors.at_codebreak(role), numbers)

    def _of(self, *names: str) -> list[Seen]:
        """What there is to look at of each participant."""
        return [Seen(self.people[name], tuple(self.kits[name])) for name in names]

    @property
    def world(self) -> World:
        """The instance."""
        return self.doors.world

    @property
    def definition(self) -> Any:  # noqa: ANN401 - a definition
        """The definition."""
        return self.world.instance.definition

    def act(self, role: Role, path: str, status: int = 200, *, sign: bool = False, **body: Any) -> Watched:  # noqa: ANN401
        """One act by somebody in this role, through the API; who looks at it opens its page before."""
        if status == OK:
            self._open(role, path)
        program = self.doors.program(role)
        program.tell(path, body, status, sign=sign)
        return program

    def _open(self, role: Role, path: str) -> None:
        if self.audience.others:
            self.doors.at_site(role).get(path)

    def _enrol(self) -> None:
        for name, course in PEOPLE.items():
            program = self.doors.program(Role.COORDINATOR)
            answer = program.tell("/participants", {"site": SITE}, 201)
            self.people[name] = number = str(answer.get_json()["participant"]["number"])
            if name == "failed":
                self.act(Role.INVESTIGATOR, f"/participants/{number}/screen-failure", why="MRI declined")
                continue
            self._confirm(number, course)
            full = 409 if name == "too many" else 200
            self.act(
                Role.COORDINATOR,
                f"/participants/{number}/harvest",
                full,
                identifier=f"D-{name}",
                again=f"D-{name}",
            )
            if name == "too many":
                continue
            if name == "cultured twice":
                self._fail_product(number)
            clear(self.world.instance, self.world.desk, number)
            self.act(Role.SPONSOR, f"/participants/{number}/go", sign=True)
            self.act(Role.INVESTIGATOR, f"/participants/{number}/randomize", sign=True)
        whole = self.people["whole"]
        self.act(Role.INVESTIGATOR, f"/participants/{whole}/randomize", 422, sign=True)

    def _confirm(self, number: str, course: str) -> None:
        items = {
            code: {"confirmed": one.confirmed, "values": dict(one.values)}
            for code, one in activated.answers(self.definition).items()
        }
        path = f"/participants/{number}/eligibility"
        self.act(Role.INVESTIGATOR, path, sign=True, items=items, levels={"course": course})

    def _fail_product(self, number: str) -> None:
        person = self.world.instance.person(Role.CLEARER)
        with self.world.instance.store.writing() as uow:
            clearance.fail(uow, self.world.desk, person, number, note="Too few cells")
        self.act(Role.COORDINATOR, f"/participants/{number}/harvest", identifier="D-2", again="D-2")

    def _first_period(self) -> None:
        names = ("whole", "expired", "spoilt", "withdrawn", "cultured twice")
        for name in names:
            self._book(name)
        self._wait(hours=self.definition.kits.lead_time_hours)
        for name in names:
            self.act(Role.INVESTIGATOR, f"/participants/{self.people[name]}/fit", sign=True, **FIT.values())
        self.act(
            Role.INVESTIGATOR, f"/participants/{self.people['withdrawn']}/withdrawal", why="", follow_up=True
        )
        self.act(Role.INVESTIGATOR, f"/participants/{self.people['missed']}/missed", why="Travels")
        self._take_back("whole", self._prepare("whole"))
        self._prepare("whole")
        self._prepare("expired")
        self._spoil("spoilt")
        self.doors.at_site(Role.PHARMACIST).get(f"/participants/{self.people['whole']}/dispense")
        self._hand_out("whole", outcome="given")
        self._expire("expired")
        self._prepare("spoilt")
        self._hand_out("spoilt", outcome="not given", why="Fever")
        self._destroy(self.kits["spoilt"][-1])
        self._begin("cultured twice")

    def _second_period(self) -> None:
        self._book("whole", hours=10 * 24)
        self._open(Role.COORDINATOR, f"/participants/{self.people['whole']}/cancel-booking")
        self._wait(hours=10 * 24)
        self.act(Role.INVESTIGATOR, f"/participants/{self.people['whole']}/fit", sign=True, **FIT.values())
        self._set_aside(self._prepare("whole"))
        self._warm_up(self.kits["expired"][-1])
        self._count()
        self._ask_again("whole")
        kit = self._prepare("whole")
        self._open(Role.PHARMACIST, f"/kits/{kit}/damage")
        self._fail_late("whole", kit)
        self._hand_out("whole", outcome="partly given", volume_ml=40, why="Headache")

    def _fail_late(self, name: str, kit: str) -> None:
        """A late result is out of limits, and turns out to be wrong: the quarantine of the kit is lifted."""
        self._result(name, Result.FAILED)
        self.doors.at_site(Role.PHARMACIST).get(f"/kits/{kit}")
        self.doors.at_site(Role.PHARMACIST).get(f"/participants/{self.people[name]}/dispense")
        investigator = self.doors.program(Role.INVESTIGATOR)
        for task in investigator.ask("/tasks").get_json()["rows"]:
            if task["kind"] == TaskKind.QUALITY_ALERT:
                self.act(Role.INVESTIGATOR, f"/tasks/{task['number']}/acknowledge", sign=True)
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

    def _take_back(self, name: str, kit: str) -> None:
        path = f"/participants/{self.people[name]}"
        self.act(Role.PHARMACIST, f"{path}/dispense", kit=kit)
        self.act(Role.PHARMACIST, f"{path}/undo-dispensation", sign=True, why="Wrong trolley")

    def _destroy(self, kit: str) -> None:
        path = f"/kits/{kit}"
        self.act(Role.PHARMACIST, f"{path}/destroy", 422, sign=True, method="incinerated", why="x")
        self.act(Role.PHARMACIST, f"{path}/return", why="Not given")
        self.act(Role.PHARMACIST, f"{path}/destroy", sign=True, method="incinerated", why="Not given")

    def _count(self) -> None:
        program = self.doors.program(Role.PHARMACIST)
        told = program.tell("/stock-takes", {"site": SITE}, 201).get_json()["take"]
        path = f"/stock-takes/{told['number']}"
        for kit in (self.kits["whole"][-1], self.kits["spoilt"][-1], self._first_kit()):
            program.tell(f"{path}/count", {"kit": kit})
        self.act(Role.PHARMACIST, f"{path}/close-count")
        self.doors.at_site(Role.PHARMACIST).get(path)
        program.ask(path)
        self.act(Role.PHARMACIST, f"{path}/settle", why="Settled")

    def _set_aside(self, kit: str) -> None:
        self.act(Role.PHARMACIST, f"/kits/{kit}/missing", why="Not on the shelf")
        self.act(Role.PHARMACIST, f"/kits/{kit}/found", why="Behind the shelf")
        self.act(Role.PHARMACIST, f"/kits/{self.world.schedule[-1].kits[0][0]}/damage", 404, why="Not ready")

    def _warm_up(self, kit: str) -> None:
        logger: dict[str, Any] = {"lowest_c": 3, "highest_c": 31, "minutes": 50, "why": "The door stood open"}
        for kits, status in (([kit, self._first_kit()], 422), ([kit], 200)):
            self.act(Role.PHARMACIST, "/accountability/excursion", status, kits=kits, **logger)

    def _ask_again(self, name: str) -> None:
        number, path = self.people[name], f"/participants/{self.people[name]}"
        self.act(Role.COORDINATOR, f"{path}/replacement", why="Not where it was")
        self.act(Role.COORDINATOR, f"{path}/replacement", 422, why="Once more")
        for available_at in (None, self.world.instance.clock() + timedelta(hours=1)):
            self.world.instance.act(replacements.answer, Role.PREPARER, number, available_at)
            self.doors.at_site(Role.PHARMACIST).get(path)

    def _book(self, name: str, hours: float | None = None) -> None:
        number, now = self.people[name], self.world.instance.clock()
        self.act(
            Role.COORDINATOR,
            f"/participants/{number}/book",
            422,
            booked_for=(now + timedelta(hours=1)).isoformat(),
        )
        later = timedelta(hours=hours or self.definition.kits.lead_time_hours, minutes=30)
        self.act(
            Role.COORDINATOR,
            f"/participants/{number}/book",
            booked_for=(self.world.instance.clock() + later).isoformat(),
        )

    def _sheet(self, name: str) -> Sheet:
        person = self.world.instance.person(Role.PREPARER)
        return sheets.open_sheet(self.world.desk, person, self.people[name])

    def _begin(self, name: str) -> Sheet:
        sheet = self._sheet(name)
        self.world.instance.act(preparation.begin, Role.PREPARER, self.people[name])
        return sheet

    def _prepare(self, name: str) -> str:
        sheet = self._begin(name)
        noted = Preparation(content=sheet.treatment, lot="L-1", thaw="2 min at 37 °C")
        self._end(name, ready=True, kit=sheet.kit, noted=noted)
        self.kits[name].append(sheet.kit)
        return sheet.kit

    def _spoil(self, name: str) -> None:
        self._begin(name)
        self._end(name, ready=False, kit="", noted=Preparation(note="The bag tore."), spoiled=True)

    def _end(self, name: str, **named: Any) -> None:  # noqa: ANN401
        person = self.world.instance.person(Role.PREPARER)
        with self.world.instance.store.writing() as uow:
            preparation.end(uow, self.world.desk, person, self.people[name], **named)

    def _kit(self, name: str) -> str:
        pharmacist = self.doors.program(Role.PHARMACIST)
        periods = pharmacist.ask(f"/participants/{self.people[name]}").get_json()["periods"]
        return str(next(one["kit"] for one in periods if one.get("outcome") is None))

    def _hand_out(self, name: str, **outcome: Any) -> None:  # noqa: ANN401
        number, kit = self.people[name], self._kit(name)
        self.act(Role.PHARMACIST, f"/participants/{number}/dispense", 409, kit=self._other_kit(kit))
        self.act(Role.PHARMACIST, f"/participants/{number}/dispense", kit=kit)
        self.act(Role.PHARMACIST, f"/participants/{number}/dispense", 409, kit=kit)
        self._wait(minutes=5)
        now = self.world.instance.clock()
        stopped: dict[str, Any] = (
            {"stopped_at": now.isoformat()} if outcome["outcome"] == "partly given" else {}
        )
        given: dict[str, Any] = (
            {}
            if outcome["outcome"] == "not given"
            else {"given_at": (now - timedelta(minutes=2)).isoformat()}
        )
        self.act(Role.CARE_PROVIDER, f"/participants/{number}/infusion", **outcome, **given, **stopped)

    def _other_kit(self, kit: str) -> str:
        kits = sorted(one for plan in self.world.schedule for period in plan.kits for one in period)
        return kits[(kits.index(kit) + 1) % len(kits)]

    def _expire(self, name: str) -> None:
        self._wait(minutes=self.definition.kits.expiry_minutes + 1)
        self._jobs()
        self.act(Role.PHARMACIST, f"/participants/{self.people[name]}/dispense", 409, kit=self._first_kit())

    def _first_kit(self) -> str:
        return self.world.schedule[0].kits[0][0]

    def _break_a_code(self) -> None:
        world = self.world
        person, step_up = world.instance.person(Role.ON_CALL), world.instance.step_up(Role.ON_CALL)
        number = self.people["whole"]
        intent = unblinding.intend(
            world.desk, person, step_up, participant=number, reason="emergency", text="x"
        )
        unblinding.disclose(world.desk, person, intent)

    def _judge_blind(self) -> None:
        """Somebody who is blind signs an assessment, and corrects which one it was."""
        path, now = f"/participants/{self.people['whole']}", self.world.instance.clock().isoformat()
        told: dict[str, Any] = {"assessment": "EDSS", "time_point": "week 24", "done_at": now}
        assessor = self.act(Role.OUTCOMES_ASSESSOR, f"{path}/assessment", sign=True, **told)
        number = assessor.ask(path).get_json()["assessments"][-1]["number"]
        again: dict[str, Any] = {**told, "time_point": "unscheduled", "why": "It was an extra visit."}
        self.act(Role.OUTCOMES_ASSESSOR, f"/assessments/{number}/correct", sign=True, **again)
        self._open(Role.INVESTIGATOR, f"/assessments/{number}/strike-out")

    def _jobs(self) -> None:
        with self.world.instance.store.writing() as uow:
            dispensing.expire(uow)
        with self.world.instance.store.writing() as uow:
            due.tell(uow)
            results_due.tell(uow)
            daily.tell(uow)
        self.world.instance.checkpoint()

    def _wait(self, **duration: float) -> None:
        self.world.instance.clock.now += timedelta(**duration)


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


def recorded(
    world: World,
    *,
    audience: Audience = EVERYBODY,
    spoil: Callable[[Doors], None] | None = None,
    traffic: Callable[[Doors, Audience], Traffic] = Traffic,
) -> Recording:
    """Play the traffic over an instance; gives all that could be seen of it.

    Args:
        world: The instance.
        audience: Who looks at everything at the end.
        spoil: Makes the build a leaky one.
        traffic: What is played.
    """
    return _play(world, Recording(), audience, spoil, traffic)


def same_as(
    recording: Recording,
    world: World,
    *,
    audience: Audience = EVERYBODY,
    spoil: Callable[[Doors], None] | None = None,
    traffic: Callable[[Doors, Audience], Traffic] = Traffic,
) -> None:
    """Play the traffic over another instance.

    Raises:
        Caught: Something differs from the recording.
    """
    seen = _play(world, Comparing(other=iter(recording.seen)), audience, spoil, traffic)
    if len(seen.seen) != len(recording.seen):
        raise Caught("less was seen than there")


def _play(
    world: World,
    recording: Recording,
    audience: Audience,
    spoil: Callable[[Doors], None] | None,
    traffic: Callable[[Doors, Audience], Traffic],
) -> Recording:
    with watched(world, recording) as doors:
        if spoil is not None:
            spoil(doors)
        traffic(doors, audience).play()
    mails(world, recording)
    published(world, recording)
    copied(world, recording)
    return recording
