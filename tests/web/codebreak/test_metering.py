"""The meter as a page and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.services.unblinded import unblinding
from tests import desks
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Visit

pytestmark = [pytest.mark.promise(12), pytest.mark.requirement("code-break door")]

STATISTICIAN = Role.UNBLINDED_STATISTICIAN


def test_before_the_first_randomization_the_page_says_so(visit: Visit) -> None:
    page = visit(STATISTICIAN).get("/meter")
    assert "Nobody is randomized yet." in page
    assert "<svg" not in page


def test_the_page_and_a_program_are_told_the_same(
    visit: Visit, app: Flask, instance: Instance, desk: Desk
) -> None:
    number, *_ = [desks.randomized(instance, desk) for _ in range(3)]
    person, step_up = instance.person(Role.ON_CALL), instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, person, intent)

    page = visit(STATISTICIAN).get("/meter")
    told = Program(instance, app.test_client(), STATISTICIAN).sign_in().get("/meter")

    assert told["randomized"] == 3
    assert [row["count"] for row in told["guesses"]] == [3, 1, 0, 0, 0]
    rate = told["guesses"][1]["rate"]
    assert 0.5 < rate <= told["surest"]
    assert [one["rate"] for one in told["history"]] == [0.5, rate, rate]
    for words in ("50.0 %", f"{100 * rate:.1f} %", f"{100 * told['surest']:.1f} %", "<svg", "Replacements"):
        assert words in page
    assert number not in page


@pytest.mark.promise(4)
def test_nobody_else_has_a_link_to_it(visit: Visit) -> None:
    for role in Role:
        linked = 'href="/meter"' in visit(role).client.get("/tasks", follow_redirects=True).text
        assert linked == (role is STATISTICIAN), role
