"""A temperature that left its limits on the shelf: every kit that was scanned is quarantined, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import group3, with_check
from randomizer.domain.participants import Participant
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState, PeriodRecord
from randomizer.errors import Faulty, HardStop, Refused
from randomizer.services.care import dispensing, excursions, kits
from randomizer.services.care.excursions import MOST_KITS, Excursion
from randomizer.services.views import accountability, kit_views, sight
from tests.activated import SECOND_SITE
from tests.stages import Stage, demand_sound

pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(19)]

WARM = Excursion(lowest_c=4, highest_c=11, minutes=95)
WHY = "the door of the refrigerator stood open"


def on_the_shelf(stage: Stage) -> list[str]:
    """Numbers of the kits that are ready."""
    return [kit.number for kit in stage.all(Kit, state=KitState.READY)]


def record(stage: Stage, scanned: list[str], excursion: Excursion = WARM, why: str = WHY) -> tuple[Kit, ...]:
    return stage.act(excursions.record, Role.PHARMACIST, scanned, excursion=excursion, why=why)


def test_every_kit_of_the_shelf_is_quarantined_with_what_the_logger_shows(stage: Stage) -> None:
    shelf = on_the_shelf(stage)
    kit = stage.get(PeriodRecord, stage["ready"], stage.get(Participant, stage["ready"]).period + 1).kit
    assert len(shelf) > 1
    before = stage.all(Entry)[-1].number

    found = record(stage, [*shelf, group3(shelf[0])])

    assert [(kit.number, kit.state) for kit in found] == [(one, KitState.QUARANTINED) for one in shelf]
    assert stage.all(PeriodRecord, kit=shelf) == ()
    entries = [one for one in stage.all(Entry) if one.number > before]
    assert [one.act for one in entries] == [Act.KIT_QUARANTINED] * len(shelf)
    assert stage["ready"] in {one.participant for one in entries}
    with stage.store.reading() as uow:
        seen = sight.of(uow, stage.instance.person(Role.MONITOR))
        rows = accountability.log(seen, kit=shelf[0])["rows"]
        told = "4 to 11 °C, 95 minutes outside the limits. the door of the refrigerator stood open"
        assert [one["remark"] for one in rows] == ["", told]
        with pytest.raises(HardStop, match=f"Kit {group3(kit)} for period .* is in quarantine"):
            dispensing.look_up(uow, stage.instance.person(Role.PHARMACIST), stage["ready"])
    stage.prepare(stage["ready"])
    demand_sound(stage)


def test_one_kit_in_the_way_and_nothing_is_recorded(stage: Stage) -> None:
    shelf, unknown = on_the_shelf(stage), with_check(10_000_000)
    reserved = stage.all(Kit, state=KitState.RESERVED, limit=1)[0].number
    out = stage.all(Kit, state=KitState.DISPENSED)[0].number
    wrong = Excursion(lowest_c=12, highest_c=11, minutes=0)
    before = stage.dump()
    with pytest.raises(Faulty) as refusal:
        record(stage, [*shelf, unknown, reserved, out, "12"], wrong)
    assert [field for field, _ in refusal.value.faults] == ["kits", "lowest_c", "minutes"]
    told = refusal.value.faults[0][1]
    for said in (unknown, reserved):
        assert f"There is no kit {group3(said)}." in told
    assert f"Kit {group3(out)} is dispensed." in told
    for scanned in ([], [unknown] * (MOST_KITS + 1)):
        with pytest.raises(Faulty, match=r"Scan the kits|At most 100 kits"):
            record(stage, scanned)
    with pytest.raises(Refused, match="Say what happened"):
        record(stage, shelf, why=" ")
    with pytest.raises(Faulty, match="There is no kit"):
        own = stage.instance.person(Role.PHARMACIST)
        person = replace(own, grants=frozenset({(Role.PHARMACIST, SECOND_SITE)}))
        with stage.store.writing() as uow:
            excursions.record(uow, person, shelf, excursion=WARM, why=WHY)
    assert stage.dump() == before


def test_what_waits_for_a_kit_that_is_scanned_first(stage: Stage) -> None:
    with stage.store.reading() as uow:
        pharmacist = sight.of(uow, stage.instance.person(Role.PHARMACIST))
        monitor = sight.of(uow, stage.instance.person(Role.MONITOR))
        for station, act in (("ready", Act.KIT_DISPENSED), ("dispensed", None)):
            kit = uow.get(Kit, stage.get(PeriodRecord, stage[station], 1).kit)
            assert kit_views.comes_next(pharmacist, kit) is act
            assert kit_views.comes_next(monitor, kit) is None
    stage.clock.advance(hours=stage.instance.definition.kits.expiry_minutes // 60 + 1)
    with stage.store.reading() as uow:
        pharmacist = sight.of(uow, stage.instance.person(Role.PHARMACIST))
        kit = uow.get(Kit, stage.get(PeriodRecord, stage["ready"], 1).kit)
        assert kit_views.comes_next(pharmacist, kit) is None, "its time has passed"
    gone = stage.act(kits.move, Role.PHARMACIST, Act.KIT_QUARANTINED, kit.number, WHY)
    with stage.store.reading() as uow:
        assert kit_views.comes_next(sight.of(uow, stage.instance.person(Role.PHARMACIST)), gone) is None
