from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.definition import parse_definition
from randomizer.domain.housekeeping import Notice
from randomizer.domain.participants import Ending, Participant, State
from randomizer.domain.people import SERVICE, Account, Grant, Role
from randomizer.domain.supply import Outcome, PeriodRecord
from randomizer.domain.trial import Kind, Phase, Trial
from randomizer.jobs import tasks
from randomizer.services import trail
from randomizer.services.founding import instances

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.domain.definition_values import Definition
    from randomizer.jobs.context import Context
    from tests.jobs.conftest import Clock

pytestmark = pytest.mark.requirement("scheduler")

MESEMS = Path(__file__).parents[2] / "config" / "mesems.toml"
SITE = "TLS"
MORNING = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


@pytest.fixture
def definition(context: Context) -> Definition:
    """A running trial with a coordinator at each of two sites and a monitor."""
    definition = parse_definition(MESEMS.read_text(encoding="utf-8"), "mesems.toml")
    with context.store.writing() as uow:
        trial = instances.create(uow, definition, Kind.PRODUCTION)
        with trail.act(uow, Act.TRIAL_ACTIVATED, SERVICE) as act:
            act.change(trial, phase=Phase.ACTIVE)
        holders = ((1, Role.COORDINATOR, SITE), (2, Role.COORDINATOR, "EX1"), (3, Role.MONITOR, ""))
        for number, role, site in holders:
            with trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
                name = f"user{number}"
                act.add(Account(number=number, username=name, printed_name=name, email=f"{name}@example.org"))
                act.add(Grant(account=number, role=role, site=site, granted_at=act.at))
    return definition


@pytest.fixture
def crossing(context: Context, clock: Clock, definition: Definition) -> Participant:
    """A participant whose first infusion was given now and whose second is open."""
    with context.store.writing() as uow, trail.act(uow, Act.RANDOMIZED, SERVICE) as act:
        participant = act.add(
            Participant(number="10013", site=SITE, state=State.BETWEEN, period=1, consented_at=clock())
        )
        act.add(
            PeriodRecord(
                participant="10013", period=1, given_at=clock(), outcome=Outcome.GIVEN, closed_at=clock()
            )
        )
        act.add(PeriodRecord(participant="10013", period=2))
    return participant


@pytest.fixture
def tell_on_day(
    context: Context, clock: Clock, turn: Callable[..., None], crossing: Participant
) -> Callable[[int], list[tuple[str, str]]]:
    """Turns the clock to that day after the first infusion; gives recipient and subject of what is new."""

    def tell(days: int) -> list[tuple[str, str]]:
        turn(seconds=(MORNING + timedelta(days=days) - clock()).total_seconds())
        with context.store.reading() as uow:
            before = {notice.number for notice in uow.all(Notice)}
        tasks.tell_crossovers(context)
        assert tasks.tell_crossovers(context) == 0  # once a day, however often it is asked
        with context.store.reading() as uow:
            new = [notice for notice in uow.all(Notice) if notice.number not in before]
        return [(notice.recipient, notice.subject) for notice in new]

    return tell


def change(context: Context, **changes: object) -> None:
    with context.store.writing() as uow, trail.act(uow, Act.INFUSION_BOOKED, SERVICE) as act:
        act.change(uow.get(PeriodRecord, "10013", 2), **changes)


DUE = [("user1@example.org", "Period 2 of participant 10013 is due")]
OVERDUE = [("user1@example.org", "Period 2 of participant 10013 is overdue")]

# Window of period 2: day 161 to 182; a kit takes three days.


def test_the_sites_coordinator_hears_of_it_each_day_from_due_to_overdue(
    tell_on_day: Callable[[int], list[tuple[str, str]]],
) -> None:
    told = {day: tell_on_day(day) for day in (1, 157, 158, 159, 182, 183, 400)}
    assert told == {1: [], 157: [], 158: DUE, 159: DUE, 182: DUE, 183: OVERDUE, 400: OVERDUE}


def test_a_booking_ends_it_until_its_day_is_over(
    context: Context, tell_on_day: Callable[[int], list[tuple[str, str]]]
) -> None:
    change(context, booked_for=MORNING + timedelta(days=168))
    assert [tell_on_day(day) for day in (160, 167, 168, 169)] == [[], [], [], DUE]


def test_a_kit_that_was_handed_out_ends_it(
    context: Context, tell_on_day: Callable[[int], list[tuple[str, str]]]
) -> None:
    change(context, dispensed_at=MORNING + timedelta(days=168))
    assert tell_on_day(170) == []


@pytest.mark.parametrize("ending", list(Ending))
def test_nobody_is_reminded_of_somebody_whose_treatment_ended(
    context: Context, tell_on_day: Callable[[int], list[tuple[str, str]]], ending: Ending
) -> None:
    with context.store.writing() as uow, trail.act(uow, Act.DIED, SERVICE) as act:
        act.change(uow.get(Participant, "10013"), ending=ending)
    assert [tell_on_day(day) for day in (160, 200)] == [[], []]


def test_without_an_earlier_infusion_there_is_no_crossover(
    context: Context, tell_on_day: Callable[[int], list[tuple[str, str]]]
) -> None:
    with context.store.writing() as uow, trail.act(uow, Act.PERIOD_MISSED, SERVICE) as act:
        act.change(uow.get(PeriodRecord, "10013", 1), given_at=None, outcome=Outcome.NOT_GIVEN)
    assert tell_on_day(170) == []


def test_a_trial_that_is_over_sends_no_reminder(
    context: Context, tell_on_day: Callable[[int], list[tuple[str, str]]]
) -> None:
    with context.store.writing() as uow, trail.act(uow, Act.TRIAL_TERMINATED, SERVICE) as act:
        act.change(uow.get(Trial, 1), phase=Phase.TERMINATED)
    assert tell_on_day(170) == []


def test_the_notice_says_what_to_do_and_nothing_that_unblinds(
    context: Context, tell_on_day: Callable[[int], list[tuple[str, str]]], definition: Definition
) -> None:
    tell_on_day(170)
    with context.store.reading() as uow:
        [notice] = uow.all(Notice)
    assert "Visit window: 7 May 2027 to 28 May 2027" in notice.body
    assert "Book the infusion" in notice.body
    for treatment in definition.treatments:
        assert treatment.code not in notice.body + notice.subject
        assert treatment.name not in notice.body + notice.subject


def test_an_instance_without_a_trial_has_nothing_to_tell(context: Context) -> None:
    assert tasks.tell_crossovers(context) == 0
