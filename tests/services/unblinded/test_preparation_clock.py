"""Where the definition sets how long a preparation takes at least, its clock says nothing of the content."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain import preparation_clock
from randomizer.domain.housekeeping import Entry
from randomizer.domain.people import Role
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.supply import Kit, PeriodRecord
from randomizer.errors import HardStop, Refused
from randomizer.services.unblinded import preparation, sheets
from tests import activated
from tests.desks import booked, plan_of, randomized

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from randomizer.domain.definition_values import Definition
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

pytestmark = pytest.mark.parametrize("database", ["sqlite"])

LEAST = timedelta(minutes=45)
TAKES = {"MSC": timedelta(minutes=38), "MEDIUM": timedelta(minutes=4)}
"""How long it takes to prepare each content, from the beginning; both below the least time."""


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A sealed trial whose definition sets the least time of a preparation."""
    made = activated.small_definition()
    kits = replace(made.kits, preparation_minutes=LEAST // timedelta(minutes=1))
    directory = tmp_path_factory.mktemp("timed")
    return activated.seal_rehearsal(directory / "bundle", definition=replace(made, kits=kits))


@pytest.fixture(scope="module")
def definition(rehearsal: Rehearsal) -> Definition:
    return rehearsal.definition


@pytest.fixture(scope="module")
def activated_sqlite(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    return activated.file_of(tmp_path_factory.mktemp("active"), rehearsal)


def begun(instance: Instance, desk: Desk, number: str) -> sheets.Sheet:
    """The preparation begins, on a full minute."""
    instance.clock.advance(seconds=-instance.clock().second % 60)
    sheets.open_sheet(desk, instance.person(Role.PREPARER), number)
    instance.act(preparation.begin, Role.PREPARER, number)
    return sheets.sheet_again(desk, instance.person(Role.PREPARER), number)


def end(instance: Instance, desk: Desk, sheet: sheets.Sheet, *, ready: bool = True, kit: str = "") -> None:
    noted = Preparation(content=sheet.treatment)
    person = instance.person(Role.PREPARER)
    with instance.store.writing() as uow:
        preparation.end(
            uow,
            desk,
            person,
            sheet.participant,
            ready=ready,
            kit=kit or sheet.kit,
            noted=noted,
            spoiled=not ready,
        )


def as_soon_as_possible(instance: Instance, desk: Desk, sheet: sheets.Sheet, *, ready: bool) -> None:
    """End it when the content is prepared or, where that is refused, when the sheet said."""
    instance.clock.now += TAKES[sheet.treatment]
    try:
        end(instance, desk, sheet, ready=ready)
    except Refused:
        assert sheet.earliest_end_at is not None
        instance.clock.now = sheet.earliest_end_at
        end(instance, desk, sheet, ready=ready)


def seen_by_the_site(instance: Instance, number: str, since: datetime) -> list[timedelta | None]:
    """Every moment that a preparation leaves on the blinded side, from its beginning."""
    with instance.store.reading() as uow:
        record = uow.get(PeriodRecord, number, 1)
        kit = uow.find(Kit, record.kit)
        entries = uow.all(Entry, participant=number, order="-number", limit=2)
    moments = [record.preparation_begun_at, record.preparation_ended_at, *(one.at for one in entries)]
    moments += [kit.ready_at, kit.expires_at] if kit else []
    return [moment - since if moment else None for moment in moments]


def one_of_each(instance: Instance, desk: Desk, rehearsal: Rehearsal) -> dict[str, str]:
    """A participant for each content of period 1."""
    found: dict[str, str] = {}
    while len(found) < len(TAKES):
        number = randomized(instance, desk)
        found.setdefault(plan_of(instance, rehearsal, number)[0], number)
    return found


def clocks(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, *, ready: bool
) -> list[list[timedelta | None]]:
    """What is seen of a preparation of each content that ends as soon as it can."""
    seen = []
    for number in one_of_each(instance, desk, rehearsal).values():
        booked(instance, number)
        sheet, since = begun(instance, desk, number), instance.clock()
        as_soon_as_possible(instance, desk, sheet, ready=ready)
        seen.append(seen_by_the_site(instance, number, since))
    return seen


@pytest.mark.promise(1)
@pytest.mark.parametrize("ready", [True, False])
def test_a_quick_and_a_slow_content_leave_the_same_moments(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, *, ready: bool
) -> None:
    first, second = clocks(instance, desk, rehearsal, ready=ready)
    assert first == second
    assert LEAST in first


@pytest.mark.promise(1)
def test_without_the_least_time_the_moments_would_tell(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation_clock, "demand_long_enough", lambda *_given, **_named: None)
    first, second = clocks(instance, desk, rehearsal, ready=True)
    assert first != second


def test_a_kit_keeps_from_the_beginning_and_is_not_ready_after_its_time(
    instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    sheet, since = begun(instance, desk, number), instance.clock()
    with pytest.raises(HardStop):  # what is wrong is said at once and not after the wait
        end(instance, desk, sheet, kit=sheet.spares[0])
    minutes = instance.definition.kits.expiry_minutes
    instance.clock.now = since + timedelta(minutes=minutes)
    with pytest.raises(Refused, match=f"keeps {minutes} minutes from when its preparation began"):
        end(instance, desk, sheet)
    end(instance, desk, sheet, ready=False)

    again, since = begun(instance, desk, number), instance.clock()
    instance.clock.now = since + 2 * LEAST
    end(instance, desk, again)
    with instance.store.reading() as uow:
        assert uow.get(Kit, again.kit).expires_at == since + timedelta(minutes=minutes)
