"""How often a page asks the database has nothing to do with how many participants there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import event

from randomizer.domain.people import Role
from randomizer.services.care import assessments
from randomizer.services.unblinded import unblinding
from randomizer.web.door import DoorSettings
from randomizer.web.site.app import create_app
from tests import desks
from tests.web.site import visitors

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Visit

CODEBREAK = {
    Role.INVESTIGATOR: ("/code-breaks", "/tasks"),
    Role.PREPARER: ("/preparation",),
    Role.CLEARER: ("/clearance", "/quarantine"),
    Role.TRIAL_MANAGER: ("/lock", "/code-breaks/times"),
    Role.UNBLINDED_STATISTICIAN: ("/meter",),
}
SITE = {
    Role.INVESTIGATOR: ("/", "/participants", "/enrolment", "/tasks"),
    Role.PHARMACIST: ("/", "/accountability"),
    Role.TRIAL_MANAGER: ("/", "/participants", "/accountability.csv", "/tasks", "/alarms", "/trail"),
}
OK = 200
MOST = 35  # statements; what makes the layout and checks the session are half of them


def enrol(instance: Instance, desk: Desk, course: str) -> None:
    """One participant more wherever a participant may wait for somebody."""
    desks.harvested(instance, course)
    desks.booked(instance, desks.randomized(instance, desk, course))
    ready = desks.randomized(instance, desk, course)
    desks.booked(instance, ready)
    desks.prepared(instance, desk, ready)
    number = desks.randomized(instance, desk, course)
    desks.dispensed(instance, desk, number)
    step_up, doctor = instance.step_up(Role.INVESTIGATOR), instance.person(Role.INVESTIGATOR)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, doctor, intent)
    instance.clock.advance(seconds=60)
    instance.sign(
        assessments.sign_assessment,
        Role.OUTCOMES_ASSESSOR,
        number,
        assessment="EDSS",
        time_point="week 24",
        done_at=instance.clock(),
    )


def test_no_list_asks_once_for_each_participant(visit: Visit, instance: Instance, desk: Desk) -> None:
    settings = DoorSettings(session_secret="of the tests", https=False)
    site = visitors.Visit(create_app(instance.store, instance.gate, settings), instance)
    taken: list[str] = []
    event.listen(instance.store.engine, "before_cursor_execute", lambda *said: taken.append(said[2]))

    def counted() -> dict[tuple[str, Role, str], int]:
        """How many statements each page takes; whoever signed in hours ago is out by now."""
        found = {}
        for door, let_in, pages in (("code break", visit, CODEBREAK), ("site", site, SITE)):
            for role, paths in pages.items():
                client = let_in(role).client
                for path in paths:
                    client.get(path)  # what a process learns once
                    taken.clear()
                    assert client.get(path, buffered=True).status_code == OK, (door, role, path)
                    found[door, role, path] = len(taken)
        return found

    enrol(instance, desk, "relapsing")
    few = counted()
    for _ in range(2):
        enrol(instance, desk, "progressive")
    assert counted() == few
    assert max(few.values()) <= MOST, few
