"""The definition, phase, sites and roles that somebody writes by SQL are followed by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.housekeeping import TrailHead
from randomizer.domain.people import Role
from randomizer.domain.records import Alarm, AlarmKind
from randomizer.errors import NotAllowed, Stopped, Tampered
from randomizer.services import accounts, alarms, conduct, locking
from randomizer.services.care import allocation, endings, enrolment, products
from randomizer.services.transactions import raise_tampering
from randomizer.services.unblinded import preparation
from tests.activated import SITE
from tests.services.editing import PARTICIPANT, kit_of, noticed, sql

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stages import Stage

pytestmark = [pytest.mark.promise(17), pytest.mark.requirement("trail")]

SECOND_GRANT = (
    "INSERT INTO role_grant (account, role, site, granted_at, entry) "
    "SELECT account, 'investigator', 'TLS', granted_at, entry FROM role_grant WHERE account = :who"
)


def test_a_definition_written_into_the_trial_is_not_followed(stage: Stage) -> None:
    """A shorter interval, a longer life of kits: the definition is that of its entry."""
    sql(stage, "UPDATE trial SET definition = replace(definition, '161', '100')")
    for act in (
        lambda: stage.book(stage["between"]),
        lambda: stage.fit(stage["booked"]),
        lambda: stage.dispense(stage["ready"], kit_of(stage)),
        lambda: stage.act(enrolment.consent, Role.COORDINATOR, SITE),
        lambda: stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"]),
        lambda: stage.act(preparation.begin, Role.PREPARER, stage["fit"]),
        lambda: stage.sign(locking.lock, Role.SPONSOR, "clean"),
    ):
        noticed(stage, "Trial 1", act)


def test_a_definition_that_cannot_be_read_is_a_bent_record_and_no_fault_of_whoever_asks(stage: Stage) -> None:
    sql(stage, "UPDATE trial SET definition = 'x'")
    noticed(stage, "Trial 1", lambda: stage.book(stage["between"]))
    noticed(stage, "Trial 1", lambda: stage.dispense(stage["ready"], kit_of(stage)))


def test_a_phase_written_into_the_trial_is_not_followed(stage: Stage) -> None:
    stage.sign(conduct.terminate, Role.SPONSOR, "futility")
    sql(stage, "UPDATE trial SET phase = 'active'")
    noticed(stage, "Trial 1", lambda: stage.act(enrolment.consent, Role.COORDINATOR, SITE))
    noticed(stage, "Trial 1", lambda: stage.dispense(stage["ready"], kit_of(stage)))


def test_a_site_written_open_enrols_nobody(stage: Stage) -> None:
    sql(stage, "UPDATE site SET state = 'open' WHERE code = 'EX2'")
    noticed(
        stage,
        "SiteStatus EX2",
        lambda: stage.act(endings.transfer, Role.TRIAL_MANAGER, stage["between"], "EX2", "moved"),
    )


@pytest.mark.promise(20)
@pytest.mark.parametrize(
    ("statement", "about"),
    [
        ("UPDATE role_grant SET role = 'investigator', site = 'TLS' WHERE account = :who", "Grant"),
        ("UPDATE role_grant SET site = '' WHERE account = :who", "Grant"),
        (SECOND_GRANT, "Grant"),
        ("UPDATE account SET printed_name = 'Dr Somebody' WHERE number = :who", "Account"),
    ],
)
def test_a_role_written_into_the_database_counts_for_nothing(
    stage: Stage, statement: str, about: str
) -> None:
    number = stage.instance.number(Role.COORDINATOR)
    sql(stage, statement, who=number)
    with pytest.raises(Tampered) as stop:
        stage.act(enrolment.consent, Role.COORDINATOR, SITE)
    assert stop.value.about.startswith(f"{about} {number}")


@pytest.mark.promise(20)
def test_a_revoked_role_written_back_counts_for_nothing(stage: Stage) -> None:
    number = stage.instance.number(Role.COORDINATOR)
    admin = stage.instance.person(Role.ADMINISTRATOR)
    with stage.store.writing() as uow:
        accounts.revoke(uow, admin, account=number, role=Role.COORDINATOR, site=SITE)
    with pytest.raises(NotAllowed):
        stage.act(enrolment.consent, Role.COORDINATOR, SITE)
    sql(stage, "UPDATE role_grant SET revoked_at = NULL WHERE account = :who", who=number)
    with pytest.raises(Tampered, match=f"Grant {number}"):
        stage.act(enrolment.consent, Role.COORDINATOR, SITE)


def test_no_act_carries_an_edited_row_on(stage: Stage) -> None:
    """The row of each kind is compared before it is changed, whichever service changes it."""
    account = stage.instance.number(Role.MONITOR)
    admin = stage.instance.person(Role.ADMINISTRATOR)
    with stage.store.writing() as uow:
        alarm = alarms.raise_alarm(uow, AlarmKind.LOW_WATER, "stratum PRO")
    edits: tuple[tuple[str, object, str, Callable[[], object]], ...] = (
        (
            "UPDATE alarm SET about = 'nothing' WHERE number = :key",
            alarm.number,
            f"Alarm {alarm.number}",
            lambda: stage.act(alarms.clear, Role.TRIAL_MANAGER, alarm.number, "seen"),
        ),
        (
            "UPDATE role_grant SET granted_at = '2020-01-01T00:00:00.000000Z' WHERE account = :key",
            account,
            f"Grant {account} monitor ",
            lambda: _revoke(stage, admin, account),
        ),
        (
            "UPDATE product SET identifier = 'X' WHERE participant = :key",
            stage["cleared by QP"],
            f"Product {stage['cleared by QP']} 1",
            lambda: stage.sign(products.give_go, Role.SPONSOR, stage["cleared by QP"]),
        ),
        (
            "UPDATE site SET state = 'closed' WHERE code = :key",
            "EX3",
            "SiteStatus EX3",
            lambda: stage.sign(conduct.open_site, Role.SPONSOR, "EX3"),
        ),
    )
    for statement, key, about, act in edits:
        sql(stage, statement, key=key)
        noticed(stage, about, act)


def _revoke(stage: Stage, admin: Any, account: int) -> None:  # noqa: ANN401 - a Person
    with stage.store.writing() as uow:
        accounts.revoke(uow, admin, account=account, role=Role.MONITOR)


def test_a_tampering_that_was_noticed_stops_randomizing_until_somebody_has_looked(stage: Stage) -> None:
    number = stage["between"]
    sql(stage, PARTICIPANT.format("attempt = 3"), who=number)
    with pytest.raises(Tampered) as stop:
        stage.book(number)
    raise_tampering(stage.store, stop.value)
    raise_tampering(stage.store, stop.value)
    [alarm] = stage.all(Alarm)
    assert (alarm.kind, alarm.about) == (AlarmKind.TRAIL, f"Participant {number}")
    with pytest.raises(Stopped, match=f"Participant {number}"):
        stage.sign(allocation.randomize, Role.INVESTIGATOR, stage["cleared"])
    assert stage.all(TrailHead)[0].size == alarm.entry + 1
