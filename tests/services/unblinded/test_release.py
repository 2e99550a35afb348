from __future__ import annotations

import csv
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from keys import files, hpke, notes
from keys.hpke import Identity
from keys.notes import COSIGNATURE, NoteKey
from keys.quorum import RELEASE, recipient_info
from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues, PreparationRecord, SignedCheckpoint
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.sealed_texts import Preparation
from randomizer.domain.trial import Allocation, Phase, Trial
from randomizer.errors import BundleRefused, NotAllowed, Refused, Tampered
from randomizer.services import conduct, locking, trail
from randomizer.services.care import booking, endings
from randomizer.services.sealed import certificate_fields
from randomizer.services.unblinded import data_sets, opening, release, release_files, unblinding
from randomizer.services.unblinded.opened import open_release
from randomizer.services.verification import pinning
from randomizer.services.verification.reading import Unreadable
from randomizer.services.verification.report import Verdict
from tests.activated import entropy_of
from tests.desks import (
    LOT,
    PASSED,
    copy_for,
    harvested,
    infused,
    opened_release,
    plan_of,
    published,
    randomized,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.opened import Released
    from randomizer.services.unblinded.sheets import Sheet
    from tests.activated import Instance, Rehearsal

pytestmark = pytest.mark.requirement("release")


HOST = "code-break-host"
STATISTICIAN = "statistician"
SAID = "words that stay behind"


def end_and_lock(instance: Instance) -> None:
    instance.sign(conduct.terminate, Role.SPONSOR, SAID)
    instance.sign(locking.lock, Role.SPONSOR, SAID)


def bring_in(instance: Instance, desk: Desk, sealed: bytes) -> Released:
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow:
        return release.import_release(uow, desk, person, sealed)


def phase(instance: Instance) -> Phase:
    with instance.store.reading() as uow:
        return uow.get(Trial, 1).phase


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.promise(14)
def test_the_sealed_release_goes_out_after_the_lock_and_not_before(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow, pytest.raises(Refused, match="locked"):
        release.export_sealed(uow, desk, person, tmp_path / "out")
    end_and_lock(instance)

    with instance.store.writing() as uow:
        written = release.export_sealed(uow, desk, person, tmp_path / "out")

    assert sorted(path.name for path in written) == ["certificate.note", "release.sealed"]
    for path in written:
        assert path.read_bytes() == rehearsal.bundle.read(path.name)


def test_a_changed_sealed_release_is_not_given_out(instance: Instance, desk: Desk, tmp_path: Path) -> None:
    end_and_lock(instance)
    sealed = desk.directory / "release.sealed"
    content = sealed.read_bytes()
    sealed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with instance.store.writing() as uow, pytest.raises(BundleRefused, match="not the one"):
        release.export_sealed(uow, desk, instance.person(Role.UNBLINDED_STATISTICIAN), tmp_path / "out")


@pytest.mark.promise(14)
def test_what_the_custodians_opened_releases_the_trial(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    number = randomized(instance, desk)
    end_and_lock(instance)

    released = bring_in(instance, desk, copy_for(rehearsal, HOST))

    assert phase(instance) is Phase.RELEASED
    assert repr(released) == "Released(masked)"
    assert (desk.directory / "release.imported").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused, match="released"):
        bring_in(instance, desk, copy_for(rehearsal, HOST))
    assert plan_of(instance, rehearsal, number)


def other_seed(rehearsal: Rehearsal) -> bytes:
    content = json.loads(opened_release(rehearsal))
    content["seed"] = "00" * 32
    return json.dumps(content).encode()


def other_salt(rehearsal: Rehearsal) -> bytes:
    content = json.loads(opened_release(rehearsal))
    content["salts"][3] = "00" * 32
    return json.dumps(content).encode()


def other_code(rehearsal: Rehearsal) -> bytes:
    content = json.loads(opened_release(rehearsal))
    content["slots"][0] = "AB" if content["slots"][0] == "BA" else "BA"
    return json.dumps(content).encode()


def no_release(rehearsal: Rehearsal) -> bytes:
    return b"{}"


@pytest.mark.promise(15)
@pytest.mark.parametrize("bent", [other_seed, other_salt, other_code, no_release])
def test_a_release_that_breaks_its_promise_is_refused(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, bent: Callable[[Rehearsal], bytes]
) -> None:
    end_and_lock(instance)
    sealed = hpke.seal(rehearsal.transport.public, bent(rehearsal), recipient_info(RELEASE))

    with pytest.raises(BundleRefused):
        bring_in(instance, desk, sealed)

    assert phase(instance) is Phase.LOCKED


def test_a_copy_for_another_recipient_is_refused(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    end_and_lock(instance)
    for sealed in (copy_for(rehearsal, "statistician"), b"", rehearsal.bundle.read("release.sealed")):
        with pytest.raises(BundleRefused, match="not sealed to this recipient"):
            bring_in(instance, desk, sealed)


def test_the_release_is_the_unblinded_statisticians(
    instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    end_and_lock(instance)
    sealed = copy_for(rehearsal, HOST)
    for role in set(Role) - {Role.UNBLINDED_STATISTICIAN}:
        person = instance.person(role)
        with instance.store.writing() as uow, pytest.raises(NotAllowed):
            release.import_release(uow, desk, person, sealed)


@pytest.mark.promise(13)
@pytest.mark.promise(15)
def test_both_folders_of_a_finished_trial(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    consented = harvested(instance)
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    instance.act(endings.randomized_in_error, Role.INVESTIGATOR, number, SAID)
    instance.act(endings.correct_factor, Role.INVESTIGATOR, number, {"course": "progressive"}, SAID)
    step_up, doctor = instance.step_up(Role.ON_CALL), instance.person(Role.ON_CALL)
    intent = unblinding.intend(desk, doctor, step_up, participant=number, reason="emergency", text=SAID)
    unblinding.disclose(desk, doctor, intent)
    settle(instance, SAID)
    end_and_lock(instance)
    bring_in(instance, desk, copy_for(rehearsal, HOST))
    instance.checkpoint()

    with instance.store.reading() as uow:
        release_files.write(uow, desk, published(instance, rehearsal, tmp_path / "published"), tmp_path)
        entries = uow.all(Entry)
    written = {path.name for path in (tmp_path / "release").iterdir()}
    assert written == {"slots.jsonl", "values.jsonl", "facts.jsonl"}
    for path in (tmp_path / "release").iterdir():
        assert b"L-1" not in path.read_bytes()
    report = data_sets.make(
        tmp_path, rehearsal.recipients[STATISTICIAN], copy_for(rehearsal, STATISTICIAN), pinning.given()
    )

    assert not report.failed
    open_to_all = tmp_path / "public"
    assert (open_to_all / "entries.jsonl").read_bytes() == b"".join(
        trail.leaf(entry) + b"\n" for entry in entries
    )
    assert len(list((open_to_all / "commitments").glob("*.note"))) == 3
    keys = json.loads((open_to_all / "keys.json").read_text())
    assert keys["ceremony"] == rehearsal.key.encode()
    assert keys["log"] == instance.log.verifier.encode()

    given = tmp_path / "release"
    plan = plan_of(instance, rehearsal, number)
    codes = {one.name: one.code for one in instance.definition.treatments}
    (allocated,) = rows(given / "allocation.csv")
    assert (allocated["participant"], allocated["stratum"]) == (number, "REL")
    assert [allocated["treatment_1"], allocated["treatment_2"]] == [codes[name] for name in plan]
    (handed_out,) = rows(given / "dispensation.csv")
    assert (handed_out["kit"], handed_out["treatment"]) == (sheet.kit, sheet.treatment)
    assert handed_out["outcome"] == "given"
    _assert_told_of_preparation(given, number, sheet)
    assert [row["what"] for row in rows(given / "deviations.csv")] == [
        "randomized in error",
        "randomized with a wrong factor",
    ]
    (broken,) = rows(given / "code_breaks.csv")
    assert (broken["participant"], broken["reason"]) == (number, "emergency")
    assert broken["disclosed_at"]
    people = {row["participant"]: row for row in rows(given / "participants.csv")}
    assert set(people) == {consented, number}
    assert (people[number]["level_course"], people[number]["true_course"]) == ("relapsing", "progressive")
    assert (given / "schedule.json").read_bytes() == opened_release(rehearsal)
    assert (given / "slots.jsonl").read_bytes() == rehearsal.bundle.read("slots.jsonl")
    for path in (*given.iterdir(), open_to_all / "entries.jsonl"):
        assert SAID.encode() not in path.read_bytes()
        assert b"argon2" not in path.read_bytes()


def _assert_told_of_preparation(given: Path, number: str, sheet: Sheet) -> None:
    (made,) = rows(given / "preparations.csv")
    told = {
        name: made[name] for name in ("participant", "period", "kit", "content", "lot", "thaw", "spoiled")
    }
    assert [*told.values()] == [number, "1", sheet.kit, sheet.treatment, "L-1", "2 min at 37 °C", ""]
    (lot,) = rows(given / "product_lots.csv")
    assert (lot["participant"], lot["lot"], lot["in_use"]) == (number, LOT.number, "yes")
    results = {
        one["test"]: (one["subject"], one["result"], one["counts"])
        for one in rows(given / "quality_results.csv")
    }
    assert results == dict.fromkeys(PASSED, (LOT.number, "passed", "yes"))


@pytest.mark.promise(15)
def test_a_record_that_is_not_the_one_of_its_entry_is_not_released(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    number = randomized(instance, desk)
    sheet = infused(instance, desk, number)
    end_and_lock(instance)
    bring_in(instance, desk, copy_for(rehearsal, HOST))
    public = published(instance, rehearsal, tmp_path / "published")
    instance.checkpoint()
    other = Preparation(content=sheet.treatment, kit=sheet.kit, lot="another lot")
    with instance.store.writing() as uow:
        slot = uow.get(Allocation, number).slot
        kept = uow.get(PreparationRecord, slot, 1)
        uow.update(opening.seal_preparation(desk, slot, 1, other, uow.entropy))
    with instance.store.reading() as uow, pytest.raises(Tampered, match=f"PeriodRecord {number} 1"):
        release_files.write(uow, desk, public, tmp_path)
    with instance.store.writing() as uow:
        uow.update(kept)

    copy = desk.directory / release.IMPORTED
    files.write_private(copy, copy_for(rehearsal, STATISTICIAN), replace=True)
    with instance.store.reading() as uow, pytest.raises(BundleRefused, match="not the one that was imported"):
        release_files.write(uow, desk, public, tmp_path)
    assert (tmp_path / "release" / "facts.jsonl").exists() is False


@pytest.mark.promise(15)
def test_values_end_with_the_last_published_entry(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    end_and_lock(instance)
    bring_in(instance, desk, copy_for(rehearsal, HOST))
    instance.checkpoint()
    with instance.store.reading() as uow:
        last = uow.all(Entry, order="-number", limit=1)[0].number
    with instance.store.writing() as uow, trail.act(uow, Act.ALARM_RAISED, SERVICE):
        pass

    with instance.store.reading() as uow:
        release_files.write_records(uow, tmp_path)
        digests = {entry.number: entry.digest for entry in uow.all(Entry)}

    lines = [json.loads(line) for line in (tmp_path / "values.jsonl").read_text().splitlines()]
    assert lines[-1]["number"] == last
    for line in lines:
        found = trail.values_digest(bytes.fromhex(line["salt"]), line["content"].encode())
        assert found == digests[line["number"]]


def test_a_deviation_keeps_its_reason_out_of_the_released_values(instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    plan = instance.definition.periods[1]
    late = instance.clock() + timedelta(days=plan.interval_days + plan.window_after_days + 5)
    instance.act(booking.book, Role.COORDINATOR, number, late)
    deviation = instance.sign(booking.sign_deviation, Role.INVESTIGATOR, number, SAID)

    with instance.store.reading() as uow:
        values = uow.get(EntryValues, deviation.entry)
    assert values.why == SAID
    assert SAID not in values.content


def test_a_stranger_opens_no_release(instance: Instance, desk: Desk, rehearsal: Rehearsal) -> None:
    with instance.store.reading() as uow, pytest.raises(BundleRefused):
        stranger = Identity.generate(entropy_of("stranger"))
        fields = certificate_fields.read(uow.get(Trial, 1).certificate)
        open_release(stranger, copy_for(rehearsal, HOST), fields, instance.definition)


def test_what_no_copy_opens_leaves_no_trace(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    end_and_lock(instance)
    bring_in(instance, desk, copy_for(rehearsal, HOST))
    instance.checkpoint()
    with instance.store.reading() as uow:
        release_files.write(uow, desk, published(instance, rehearsal, tmp_path / "published"), tmp_path)
    before = sorted(path.name for path in (tmp_path / "release").iterdir())

    own, pins = rehearsal.recipients[STATISTICIAN], pinning.given()
    with pytest.raises(BundleRefused, match="not sealed to this recipient"):
        data_sets.make(tmp_path, own, copy_for(rehearsal, HOST), pins)
    assert sorted(path.name for path in (tmp_path / "release").iterdir()) == before
    (tmp_path / "release" / "values.jsonl").unlink()
    with pytest.raises(Unreadable, match="It is missing"):
        data_sets.make(tmp_path, own, copy_for(rehearsal, STATISTICIAN), pins)


def test_records_that_were_bent_are_said_to_fail_beside_the_tables(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    number = randomized(instance, desk)
    end_and_lock(instance)
    bring_in(instance, desk, copy_for(rehearsal, HOST))
    instance.checkpoint()
    with instance.store.reading() as uow:
        release_files.write(uow, desk, published(instance, rehearsal, tmp_path / "published"), tmp_path)
    values = tmp_path / "release" / "values.jsonl"
    values.write_text(values.read_text().replace(r"\"stratum\":\"REL\"", r"\"stratum\":\"PRO\""))

    report = data_sets.make(
        tmp_path, rehearsal.recipients[STATISTICIAN], copy_for(rehearsal, STATISTICIAN), pinning.given()
    )

    assert report.verdict is Verdict.FAILED
    assert "values.digests" in report.failed
    assert json.loads((tmp_path / "release" / "verification.json").read_text())["verdict"] == "FAILED"
    assert rows(tmp_path / "release" / "allocation.csv")[0]["participant"] == number


@pytest.mark.promise(13)
def test_cosignatures_are_handed_on_as_far_as_the_record_goes(
    instance: Instance, desk: Desk, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    end_and_lock(instance)
    bring_in(instance, desk, copy_for(rehearsal, HOST))
    instance.checkpoint()
    with instance.store.reading() as uow:
        newest, *older = uow.all(SignedCheckpoint, order="-size")
    witness = NoteKey("example.org/witness", bytes(range(32)), COSIGNATURE)
    seen = notes.cosign(newest.note, witness, 1_800_000_000)
    public = published(instance, rehearsal, tmp_path / "published")
    (public / "checkpoints").mkdir()
    (public / "checkpoints" / f"{newest.size}.note").write_bytes(seen)
    (public / "checkpoints" / f"{newest.size + 1}.note").write_bytes(b"published a moment later")

    for _ in range(2):
        with instance.store.reading() as uow:
            release_files.write(uow, desk, public, tmp_path)
        found = {path.name: path.read_bytes() for path in (tmp_path / "public" / "checkpoints").iterdir()}
        assert found[f"{newest.size}.note"] == seen
        assert f"{newest.size + 1}.note" not in found
        for one in older:
            (public / "checkpoints" / f"{one.size}.note").write_bytes(one.note)
