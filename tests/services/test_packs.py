"""Emergency packs in the trail: issued, opened, returned, practised with; what allocation asks of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from randomizer.domain.acts import Act
from randomizer.domain.definition_values import SITE_FACTOR
from randomizer.domain.housekeeping import Entry, EntryValues, Notice
from randomizer.domain.people import Role
from randomizer.domain.records import CodeBreak, Task, TaskKind
from randomizer.domain.trial import Allocation, Kind, Slot
from randomizer.errors import NotAllowed, NotFound, Refused, Tampered
from randomizer.services import conduct, impact, locking, packs
from randomizer.services.care import allocation, products
from randomizer.services.packs import Report
from randomizer.services.sealed import pack, pack_sheet
from randomizer.services.upkeep import nightly
from randomizer.services.views import sight, trail_views
from tests import activated, desks
from tests.activated import SECOND_SITE, SITE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.domain.definition_values import Definition
    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal

pytestmark = pytest.mark.promise(10)

MANAGER = Role.TRIAL_MANAGER
BENT = "UPDATE kit SET period = 2 WHERE number = (SELECT min(number) FROM kit WHERE period = 1)"
WHO, WHY = "Dr Night-Duty", "Anaphylaxis; the doors did not answer"


@pytest.fixture
def desk(instance: Instance, rehearsal: Rehearsal, tmp_path: Path) -> Desk:
    return desks.set_up_desk(instance, rehearsal, tmp_path / "codebreak")


@pytest.fixture
def number(instance: Instance, desk: Desk) -> str:
    """A randomized participant at a site that has its pack."""
    instance.act(packs.issue, MANAGER, SITE)
    return desks.randomized(instance, desk)


def report(instance: Instance, **named: str) -> Report:
    return Report(**{"site": SITE, "who": WHO, "why": WHY, "at": instance.clock(), **named})  # type: ignore[arg-type]


def count(instance: Instance, kind: type, **where: object) -> int:
    with instance.store.reading() as uow:
        return uow.count(kind, **where)


def noted(instance: Instance, entry: int) -> dict[str, object]:
    with instance.store.reading() as uow:
        details: dict[str, object] = json.loads(uow.get(EntryValues, entry).content)["details"]
        return details


def unused(instance: Instance) -> str:
    """Randomization number of a slot that is nobody's."""
    with instance.store.reading() as uow:
        return uow.all(Slot, order="-number", limit=1)[0].randomization_number


def test_the_entry_of_a_pack_notes_what_it_holds(instance: Instance) -> None:
    made = instance.act(packs.issue, MANAGER, SITE)
    details = noted(instance, made.entry)
    assert details == {
        "pack": hashlib.sha256(made.content).hexdigest(),
        "slots": 20,
        "strata": ["REL", "PRO"],
    }
    assert len(json.loads(made.content)["slots"]) == 20
    with instance.store.reading() as uow:
        entry = uow.get(Entry, made.entry)
    assert (entry.act, entry.site, entry.participant) == (Act.PACK_ISSUED, SITE, "")
    assert instance.act(packs.issue, MANAGER, SITE).content == made.content


def test_the_paper_says_whom_to_call_and_is_the_same_again(instance: Instance) -> None:
    made = instance.act(packs.issue, MANAGER, SITE)
    said = " ".join(pack_sheet.lines(made.trial, made.definition, SITE, len(made.slots)))
    for what in ("mesems (rehearsal)", "20 sealed answers", made.definition.code_break.telephone, "Purpan"):
        assert what in said
    one, two = (
        pack_sheet.pdf(made.trial, made.definition, SITE, made.slots, content=made.content, at=made.at)
        for _ in range(2)
    )
    assert one == two
    assert one.startswith(b"%PDF-1")


def test_a_pack_is_issued_by_the_trial_manager_for_a_site_of_the_trial(instance: Instance) -> None:
    for role in (Role.ADMINISTRATOR, Role.INVESTIGATOR, Role.SPONSOR):
        with pytest.raises(NotAllowed, match="issue an emergency pack"):
            instance.act(packs.issue, role, SITE)
    with pytest.raises(NotFound, match="site NOWHERE"):
        instance.act(packs.issue, MANAGER, "NOWHERE")


def test_a_draft_has_nothing_to_pack(draft: Instance) -> None:
    with pytest.raises(Refused, match="not activated yet"):
        draft.act(packs.issue, MANAGER, SITE)


def test_no_pack_is_made_of_rows_that_were_bent(instance: Instance) -> None:
    with instance.store.engine.begin() as connection:
        connection.execute(text(BENT))
    with pytest.raises(Tampered):
        instance.act(packs.issue, MANAGER, SITE)
    assert count(instance, Entry, act=Act.PACK_ISSUED.value) == 0


def test_where_the_site_is_a_factor_a_pack_holds_the_slots_of_its_site(definition: Definition) -> None:
    assert pack.strata_of(definition, SITE) == ("REL", "PRO")
    strata = tuple(
        replace(one, levels=((SITE_FACTOR, site), *one.levels))
        for one, site in zip(definition.strata, (SITE, SECOND_SITE), strict=True)
    )
    by_site = replace(definition, strata=strata)
    assert pack.strata_of(by_site, SITE) == ("REL",)
    assert pack.strata_of(by_site, SECOND_SITE) == ("PRO",)


@pytest.mark.promise(9)
def test_an_opening_opens_an_assessment_and_tells_those_who_are_told_of_a_code_break(
    instance: Instance, number: str
) -> None:
    before = count(instance, Notice)
    entry = instance.act(packs.record_opening, MANAGER, report(instance, participant=number))
    assert (entry.act, entry.site, entry.participant) == (Act.PACK_OPENED, SITE, number)
    with instance.store.reading() as uow:
        (task,) = uow.all(Task, participant=number, kind=TaskKind.IMPACT_ASSESSMENT)
        assert uow.count(Task, participant=number, kind=TaskKind.EXPLANATION) == 1
        values = uow.get(EntryValues, entry.number)
        told = uow.all(Notice, order="-queued_at", limit=1)[0]
        assert f"Task {task.number} is open" in " ".join(locking.blocks(uow))
        assert nightly.check_trail(uow, instance.log.verifier) == ()
    assert values.why == f"{WHO}: {WHY}"
    assert WHO not in values.content
    assert count(instance, Notice) > before
    assert f"Code break: participant {number}" in told.subject
    assert "emergency pack" in told.body
    assert not any(one.name in told.body for one in instance.definition.treatments)
    assert count(instance, CodeBreak) == 0
    signed = instance.sign(impact.sign_impact, Role.INVESTIGATOR, task.number, "None came after.")
    assert signed.done_at is not None


def test_the_number_on_the_sheet_names_the_participant(instance: Instance, number: str) -> None:
    with instance.store.reading() as uow:
        printed = uow.get(Allocation, number).randomization_number
    told = report(instance, randomization_number=f"{printed[:3]} {printed[3:6]} {printed[6:]}")
    entry = instance.act(packs.record_opening, MANAGER, told)
    assert entry.participant == number
    assert noted(instance, entry.number)["randomization_number"] == printed


def test_a_drill_is_a_drill(instance: Instance, number: str) -> None:
    before = count(instance, Notice)
    entry = instance.act(packs.record_drill, MANAGER, report(instance, participant=number))
    assert (entry.act, entry.participant) == (Act.PACK_DRILLED, number)
    assert count(instance, Task) == 0
    assert count(instance, Notice) == before


def test_a_sheet_of_nobody_leaves_an_entry_and_nothing_to_assess(instance: Instance, number: str) -> None:
    told = report(instance, randomization_number=unused(instance))
    entry = instance.act(packs.record_opening, MANAGER, told)
    assert (entry.act, entry.participant, entry.site) == (Act.PACK_OPENED, "", SITE)
    assert count(instance, Task) == 0


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("named", "field", "told"),
    [
        ({"who": " "}, "who", "Who it was is missing"),
        ({"why": ""}, "why", "The occasion is missing"),
        ({"randomization_number": "49617532"}, "randomization_number", "not both"),
        ({"participant": "", "randomization_number": "49617533"}, "randomization_number", "check digit"),
        ({"participant": "", "randomization_number": "49617532"}, "randomization_number", "There is no"),
        ({"participant": ""}, "randomization_number", "missing"),
        ({"site": SECOND_SITE}, "site", "No emergency pack that was issued to site EX1"),
        ({"site": "NOWHERE"}, "site", "There is no site"),
    ],
)
def test_a_report_that_cannot_be_is_refused_by_field(
    instance: Instance, number: str, named: dict[str, str], field: str, told: str
) -> None:
    for record in (packs.record_opening, packs.record_drill):
        with pytest.raises((Refused, NotFound), match=told) as refusal:
            instance.act(record, MANAGER, report(instance, **{"participant": number, **named}))
        assert refusal.value.field == field
    assert count(instance, Task) == 0


@pytest.mark.promise(18)
def test_what_did_not_happen_yet_is_refused(instance: Instance, number: str) -> None:
    early = replace(report(instance, participant=number), at=instance.clock() + timedelta(minutes=1))
    with pytest.raises(Refused, match="lies in the future"):
        instance.act(packs.record_opening, MANAGER, early)


def test_only_the_trial_manager_records_it(instance: Instance, number: str) -> None:
    for record in (packs.record_opening, packs.record_drill, packs.record_return):
        with pytest.raises(NotAllowed):
            instance.act(record, Role.INVESTIGATOR, report(instance, participant=number))


def test_sheets_and_packs_come_back_also_after_the_lock(instance: Instance) -> None:
    instance.act(packs.issue, MANAGER, SITE)
    instance.sign(conduct.terminate, Role.SPONSOR, "No more product.")
    instance.sign(locking.lock, Role.SPONSOR, "All queries are closed.")
    one = instance.act(packs.record_return, MANAGER, report(instance, randomization_number=unused(instance)))
    assert noted(instance, one.number)["whole"] is False
    whole = instance.act(packs.record_return, MANAGER, report(instance))
    assert noted(instance, whole.number)["whole"] is True
    with pytest.raises(Refused, match="No emergency pack was ever issued to site EX1"):
        instance.act(packs.record_return, MANAGER, report(instance, site=SECOND_SITE))


@pytest.mark.promise(9)
def test_the_trail_of_the_site_door_does_not_say_who_opened_a_sheet(instance: Instance, number: str) -> None:
    instance.act(packs.record_opening, MANAGER, report(instance, participant=number))
    with instance.store.reading() as uow:
        rows = trail_views.entries(sight.of(uow, instance.person(Role.MONITOR)), size=500)["rows"]
    (row,) = [row for row in rows if row["act"] == Act.PACK_OPENED]
    assert not {"actor", "role"} & set(row)
    assert row["by"] == "See the code-break door"
    assert WHO not in str(row)


@pytest.fixture(scope="module")
def sealed_for_production(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> Rehearsal:
    return activated.seal_rehearsal(
        tmp_path_factory.mktemp("production") / "bundle",
        unblinded=replace(rehearsal.unblinded, rehearsal_only=False),
        kind=Kind.PRODUCTION,
    )


@pytest.fixture
def production(database_url: str, sealed_for_production: Rehearsal) -> Iterator[Instance]:
    """An active trial that is no rehearsal."""
    activated.migrate(database_url)
    with activated.opened(database_url, sealed_for_production.definition) as instance:
        activated.draft(instance, Kind.PRODUCTION)
        activated.activate(instance, sealed_for_production)
        yield instance


def cleared(instance: Instance, desk: Desk) -> str:
    """A participant who could be randomized."""
    number = desks.harvested(instance)
    desks.clear(instance, desk, number)
    instance.sign(products.give_go, Role.SPONSOR, number)
    return number


def test_in_production_nobody_is_randomized_to_a_slot_that_no_pack_of_the_site_holds(
    production: Instance, sealed_for_production: Rehearsal, tmp_path: Path
) -> None:
    desk = desks.set_up_desk(production, sealed_for_production, tmp_path / "codebreak")
    first, second = cleared(production, desk), cleared(production, desk)

    def refused(number: str) -> None:
        with pytest.raises(Refused, match="No emergency pack at site TLS holds the slots") as refusal:
            production.sign(allocation.randomize, Role.INVESTIGATOR, number)
        assert refusal.value.next_step
        assert "randomizer emergency-pack issue --site TLS" in refusal.value.next_step

    refused(first)
    production.act(packs.issue, MANAGER, SECOND_SITE)
    refused(first)
    production.act(packs.issue, MANAGER, SITE)
    production.sign(allocation.randomize, Role.INVESTIGATOR, first)
    production.act(packs.record_return, MANAGER, report(production, randomization_number=unused(production)))
    production.act(packs.record_return, MANAGER, report(production))
    refused(second)
    production.act(packs.issue, MANAGER, SITE)
    production.sign(allocation.randomize, Role.INVESTIGATOR, second)


def test_a_rehearsal_asks_for_no_pack(instance: Instance, desk: Desk) -> None:
    assert desks.randomized(instance, desk)
    assert count(instance, Entry, act=Act.PACK_ISSUED.value) == 0
