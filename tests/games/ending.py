"""The blinded traffic of how a trial ends: period 1 locked and released, terminated, locked, released.

What `traffic` has not: a kit that is replaced by its spare in the same preparation, with notes that differ
by the content, so that the blinded acts are the same and the unblinded record is not; a kit in quarantine; a
code break that is assessed; the staged release; early termination with one kit handed out and another one
ready; acts that come too late; the lock and the release.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.domain.records import TaskKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.services import locking
from randomizer.services.afterwards import GOES_ON
from randomizer.services.unblinded import release, staged
from tests import desks
from tests.games.staff import Staff

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.unblinded.sheets import Sheet

NOTED = {
    "MSC": Preparation(lot="C-17", cell_count="1.5e8", viability="91 %", form="frozen", thaw="2 min"),
    "MEDIUM": Preparation(lot="M-3", note="Nothing to count."),
}
"""What the preparer writes down by the content: sealed, and of one length."""
PATHS = ("/", "/sites", "/enrolment", "/trail")
CALLS = ("/participants?format=csv", "/entries?format=csv", "/tasks")


@dataclass
class Ending(Staff):
    """One run.

    Args:
        until: The last chapter that is played, "" for all.
    """

    until: str = ""

    def play(self) -> None:
        """Two periods of three participants, and the end of the trial around them."""
        for name, chapter in self.chapters().items():
            chapter()
            if name == self.until:
                return

    def chapters(self) -> dict[str, Callable[[], None]]:
        """What happens, in order, by name."""
        return {
            "first periods": self._first_periods,
            "assessment": self._assess,
            "staged release": self._release_period_1,
            "second periods": self._second_periods,
            "termination": self._terminate,
            "lock": self._lock,
            "release": self._release,
        }

    def _first_periods(self) -> None:
        names = ("replaced", "whole", "other")
        for name in names:
            self.people[name] = desks.randomized(self.world.instance, self.world.desk)
        self._make_fit(*names)
        self._fill("replaced", torn=True)
        self._fill("whole")
        self._fill("other")
        kit = self.kits["other"][-1]
        self.act(Role.PHARMACIST, f"/kits/{kit}/quarantine", why="The box was warm.")
        self._fill("other")
        for name in names:
            self.hand_out(name, outcome="given")

    def _release_period_1(self) -> None:
        """Staged release: the sponsor locks period 1, and sealed files go out to the custodians."""
        self.act(Role.TRIAL_MANAGER, "/trial/close-enrolment", why="The last one is in")
        self.world.instance.sign(locking.lock_period, Role.SPONSOR, "All queries about period 1 are closed")
        self.world.instance.checkpoint()
        person, desk = self.world.instance.person(Role.UNBLINDED_STATISTICIAN), self.world.desk
        with self.world.instance.store.writing() as uow:
            staged.export(uow, desk, person, self.world.directory / "staged")
        self.doors.at_codebreak(Role.SPONSOR).get("/lock", 200)
        self._glance(Role.TRIAL_MANAGER)

    def _second_periods(self) -> None:
        """One kit is handed out, the other one is ready, when the trial is terminated."""
        self.wait(days=self.definition.periods[1].interval_days)
        names = ("replaced", "whole")
        self._make_fit(*names)
        for name in names:
            self._fill(name)
        self.dispense("whole")

    def _terminate(self) -> None:
        waiting, kit = self.people["replaced"], self.kits["replaced"][-1]
        self.act(Role.SPONSOR, "/trial/terminate", sign=True, why="Recruitment ended")
        self.act(Role.PHARMACIST, f"/participants/{waiting}/dispense", 0, kit=kit)
        self._book_too_late(waiting)
        self.act(
            Role.CARE_PROVIDER,
            f"/participants/{self.people['whole']}/infusion",
            outcome="not given",
            why="The trial is over.",
        )
        self._glance(Role.TRIAL_MANAGER)

    def _lock(self) -> None:
        sponsor = self.doors.at_codebreak(Role.SPONSOR)
        sponsor.get("/lock", 200)
        sponsor.tell("/lock", {"why": "All queries are closed"}, sign=True)
        sponsor.get("/lock", 200)
        self._book_too_late(self.people["replaced"])
        self._glance(Role.TRIAL_MANAGER)

    def _release(self) -> None:
        """The sealed release goes out and a copy comes back; nobody at the site door has any of it.

        That the copy makes the schedule of the certificate is not asked: that schedule came of no seed.
        """
        person, desk = self.world.instance.person(Role.UNBLINDED_STATISTICIAN), self.world.desk
        with self.world.instance.store.writing() as uow:
            release.export_sealed(uow, desk, person, self.world.directory / "exported")
        copy = desks.copy_for(self.world.rehearsal, "code-break-host")
        with pytest.MonkeyPatch.context() as patch, self.world.instance.store.writing() as uow:
            patch.setattr(release, "open_release", lambda *_: None)
            release.import_release(uow, desk, person, copy)
        self._glance(Role.PHARMACIST, Role.STATISTICIAN, Role.OUTCOMES_ASSESSOR)

    def _judge(self) -> None:
        """After the code break an assessor signs a blinded assessment; nobody at the site was told."""
        path = f"/participants/{self.people['whole']}/assessment"
        for role in (Role.OUTCOMES_ASSESSOR, Role.INVESTIGATOR):
            self.doors.at_site(role).get(path, 200)
        now = self.world.instance.clock().isoformat()
        self.act(
            Role.OUTCOMES_ASSESSOR, path, sign=True, assessment="EDSS", time_point="week 24", done_at=now
        )

    def _assess(self) -> None:
        """Break a code, sign what that asks for, and let those look who were not told."""
        self.break_a_code("whole")
        self._judge()
        investigator = self.doors.at_codebreak(Role.INVESTIGATOR)
        for task in investigator.ask("/tasks").get_json()["rows"]:
            decided = {"treatment": GOES_ON} if task["kind"] == TaskKind.TREATMENT_DECISION else {}
            impact = investigator.ask(f"/tasks/{task['number']}").get_json()["impact"] or {"assessments": []}
            listed = {"assessments": [one["entry"] for one in impact["assessments"]]}
            told = {"why": "The assessment may be affected."} | decided | listed
            investigator.tell(f"/tasks/{task['number']}/sign", told, sign=True)
        self._glance(Role.INVESTIGATOR)

    def _make_fit(self, *names: str) -> None:
        for name in names:
            self.book(name)
        self.wait(hours=self.definition.kits.lead_time_hours)
        self.fit(*names)

    def _fill(self, name: str, *, torn: bool = False) -> None:
        """A kit is prepared and received; where the first bag tore, the spare is filled in the same go."""
        sheet = self.begin(name)
        kit = sheet.spares[0] if torn else sheet.kit
        self.end(name, ready=True, kit=kit, noted=_noted(sheet), spoiled=torn)
        self.kits[name].append(kit)
        self.receive(name)

    def _book_too_late(self, number: str) -> None:
        later = self.world.instance.clock() + timedelta(days=10)
        path = f"/participants/{number}/book"
        self.act(Role.COORDINATOR, path, 422, booked_for=later.isoformat())

    def _glance(self, *roles: Role) -> None:
        for role in roles:
            somebody = self.doors.at_site(role)
            for path in (*PATHS, *(f"/participants/{number}" for number in self.people.values())):
                somebody.get(path)
            for path in CALLS:
                somebody.ask(path)


def _noted(sheet: Sheet) -> Preparation:
    return replace(NOTED[sheet.treatment], content=sheet.treatment)
