"""Blinded assessments as pages and calls: signed by who is blind, refused in plain words to who is not."""

from __future__ import annotations

import re
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
    from tests.web.site.visitors import Visit

pytestmark = pytest.mark.requirement("site door")


def break_code(instance: Instance, desk: Desk, number: str, role: Role) -> None:
    step_up, person = instance.step_up(role), instance.person(role)
    intent = unblinding.intend(desk, person, step_up, participant=number, reason="emergency")
    unblinding.disclose(desk, person, intent)


def test_an_assessor_signs_and_who_knows_is_refused(
    app: Flask, visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = desks.randomized(instance, desk)
    path = f"/participants/{number}/assessment"
    now = f"{instance.clock():%Y-%m-%d %H:%M}"
    instance.clock.advance(seconds=60)
    edss = {"assessment": "EDSS", "time_point": "week 24", "done_at": now}
    assessor, investigator = visit(Role.OUTCOMES_ASSESSOR), visit(Role.INVESTIGATOR)
    assert f'class="btn btn-primary" href="{path}"' in assessor.get(f"/participants/{number}")
    assert "Choose the assessment" in assessor.post(path, {}, 422, sign=True)
    assert "MRI" not in investigator.get(path), "others sign that"
    signed = assessor.post(path, edss, sign=True)
    assert "The blinded assessment is signed." in signed
    assert "EDSS: progression of disability" in signed

    [made] = re.findall(r'href="(/assessments/\d+)/correct"', signed)
    correction = assessor.get(f"{made}/correct")
    assert f'value="{now}"' in correction, "it shows what stands"
    assert "Reason is missing" in assessor.post(f"{made}/correct", edss, 422, sign=True)
    again = {**edss, "time_point": "unscheduled", "why": "an extra visit"}
    corrected = assessor.post(f"{made}/correct", again, sign=True)
    assert "The blinded assessment is corrected." in corrected
    assert "Unscheduled" in corrected
    assert f"by {instance.person(Role.OUTCOMES_ASSESSOR).printed_name}" in corrected
    assert investigator.get("/assessments/999999/correct", 404)

    break_code(instance, desk, number, Role.INVESTIGATOR)
    page = investigator.get(path, 422)
    assert "You are unblinded" in investigator.get(f"{made}/strike-out", 422)
    assert made not in investigator.get(f"/participants/{number}")
    assert f"You are unblinded for participant {number}" in page
    assert "who is blind to this participant" in page
    assert path not in investigator.get(f"/participants/{number}")
    assert path in assessor.get(f"/participants/{number}"), "a colleague goes on"

    relapse = {"assessment": "RELAPSE", "time_point": "week 24", "done_at": f"{instance.clock().isoformat()}"}
    knows = Program(instance, app.test_client(), Role.INVESTIGATOR).sign_in()
    problem = knows.post(f"/participants/{number}/assessment", {**relapse, **knows.factor()}, 422)
    assert problem["detail"].startswith(f"You are unblinded for participant {number}")
    assert "outcomes assessor" in problem["next_step"]
    blind = Program(instance, app.test_client(), Role.OUTCOMES_ASSESSOR).sign_in()
    answer = blind.post(f"/participants/{number}/assessment", {**relapse, **blind.factor()})
    assert [one["assessment"] for one in answer["assessments"]] == ["EDSS", "RELAPSE"]
    struck = blind.post(f"{made}/strike-out", {"why": "of somebody else", **blind.factor()})
    assert [one["struck"] for one in struck["assessments"]] == [True, False]
    tasks = visit(Role.TRIAL_MANAGER).get("/tasks")
    assert "Relapses: number since the first infusion · week 24" in tasks
    assert "EDSS: progression of disability · unscheduled, struck out" in tasks, "that came since"
