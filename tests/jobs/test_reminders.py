"""Quality results due, kits that have not arrived, and the daily mail: each told once, whoever runs it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.definition import parse_definition
from randomizer.domain.housekeeping import Entry, Notice, QualityWatch
from randomizer.domain.participants import Participant, State
from randomizer.domain.people import SERVICE, Account, Grant, Role
from randomizer.domain.records import Task, TaskKind
from randomizer.domain.supply import Kit, KitState, PeriodRecord, Product, ProductState
from randomizer.domain.trial import Kind, Phase, Trial
from randomizer.errors import Conflict
from randomizer.jobs import tasks
from randomizer.services import trail
from randomizer.services.founding import instances
from randomizer.services.upkeep import daily

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.jobs.context import Context
    from tests.jobs.conftest import Clock

pytestmark = pytest.mark.requirement("scheduler")

MESEMS = Path(__file__).parents[2] / "config" / "mesems.toml"
MORNING = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
NUMBER, KIT = "10013", "222471255"
PEOPLE = (
    (1, Role.COORDINATOR, "TLS"),
    (2, Role.COORDINATOR, "EX1"),
    (3, Role.CLEARER, ""),
    (4, Role.PREPARER, ""),
    (5, Role.MONITOR, ""),
)


@pytest.fixture
def running(context: Context, clock: Clock) -> Context:
    """A running trial whose kits travel, with one participant who waits for an infusion to be booked."""
    made = parse_definition(MESEMS.read_text(encoding="utf-8"), "mesems.toml")
    definition = replace(made, kits=replace(made.kits, travel=True))
    with context.store.writing() as uow:
        trial = instances.create(uow, definition, Kind.PRODUCTION)
        with trail.act(uow, Act.TRIAL_ACTIVATED, SERVICE) as act:
            act.change(trial, phase=Phase.ACTIVE)
        for number, role, site in PEOPLE:
            with trail.act(uow, Act.ACCOUNT_CREATED, SERVICE) as act:
                name = f"user{number}"
                act.add(Account(number=number, username=name, printed_name=name, email=f"{name}@example.org"))
                act.add(Grant(account=number, role=role, site=site, granted_at=act.at))
        with trail.act(uow, Act.RANDOMIZED, SERVICE) as act:
            act.add(Participant(number=NUMBER, site="TLS", state=State.RANDOMIZED, consented_at=clock()))
            act.add(PeriodRecord(participant=NUMBER, period=1))
    return context


def told(context: Context) -> list[tuple[str, str]]:
    with context.store.reading() as uow:
        return sorted((one.recipient, one.subject) for one in uow.all(Notice))


def await_result(context: Context, due_at: datetime | None) -> None:
    with context.store.writing() as uow:
        uow.remove(QualityWatch, participant=NUMBER)
        uow.insert(QualityWatch(participant=NUMBER, due_at=due_at))


CLEARER, PREPARER = "user3@example.org", "user4@example.org"


def test_the_clearing_person_alone_hears_of_a_result_from_the_day_before_on(
    running: Context, turn: Callable[..., None]
) -> None:
    await_result(running, MORNING + timedelta(days=14))
    heard = []
    for wait in (10, 3, 2):
        turn(days=wait)
        heard.append((tasks.tell_results(running), tasks.tell_results(running)))
    assert heard == [(0, 0), (1, 0), (1, 0)]
    assert told(running) == [
        (CLEARER, f"A quality result of participant {NUMBER} is due"),
        (CLEARER, f"A quality result of participant {NUMBER} is overdue"),
    ]
    await_result(running, None)
    turn(days=1)
    assert tasks.tell_results(running) == 0


def ship(context: Context, state: KitState) -> None:
    with context.store.writing() as uow, trail.act(uow, Act.PREPARATION_ENDED, SERVICE) as act:
        booked_for = context.store.clock() + timedelta(hours=2)
        act.change(uow.get(PeriodRecord, NUMBER, 1), kit=KIT, booked_for=booked_for)
        # Beside a sealed schedule a kit has no slot; what is looked at here is where it is.
        uow.insert(Kit(number=KIT, slot=0, period=1, state=state))


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_kit_that_has_not_arrived_by_its_infusion_is_a_task_until_it_has(
    running: Context, turn: Callable[..., None]
) -> None:
    with running.store.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    ship(running, KitState.SHIPPED)
    assert tasks.look_for_arrivals(running) == 0
    turn(hours=2)
    assert [tasks.look_for_arrivals(running) for _ in range(3)] == [1, 0, 0]
    with running.store.writing() as uow:
        [task] = uow.all(Task, kind=TaskKind.RECEIPT)
        assert (task.participant, task.done_at) == (NUMBER, None)
        uow.update(replace(uow.get(Kit, KIT), state=KitState.READY))
    assert [tasks.look_for_arrivals(running) for _ in range(2)] == [1, 0]
    with running.store.reading() as uow:
        assert uow.all(Task, done_at=None) == ()
        acts = [one.act for one in uow.all(Entry, participant=NUMBER, order="number")]
    assert acts[-2:] == ["receipt of a kit overdue", "overdue receipt settled"]


@pytest.mark.promise(1)
def test_each_person_is_told_once_a_day_of_what_is_open_for_them(
    running: Context, turn: Callable[..., None]
) -> None:
    await_result(running, MORNING - timedelta(days=1))
    assert tasks.tell_open_work(running) == 2
    assert tasks.tell_open_work(running) == 0
    with running.store.reading() as uow:
        bodies = {one.recipient: one.body for one in uow.all(Notice)}
    assert bodies == {
        "user1@example.org": (f"Open on 27 Nov 2026:\n\n- Book the infusion: participant {NUMBER}\n"),
        CLEARER: daily.AT_THE_DOOR,
    }
    turn(days=1)
    assert tasks.tell_open_work(running) == 2


def test_nobody_is_called_to_the_door_where_nothing_waits_for_them(
    running: Context, turn: Callable[..., None]
) -> None:
    other = "10026"
    with running.store.writing() as uow, trail.act(uow, Act.HARVESTED, SERVICE) as act:
        act.add(Participant(number=other, site="TLS", state=State.SCREEN_FAILED, consented_at=MORNING))
        for number in (NUMBER, other):  # of one who is randomized, and of one who was screened out since
            harvest = Product(
                participant=number,
                donation=1,
                identifier=f"D{number}",
                state=ProductState.HARVESTED,
                harvested_at=MORNING,
            )
            act.add(harvest)
        act.change(uow.get(PeriodRecord, NUMBER, 1), booked_for=MORNING)
        act.change(uow.get(Trial, 1), phase=Phase.TERMINATED)
    tasks.tell_open_work(running)
    assert not {recipient for recipient, _ in told(running)} & {CLEARER, PREPARER}

    with running.store.writing() as uow, trail.act(uow, Act.RESCREENED, SERVICE) as act:
        act.change(uow.get(Participant, other), state=State.HARVESTED)
        act.change(uow.get(Trial, 1), phase=Phase.ACTIVE)
    turn(days=1)
    tasks.tell_open_work(running)
    assert {recipient for recipient, _ in told(running)} >= {CLEARER, PREPARER}


def test_several_processes_at_once_tell_each_person_once(
    running: Context,
) -> None:
    await_result(running, MORNING)

    def tell(_: int) -> int:
        try:
            with running.store.writing() as uow:  # without the lease that lets one process work at a time
                return daily.tell(uow)
        except Conflict:
            return 0

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, range(4)))
    assert [recipient for recipient, _ in told(running)] == ["user1@example.org", CLEARER]


def test_where_there_is_no_trial_or_it_is_over_nobody_is_told(context: Context) -> None:
    assert (tasks.tell_results(context), tasks.look_for_arrivals(context)) == (0, 0)
    assert tasks.tell_open_work(context) == 0


def test_after_the_lock_results_alone_are_awaited_and_after_the_release_nothing(
    running: Context, turn: Callable[..., None]
) -> None:
    await_result(running, MORNING)
    with running.store.writing() as uow, trail.act(uow, Act.TRIAL_LOCKED, SERVICE) as act:
        act.change(uow.get(Trial, 1), phase=Phase.LOCKED)
    assert (tasks.tell_results(running), tasks.tell_open_work(running)) == (1, 0)
    turn(days=1)
    with running.store.writing() as uow, trail.act(uow, Act.TRIAL_RELEASED, SERVICE) as act:
        act.change(uow.get(Trial, 1), phase=Phase.RELEASED)
    assert (tasks.tell_results(running), tasks.tell_open_work(running)) == (0, 0)
