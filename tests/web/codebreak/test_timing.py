"""Time to the answer: recorded from the page on, and told without whose it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.domain.records import Telling
from randomizer.services.unblinded import unblinding
from tests.desks import infused, randomized
from tests.web.codebreak.test_api import Program
from tests.web.codebreak.test_breaking import send_signed, write
from tests.web.codebreak.walks import look

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Visit
    from tests.web.lens import Lens

pytestmark = [pytest.mark.promise(9), pytest.mark.requirement("code-break door")]

SEES = {"trial manager", "data manager", "monitor", "sponsor representative", "safety physician"}


def test_the_time_runs_from_the_page_to_the_answer(visit: Visit, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    guest = visit(Role.ON_CALL)
    guest.get(f"/code-break/{number}")
    instance.clock.advance(seconds=65)
    guest.get(f"/code-break/{number}")  # looked at again: the time runs from the first look
    page = write(guest, number)
    send_signed(guest, number, page, guest.factor())
    program = Program(instance, visit.app.test_client(), Role.DATA_MANAGER).sign_in()
    rows = program.get("/code-breaks/times")["rows"]
    assert [(one["seconds"], one["site"], one["way"]) for one in rows] == [
        (95, "TLS", "to who broke the code")
    ]
    assert program.fetch("GET", "/code-breaks/times?format=csv", 200).text.startswith("answered_at,site,way,")
    page = visit(Role.TRIAL_MANAGER).get("/code-breaks/times")
    assert "1 min 35 s" in page  # 65, and the 30 that a fresh code waits for
    assert "Toulouse" in page
    for told in (number, sheet.content, "On Call"):
        assert told not in page


def test_a_page_that_was_left_open_for_hours_is_opened_anew(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    guest = visit(Role.ON_CALL)
    guest.get(f"/code-break/{number}")
    instance.clock.advance(hours=2)
    guest = visit(Role.ON_CALL)
    send_signed(guest, number, write(guest, number), guest.factor())
    with instance.store.reading() as uow:
        assert [one.page_opened_at for one in uow.all(Telling)] == [None]
    assert "No answer was timed yet" in visit(Role.MONITOR).get("/code-breaks/times")


def test_who_sees_times(visit: Visit, instance: Instance) -> None:
    for role in Role:
        visit(role).get("/code-breaks/times", 200 if role in SEES else 403)


def test_the_page_in_a_browser(lens: Lens, visit: Visit, instance: Instance, desk: Desk) -> None:
    for seconds in (95, 240, 61):
        number = randomized(instance, desk)
        person, opened_at = instance.person(Role.ON_CALL), instance.clock()
        instance.clock.advance(seconds=seconds)
        step_up = instance.step_up(Role.ON_CALL)
        intent = unblinding.intend(
            desk, person, step_up, participant=number, reason="emergency", page_opened_at=opened_at
        )
        unblinding.disclose(desk, person, intent)
        instance.clock.advance(days=9)
    look(lens, visit(Role.MONITOR).get("/code-breaks/times"), "times")
