"""Services called where they must refuse, and what is demanded of the refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.people import Role
from randomizer.errors import Faulty, RandomizerError, Refused
from randomizer.services.care.enrolment import Answers
from tests.activated import SITE, answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stages import Stage


class At:
    """The participant at a station, or what else the stage knows, in the place of an argument."""

    def __init__(self, find: Callable[[Stage], Any]) -> None:
        self.find = find


def now(**later: float) -> At:
    return At(lambda stage: stage.clock() + timedelta(**later))


def person_at(station: str) -> At:
    return At(lambda stage: stage[station])


def good_answers(stage: Stage, **levels: str) -> Answers:
    return Answers(items=answers(stage.instance.definition), levels={"course": "relapsing"} | levels)


def bad_answers(stage: Stage) -> Answers:
    items = answers(stage.instance.definition)
    items["IN01"] = replace(items["IN01"], values={"age_years": "51"})
    items["IN02"] = replace(items["IN02"], confirmed=False)
    return Answers(items=items, levels={"course": "relapsing"})


@dataclass(frozen=True, kw_only=True)
class Case:
    """A service called where it must refuse."""

    service: Callable[..., Any]
    role: Role
    given: tuple[Any, ...]
    says: str
    about: str | None = "participant"
    named: dict[str, Any] = field(default_factory=dict)
    error: type[RandomizerError] = Refused
    signed: bool = False
    site: str = SITE

    def run(self, stage: Stage) -> None:
        given = [one.find(stage) if isinstance(one, At) else one for one in self.given]
        named = {name: one.find(stage) if isinstance(one, At) else one for name, one in self.named.items()}
        call = stage.sign if self.signed else stage.act
        call(self.service, self.role, *given, site=self.site, **named)


COORDINATOR, INVESTIGATOR, PHARMACIST = Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST
SPONSOR, MANAGER, NURSE, PREPARER = Role.SPONSOR, Role.TRIAL_MANAGER, Role.CARE_PROVIDER, Role.PREPARER
TWICE = {"identifier": "D1", "again": "D1"}
WRONG_ENDING = {"why": "gone", "follow_up": False}


def case(service: Callable[..., Any], role: Role, *given: Any, says: str, **more: Any) -> Case:  # noqa: ANN401
    return Case(service=service, role=role, given=given, says=says, **more)


def demand_unchanged(stage: Stage, before: dict[str, Any]) -> None:
    after = stage.dump()
    assert [kind for kind, rows in after.items() if rows != before[kind]] == []


def demand_refused(stage: Stage, case: Case) -> None:
    """It is refused in words that help, and nothing was changed."""
    before = stage.dump()

    with pytest.raises(case.error) as refusal:
        case.run(stage)

    error = refusal.value
    assert type(error) is case.error
    assert re.search(case.says, error.message, re.DOTALL), error.message
    faults = error.faults if isinstance(error, Faulty) else ((error.field, ""),)
    assert [field for field, _ in faults] == (case.about.split() if case.about else [None])
    assert error.next_step
    assert "Traceback" not in error.message
    demand_unchanged(stage, before)
