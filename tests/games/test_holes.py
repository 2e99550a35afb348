"""Ways to know that were once open, each found by reading the code as an adversary would."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.domain.acts import CODE_BREAKS, Act
from randomizer.domain.housekeeping import Entry
from randomizer.domain.numbers import participant_number
from randomizer.domain.people import SERVICE, UNBLINDED, Role
from randomizer.domain.records import AlarmKind
from randomizer.domain.sealed_texts import Preparation
from randomizer.errors import NotAllowed, Refused
from randomizer.services import accounts, alarms, locking
from randomizer.services.care import enrolment
from randomizer.services.unblinded import beforehand, kit_order, preparation, sheets, unblinding
from randomizer.services.views import participant_views, sight, trail_views
from tests import desks
from tests.activated import SECOND_SITE, SITE
from tests.games.people import newcomer
from tests.games.seeing import Recording, copied, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.games.sealings import World

    Worlds = Callable[[str], World]


def broken(world: World) -> str:
    """A participant whose code was broken by the on-call clinician."""
    number = desks.randomized(world.instance, world.desk)
    desks.infused(world.instance, world.desk, number)
    person, step_up = world.instance.person(Role.ON_CALL), world.instance.step_up(Role.ON_CALL)
    intent = unblinding.intend(world.desk, person, step_up, participant=number, reason="emergency", text="x")
    unblinding.disclose(world.desk, person, intent)
    return number


@pytest.mark.promise(9)
@pytest.mark.parametrize("role", [Role.OUTCOMES_ASSESSOR, Role.COORDINATOR, Role.INVESTIGATOR, Role.MONITOR])
def test_who_broke_a_code_stands_in_no_signature_at_the_site_door(one: World, role: Role) -> None:
    number = broken(one)
    person = one.instance.person(role)
    with one.instance.store.reading() as uow:
        seen = sight.of(uow, person)
        whole = participant_views.whole(seen, participant_views.find(seen, number))
    assert not [view for view in whole["signatures"] if "code" in view["meaning"]]
    assert "On Call" not in str(whole["signatures"])
    assert any("randomize" in view["meaning"] for view in whole["signatures"]), "the page has signatures"


@pytest.mark.promise(4)
def test_a_code_break_at_one_site_is_no_task_at_another(one: World) -> None:
    number = broken(one)
    with watched(one, Recording()) as doors:
        here, there = (doors.at_codebreak(Role.INVESTIGATOR, site) for site in (SITE, SECOND_SITE))
        assert number in here.get("/tasks", 200).text
        assert number in here.ask("/tasks").text
        task = here.ask("/tasks").get_json()["rows"][0]["number"]
        assert number in here.get(f"/tasks/{task}", 200).text
        assert number not in there.get("/tasks", 200).text
        assert number not in there.ask("/tasks").text
        assert number not in there.get(f"/tasks/{task}", 404).text


@pytest.mark.promise(4)
def test_before_a_code_break_another_site_is_told_nothing(one: World) -> None:
    """Neither the state of a participant who has no code yet, nor what was handed out."""
    number = desks.harvested(one.instance)
    with one.instance.store.reading() as uow, pytest.raises(NotAllowed) as refusal:
        beforehand.before(uow, one.instance.person(Role.INVESTIGATOR, SECOND_SITE), number)
    assert "harvested" not in refusal.value.message


@pytest.mark.promise(4)
def test_a_participant_of_another_site_is_replaced_by_nobody(one: World) -> None:
    """The refusal would tell whether somebody there has ended treatment."""
    number = desks.harvested(one.instance)
    person = one.instance.person(Role.INVESTIGATOR, SECOND_SITE)
    said = []
    for named in (number, participant_number(500)):
        with one.instance.store.writing() as uow, pytest.raises(Refused) as refusal:
            enrolment.consent(uow, person, SECOND_SITE, replaces=named)
        said.append((refusal.value.message.replace(named, ""), refusal.value.next_step))
    assert said[0] == said[1]


@pytest.mark.promise(4)
def test_a_reader_of_one_site_sees_no_name_of_another(one: World) -> None:
    number = desks.randomized(one.instance, one.desk)
    account = newcomer(one, "auditor")
    with one.instance.store.writing() as uow:
        accounts.grant(uow, SERVICE, account=account.number, role=Role.MONITOR, site=SECOND_SITE)
        person = accounts.person(uow, account.number)
    with one.instance.store.reading() as uow:
        rows = trail_views.entries(sight.of(uow, person), size=500)["rows"]
    assert rows
    assert all("act" in row for row in rows)
    assert number not in str(rows)
    assert "Investigator Tls" not in str(rows)


@pytest.mark.promise(4)
def test_what_blocks_the_lock_names_no_kit(one: World) -> None:
    """The sponsor reads it, and the masking policy shows the sponsor no kit."""
    number = desks.randomized(one.instance, one.desk)
    desks.dispensed(one.instance, one.desk, number)
    with one.instance.store.reading() as uow:
        listed = locking.blocks(uow)
    assert any("handed out" in sentence for sentence in listed)
    assert not re.search(r"\d{3} ?\d{3} ?\d{3}", " ".join(listed))


@pytest.mark.promise(4)
@pytest.mark.parametrize("about", ["Kit 100816249", "CodeBreak 0123456789abcdef", "Participant 10019"])
def test_an_alarm_names_its_record_to_whom_may_see_any_record(one: World, about: str) -> None:
    """Else it tells a kit to an outcomes assessor, and a participant to another site."""
    with one.instance.store.writing() as uow:
        alarms.raise_alarm(uow, AlarmKind.TRAIL, about)
    may = {Role.TRIAL_MANAGER, Role.DATA_MANAGER, Role.MONITOR}
    with one.instance.store.reading() as uow:
        assert about not in " ".join(locking.blocks(uow)), "the sponsor reads this"
        for role in Role:
            told = str(trail_views.alarms(sight.of(uow, one.instance.person(role))))
            assert (about in told) is (role in may), role


@pytest.mark.promise(2)
def test_whoever_knew_contents_does_not_deal_with_sites_later(one: World) -> None:
    account = newcomer(one, "filler", Role.PREPARER)
    with one.instance.store.writing() as uow:
        accounts.revoke(uow, SERVICE, account=account.number, role=Role.PREPARER)
    for role in sorted(set(Role) - UNBLINDED - {Role.ADMINISTRATOR}):
        with one.instance.store.writing() as uow, pytest.raises(Refused, match="preparing pharmacist"):
            accounts.grant(uow, SERVICE, account=account.number, role=role, site=SITE)


@pytest.mark.promise(9)
def test_the_trail_shows_a_code_break_without_who_and_role(one: World) -> None:
    broken(one)
    with one.instance.store.reading() as uow:
        rows = trail_views.entries(sight.of(uow, one.instance.person(Role.MONITOR)), size=500)["rows"]
    told = [row for row in rows if row["act"] in CODE_BREAKS]
    assert len(told) == 4  # intent, disclosure, and two tasks
    assert not [row for row in told if {"actor", "role"} & set(row) or "On Call" in row["by"]]


def prepare(world: World, number: str, *, spare: bool) -> str:
    """Prepare the kit of the sheet, or its spare where the bag of the first one tore; gives its number."""
    person = world.instance.person(Role.PREPARER)
    sheet = sheets.open_sheet(world.desk, person, number)
    world.instance.act(preparation.begin, Role.PREPARER, number)
    kit = sheet.spares[0] if spare else sheet.kit
    noted = Preparation(content=sheet.treatment, note="The first bag tore." if spare else "")
    with world.instance.store.writing() as uow:
        preparation.end(uow, world.desk, person, number, ready=True, kit=kit, noted=noted, spoiled=spare)
    return kit


@pytest.mark.promise(2)
@pytest.mark.promise(3)
def test_a_spoiled_kit_leaves_nothing_in_the_clear(world: Worlds, tmp_path: Any) -> None:  # noqa: ANN401
    """Cells spoil more often than medium, so that even the count of tries would tell."""
    kept = []
    for name, spare in (("as generated", False), ("exchanged", True)):
        own = world(name)
        number = desks.randomized(own.instance, own.desk)
        desks.booked(own.instance, number)
        kit = prepare(own, number, spare=spare)
        recording = Recording()
        copied(own, recording)
        with own.instance.store.reading() as uow:
            acts = [entry.act for entry in uow.all(Entry, participant=number)]
        assert acts[-2:] == [Act.PREPARATION_BEGUN, Act.PREPARATION_ENDED]
        assert acts.count(Act.PREPARATION_BEGUN) == 1
        sizes = {name: content for name, content in recording.seen if name.startswith(("size", "rows"))}
        kept.append((kit, sizes, acts))
    assert kept[0][0] != kept[1][0]
    assert kept[0][1:] == kept[1][1:]


@pytest.mark.promise(2)
def test_the_order_in_which_kits_are_used_cannot_be_read_off_their_numbers(one: World) -> None:
    """Else the kit that was used would tell how many were spoiled before it."""
    firsts = []
    for plan in one.schedule:
        for period, kits in enumerate(plan.kits, start=1):
            order = kit_order.order_of(one.desk, plan.index, period, kits)
            assert sorted(order) == sorted(kits)
            assert order == kit_order.order_of(one.desk, plan.index, period, tuple(reversed(kits)))
            firsts.append(order[0] == min(kits))
    assert 5 < firsts.count(True) < len(firsts) - 5


def test_a_spare_counts_only_where_it_is_said_that_the_first_one_spoiled(one: World) -> None:
    number = desks.randomized(one.instance, one.desk)
    desks.booked(one.instance, number)
    person = one.instance.person(Role.PREPARER)
    sheet = sheets.open_sheet(one.desk, person, number)
    one.instance.act(preparation.begin, Role.PREPARER, number)
    for kit, spoiled in ((sheet.spares[0], False), (sheet.kit, True)):
        with one.instance.store.writing() as uow, pytest.raises(Refused, match="Wrong kit"):
            noted = Preparation(content=sheet.treatment)
            preparation.end(uow, one.desk, person, number, ready=True, kit=kit, noted=noted, spoiled=spoiled)
