"""Taking stock by scanning: matched, missing, unexpected; differences wait until somebody settles them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import group3, with_check
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState
from randomizer.errors import NotAllowed, Refused
from randomizer.services import locking
from randomizer.services.care import kits, stock_takes
from randomizer.services.views import sight, stock_views
from tests.activated import SECOND_SITE, SITE
from tests.stages import demand_sound

if TYPE_CHECKING:
    from randomizer.domain.stock import StockTake
    from tests.stages import Stage

pytestmark = [pytest.mark.requirement("accountability"), pytest.mark.promise(17)]

FOREIGN = with_check(10_000_000)


def opened(stage: Stage) -> StockTake:
    return stage.act(stock_takes.open_take, Role.PHARMACIST, SITE)


def scan(stage: Stage, take: StockTake, kit: str) -> None:
    stage.act(stock_takes.count, Role.PHARMACIST, take.number, kit)


def close(stage: Stage, take: StockTake) -> StockTake:
    return stage.act(stock_takes.close, Role.PHARMACIST, take.number)


def on_the_shelf(stage: Stage) -> list[str]:
    return [kit.number for kit in stage.all(Kit, state=KitState.READY)]


def test_a_count_that_matches_leaves_nothing_to_settle(stage: Stage) -> None:
    take, shelf = opened(stage), on_the_shelf(stage)
    stage.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, shelf[0], "too warm")
    for kit in shelf:
        scan(stage, take, f"{kit[:3]} {kit[3:]}")

    closed = close(stage, take)

    assert (closed.matched, closed.missing, closed.unexpected, closed.unsettled) == (
        len(shelf),
        "",
        "",
        False,
    )
    acts = [one.act for one in stage.all(Entry) if one.number >= take.number]
    counted = [Act.KIT_COUNTED] * len(shelf)
    assert acts == [Act.STOCK_TAKE_OPENED, Act.KIT_QUARANTINED, *counted, Act.STOCK_TAKE_CLOSED]
    demand_sound(stage)


def test_differences_are_told_and_block_the_lock_until_they_are_settled(stage: Stage) -> None:
    take, (first, *rest) = opened(stage), on_the_shelf(stage)
    given = stage.all(Kit, state=KitState.ADMINISTERED)[0].number
    reserved = stage.all(Kit, state=KitState.RESERVED)[0].number
    for kit in (*rest, given, reserved, FOREIGN):
        scan(stage, take, kit)

    closed = close(stage, take)

    assert (closed.matched, closed.missing) == (len(rest), first)
    assert set(closed.unexpected.split()) == {given, reserved, FOREIGN}
    with stage.store.reading() as uow:
        mine = sight.of(uow, stage.instance.person(Role.MONITOR))
        told = dict(stock_views.whole(mine, closed)["unexpected"])
        # A kit that never became ready is told in the words of one that nobody ever made.
        assert told == {
            given: "administered",
            reserved: told[FOREIGN],
            FOREIGN: "not on the books of this site",
        }
        assert [one["number"] for one in stock_views.tasks(mine)] == [take.number]
        assert any(f"Stock take {take.number} " in sentence for sentence in locking.blocks(uow))
    with pytest.raises(Refused, match="Say how the differences came about"):
        stage.act(stock_takes.settle, Role.PHARMACIST, take.number, " ")
    stage.act(stock_takes.settle, Role.PHARMACIST, take.number, "found behind the shelf")
    with stage.store.reading() as uow:
        assert not any("Stock take" in sentence for sentence in locking.blocks(uow))
    with pytest.raises(Refused, match="nothing to settle"):
        stage.act(stock_takes.settle, Role.PHARMACIST, take.number, "again")


@pytest.mark.promise(18)
def test_one_count_at_a_time_and_each_kit_once(stage: Stage) -> None:
    take, (kit, *_) = opened(stage), on_the_shelf(stage)
    with pytest.raises(Refused, match=f"Stock take {take.number} of this site is open"):
        opened(stage)
    scan(stage, take, kit)
    before = stage.dump()
    with pytest.raises(Refused, match=f"Kit {group3(kit)} is counted already"):
        scan(stage, take, kit)
    with pytest.raises(Refused, match="check digit"):
        scan(stage, take, kit[:-1] + str((int(kit[-1]) + 1) % 10))
    with pytest.raises(NotAllowed):
        stage.act(stock_takes.open_take, Role.CARE_PROVIDER, SECOND_SITE)
    assert stage.dump() == before
    close(stage, take)
    for again in (scan, lambda stage, take, _kit: close(stage, take)):
        with pytest.raises(Refused, match="is closed"):
            again(stage, take, kit)
