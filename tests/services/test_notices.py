from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import Notice
from randomizer.domain.people import SERVICE, Role
from randomizer.services import account_closing, accounts, notices
from randomizer.services.upkeep import due
from tests.activated import SECOND_SITE, SITE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.stages import Stage

    Told = dict[str, tuple[str, ...]]

pytestmark = pytest.mark.requirement("notices")


def told(
    stage: Stage, roles: Iterable[str], site: str, occasion: str = "", tells: Told | None = None
) -> list[str]:
    before = {one.number for one in stage.all(Notice)}
    with stage.store.writing() as uow:
        queued = notices.queue(
            uow, roles, site=site, tells=tells or {}, subject="s", body="b", occasion=occasion
        )
    found = [one.recipient for one in stage.all(Notice) if one.number not in before]
    assert len(found) == queued
    return sorted(found)


def test_site_staff_hear_of_their_own_site_and_trial_wide_roles_of_all(stage: Stage) -> None:
    roles = ["investigator", "trial manager"]
    assert told(stage, roles, SITE) == ["investigator-tls@example.org", "trial-manager@example.org"]
    assert told(stage, roles, SECOND_SITE) == ["investigator-ex1@example.org", "trial-manager@example.org"]
    assert told(stage, roles, "") == ["trial-manager@example.org"]
    assert told(stage, [], SITE) == []


@pytest.mark.promise(4)
@pytest.mark.parametrize(
    ("tells", "heard"),
    [
        ({"CodeBreak": ("participant",)}, ["investigator-tls", "sponsor-representative"]),
        ({"CodeBreak": ("participant", "reason")}, ["investigator-tls"]),
        ({"Kit": ("number",)}, ["investigator-tls"]),
        ({"Alarm": ("about",)}, []),
        ({"Sheet": ("content",)}, []),
        ({"Participant": ("number", "no such field")}, []),
    ],
)
def test_no_mail_tells_a_role_what_the_policy_does_not_show_it(
    stage: Stage, tells: Told, heard: list[str]
) -> None:
    """Whatever a definition lists: an outcomes assessor hears of no code break, a sponsor of no kit."""
    roles = ["investigator", "outcomes assessor", "sponsor representative"]
    assert told(stage, roles, SITE, tells=tells) == [f"{name}@example.org" for name in heard]


def test_nobody_hears_who_left_or_whose_role_was_revoked(stage: Stage) -> None:
    admin = stage.instance.person(Role.ADMINISTRATOR)
    with stage.store.writing() as uow:
        account_closing.close(uow, admin, stage.instance.number(Role.TRIAL_MANAGER), "left")
        accounts.revoke(
            uow, admin, account=stage.instance.number(Role.COORDINATOR), role=Role.COORDINATOR, site=SITE
        )
    assert told(stage, ["coordinator", "trial manager", "data manager"], SITE) == ["data-manager@example.org"]


def test_whoever_holds_two_of_the_roles_is_told_once_and_once_per_occasion(stage: Stage) -> None:
    account = stage.instance.number(Role.COORDINATOR)
    with stage.store.writing() as uow:
        accounts.grant(uow, SERVICE, account=account, role=Role.INVESTIGATOR, site=SITE)
    both = ["coordinator", "investigator"]
    assert told(stage, both, SITE, "o") == ["coordinator-tls@example.org", "investigator-tls@example.org"]
    assert told(stage, both, SITE, "o") == []


@pytest.mark.promise(9)
def test_after_a_code_break_the_people_of_the_policy_hear_that_it_happened_and_no_more(stage: Stage) -> None:
    before = {one.number for one in stage.all(Notice)}
    answer = stage.break_code(stage["between"], Role.ON_CALL)
    new = [one for one in stage.all(Notice) if one.number not in before]
    assert {one.recipient for one in new} == {
        "investigator-tls@example.org",
        "trial-manager@example.org",
        "sponsor-representative@example.org",
        "safety-physician@example.org",
    }
    for one in new:
        for treatment in stage.instance.definition.treatments:
            assert treatment.name not in one.subject + one.body
        assert answer.given[0].kit not in one.subject + one.body


@pytest.mark.promise(1)
def test_reminders_go_to_those_of_the_policy_and_are_alike_but_for_number_and_date(stage: Stage) -> None:
    stage.clock.advance(days=40)
    before = {one.number for one in stage.all(Notice)}
    with stage.store.writing() as uow:
        assert due.tell(uow) == 4  # "between" and "second", whose booking has passed; two people each
    new = [one for one in stage.all(Notice) if one.number not in before]
    assert {one.recipient for one in new} == {"coordinator-tls@example.org", "trial-manager@example.org"}
    said = {
        one.body.replace(stage["between"], "#").replace(stage["second"], "#") + one.subject[:20]
        for one in new
    }
    assert len(said) == 1
    with stage.store.writing() as uow:
        assert due.tell(uow) == 0
