"""After a code break: the decision on treatment, the explanation, the lock, and what whoever knows may be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.participants import Ending, Participant
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import Task, TaskKind
from randomizer.errors import Faulty, NotAllowed, NotFound, Refused
from randomizer.services import accounts, afterwards, conduct, exposure, impact, locking, packs
from randomizer.services.packs import Report
from randomizer.services.views import entry_view, participant_views, sight
from tests.activated import SECOND_SITE, SITE
from tests.desks import OF_A_CODE_BREAK

if TYPE_CHECKING:
    from tests.stages import Stage

pytestmark = [
    pytest.mark.promise(9),
    pytest.mark.requirement("code-break door"),
    pytest.mark.parametrize("database", ["sqlite"]),
]

WHY = "The reaction has passed."
KNOWS = Role.INVESTIGATOR


def task(stage: Stage, number: str, kind: TaskKind) -> int:
    [found] = stage.all(Task, participant=number, kind=kind)
    return found.number


def decide(stage: Stage, number: str, treatment: str, role: Role = KNOWS, **where: str) -> Task:
    choice = {"treatment": treatment, "why": WHY}
    which = task(stage, number, TaskKind.TREATMENT_DECISION)
    return stage.sign(afterwards.decide, role, which, **choice, **where)


def details(stage: Stage, act: Act) -> dict[str, Any]:
    [entry] = stage.all(Entry, act=act.value)
    found: dict[str, Any] = json.loads(stage.get(EntryValues, entry.number).content)["details"]
    return found


def test_treatment_goes_on_by_a_signed_decision(stage: Stage) -> None:
    stage.break_code(stage["second"], Role.ON_CALL)
    assert decide(stage, stage["second"], afterwards.GOES_ON).done_at is not None
    assert stage.get(Participant, stage["second"]).treatable
    assert details(stage, Act.TREATMENT_DECIDED)["signed"]["treatment"] == afterwards.GOES_ON
    with pytest.raises(Refused, match="signed already"):
        decide(stage, stage["second"], afterwards.STOPS)


def test_treatment_stops_by_a_signed_decision_whose_words_stay_behind_this_door(stage: Stage) -> None:
    stage.break_code(stage["second"])
    decide(stage, stage["second"], afterwards.STOPS)
    found = stage.get(Participant, stage["second"])
    assert (found.ending, found.follow_up) == (Ending.TREATMENT_STOPPED, True)
    [stopped] = [
        one for one in stage.all(Entry, participant=found.number) if one.act == Act.TREATMENT_STOPPED
    ]
    assert stage.get(EntryValues, stopped.number).why == afterwards.DECIDED
    with stage.store.reading() as uow:
        seen = sight.of(uow, stage.instance.person(Role.MONITOR))
        [decided] = uow.all(Entry, act=Act.TREATMENT_DECIDED.value)
        assert WHY not in str(entry_view.entry(seen, decided.number))
        assert WHY not in str(participant_views.whole(seen, found))


def test_tasks_are_for_the_site_that_they_are_about(stage: Stage) -> None:
    stage.break_code(stage["second"])
    with pytest.raises(NotAllowed):
        decide(stage, stage["second"], afterwards.GOES_ON, site=SECOND_SITE)
    with pytest.raises(NotAllowed):
        decide(stage, stage["second"], afterwards.GOES_ON, Role.SAFETY_PHYSICIAN)
    with pytest.raises(Refused, match="another one"):
        stage.sign(afterwards.explain, KNOWS, task(stage, stage["second"], TaskKind.IMPACT_ASSESSMENT), WHY)
    with pytest.raises(Refused, match="whether treatment goes on"):
        decide(stage, stage["second"], "perhaps")
    with pytest.raises(NotFound):
        stage.sign(afterwards.explain, KNOWS, 9999, WHY)


def test_nothing_is_decided_for_somebody_whose_treatment_has_ended(stage: Stage) -> None:
    stage.break_code(stage["followed"])
    kinds = {one.kind for one in stage.all(Task, participant=stage["followed"])}
    assert kinds == {TaskKind.IMPACT_ASSESSMENT, TaskKind.EXPLANATION}


def test_every_task_stands_before_the_lock_and_after_it_they_are_addenda(stage: Stage) -> None:
    stage.break_code(stage["dispensed"])
    with stage.store.reading() as uow:
        standing = [one for one in locking.blocks(uow) if one.startswith("Task ")]
    assert len(standing) == len(OF_A_CODE_BREAK)
    with pytest.raises(Faulty) as refused:
        stage.sign(locking.lock, Role.SPONSOR, "done")
    assert set(standing) <= {sentence for _, sentence in refused.value.faults}


def test_after_the_lock_an_explanation_is_a_dated_addendum(stage: Stage) -> None:
    _lock(stage)
    stage.break_code(stage["completed"])
    before = stage.clock.advance(seconds=60)
    for kind, service in (
        (TaskKind.IMPACT_ASSESSMENT, impact.sign_impact),
        (TaskKind.EXPLANATION, afterwards.explain),
    ):
        done = stage.sign(service, KNOWS, task(stage, stage["completed"], kind), WHY)
        assert done.done_at == before
    assert stage.all(Task, kind=TaskKind.TREATMENT_DECISION) == ()
    for act in (Act.IMPACT_SIGNED, Act.BREAK_EXPLAINED):
        assert details(stage, act)["addendum"] is True


def _lock(stage: Stage) -> None:
    stage.sign(conduct.terminate, Role.SPONSOR, "no funds")
    stage.give(stage["dispensed"])
    with stage.store.reading() as uow:
        assert locking.blocks(uow) == ()
    stage.sign(locking.lock, Role.SPONSOR, "done")


def grant(stage: Stage, role: Role, site: str) -> None:
    with stage.store.writing() as uow:
        holder = stage.instance.number(KNOWS)
        accounts.grant(uow, SERVICE, account=holder, role=role, site=site)


def test_who_knows_is_given_no_role_that_judges_outcomes_at_that_site(stage: Stage) -> None:
    stage.break_code(stage["second"])
    with pytest.raises(Refused, match="unblinded for 1 of the participants of site TLS"):
        grant(stage, Role.OUTCOMES_ASSESSOR, SITE)
    grant(stage, Role.OUTCOMES_ASSESSOR, SECOND_SITE)
    grant(stage, Role.COORDINATOR, SITE)


def test_who_knows_is_told_so_wherever_the_participant_is_seen(stage: Stage) -> None:
    stage.break_code(stage["second"])
    for role, number, knows in (
        (KNOWS, stage["second"], True),
        (KNOWS, stage["other"], False),
        (Role.COORDINATOR, stage["second"], False),
    ):
        with stage.store.reading() as uow:
            seen = sight.of(uow, stage.instance.person(role))
            whole = participant_views.whole(seen, participant_views.find(seen, number))
        assert whole["unblinded"] is knows


@pytest.mark.promise(10)
def test_who_opened_a_pack_and_has_an_account_is_unblinded_once_it_is_reported(stage: Stage) -> None:
    number = stage["second"]
    stage.act(packs.issue, Role.TRIAL_MANAGER, SITE)
    report = Report(
        site=SITE,
        participant=number,
        who="The investigator",
        at=stage.clock(),
        why="both doors were down",
        opener="Investigator-TLS",
    )
    with pytest.raises(NotFound, match="no account of this user name"):
        stage.act(packs.record_opening, Role.TRIAL_MANAGER, replace(report, opener="nobody"))
    stage.act(packs.record_drill, Role.TRIAL_MANAGER, report)
    with stage.store.reading() as uow:
        assert not exposure.unblinded_for(uow, stage.instance.number(KNOWS), number)
    stage.act(packs.record_opening, Role.TRIAL_MANAGER, report)
    with stage.store.reading() as uow:
        assert exposure.unblinded_for(uow, stage.instance.number(KNOWS), number)
        assert not exposure.unblinded_for(uow, stage.instance.number(Role.ON_CALL), number)
        kinds = {one.kind for one in uow.all(Task, participant=number)}
    assert kinds == OF_A_CODE_BREAK
    with pytest.raises(Refused, match="unblinded for 1"):
        grant(stage, Role.OUTCOMES_ASSESSOR, SITE)
