"""From the last datum to the data sets by commands: lock, export, import, write, open, verify."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from keys import custody, hpke
from keys.quorum import STAGED, recipient_info
from keys.staged import StagedCopy
from randomizer.domain.people import Account
from randomizer.domain.records import AlarmKind
from randomizer.services import accounts, alarms, conduct
from tests.desks import copy_for

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.domain.people import Person
    from tests.activated import Rehearsal
    from tests.cli.places import Place

pytestmark = pytest.mark.requirement("release")

WHY = "All queries are closed."
NOT_PINNED = 3


@pytest.fixture
def active(place: Place, sealed: Rehearsal) -> Place:
    """An active trial under a signed checkpoint."""
    place.sign()
    assert place.activate(sealed).fields["phase"] == "active"
    place.checkpoint()
    return place


def given(directory: Path, name: str, content: bytes) -> Path:
    """A file that somebody was handed."""
    path = directory / name
    path.write_bytes(content)
    return path


@pytest.mark.promise(14)
@pytest.mark.promise(15)
def test_commands_lead_from_the_lock_to_the_verified_data_sets(
    active: Place, sealed: Rehearsal, tmp_path: Path
) -> None:
    locked = active.as_person("sponsor", "lock", "--why", WHY, "--json").fields
    assert (locked["phase"], locked["statement"]) == (
        "locked",
        "I state that the data of this trial are final.",
    )
    out = tmp_path / "export"
    written = active.as_person("statistician", "release", "export", "--out", out, "--json").fields
    assert sorted(written["files"]) == [str(out / "certificate.note"), str(out / "release.sealed")]
    assert (out / "release.sealed").read_bytes() == sealed.bundle.read("release.sealed")
    ours = given(tmp_path, "ours.sealed", copy_for(sealed, "code-break-host"))
    assert active.as_person("statistician", "release", "import", ours, "--json").fields == {
        "phase": "released",
        "slots": 24,
    }
    active.checkpoint()
    folders = tmp_path / "folders"
    active.randomizer("release", "write", "--instance", active.directory, "--out", folders, "--json")
    assert {path.name for path in (folders / "release").iterdir()} == {
        "slots.jsonl",
        "values.jsonl",
        "facts.jsonl",
    }

    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    sealed.recipients["statistician"].save(own / "identity.key")
    copy = given(own, "copy.sealed", copy_for(sealed, "statistician"))
    opened = active.randomizer("release", "open", folders, "--identity", own, "--copy", copy)
    assert (opened.status, "NOT PINNED" in opened.out) == (NOT_PINNED, True)
    log_key = (active.directory / "public" / "log.vkey").read_text().strip()
    custody.write_pins(folders / "pins.json", {"certificate_digest": sealed.digest, "log_key": log_key})
    opened = active.randomizer("release", "open", folders, "--identity", own / "identity.key", "--copy", copy)
    assert opened.status == 0
    assert "The data sets are in" in opened.out
    with (folders / "release" / "allocation.csv").open(newline="") as file:
        assert next(csv.reader(file))[-2:] == ["treatment_1", "treatment_2"]
    report = json.loads((folders / "release" / "verification.json").read_text())
    assert report["verdict"] == "OK"
    assert active.randomizer("verify", folders).status == 0


@pytest.mark.promise(14)
def test_commands_lead_from_the_lock_of_period_1_to_its_data_set(
    active: Place, sealed: Rehearsal, tmp_path: Path
) -> None:
    refused = active.as_person("sponsor", "lock", "--period", "1", "--why", WHY).refusal
    assert "has to be closed to enrolment or terminated; it is active" in refused
    with active.store.writing() as uow:
        conduct.close_enrolment(uow, person_of(active, "manager"), WHY)
    export = ("release", "export", "--staged", "--out", tmp_path / "out")
    assert "randomizer lock --period 1" in active.as_person("statistician", *export).refusal
    locked = active.as_person("sponsor", "lock", "--period", "1", "--why", WHY, "--json").fields
    assert (locked["period"], locked["statement"]) == (
        1,
        "I state that the data of period 1 of this trial are final.",
    )
    status = active.status().fields
    assert (status["phase"], status["periods_locked"]) == ("enrolment closed", [1])
    told = active.as_person("statistician", *export).out
    assert "combine --purpose staged --slots staged-slots.json --randomized COUNT" in told
    active.checkpoint()
    folders = tmp_path / "folders"
    write = ("release", "write", "--staged", "--instance", active.directory, "--out", folders)
    assert "randomizer release open --staged" in active.randomizer(*write).out

    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    sealed.recipients["statistician"].save(own / "identity.key")
    narrowed = StagedCopy(sealed.definition.trial_id, 1, {}).to_bytes()
    public = sealed.recipients["statistician"].public
    copy = given(own, "copy.sealed", hpke.seal(public, narrowed, recipient_info(STAGED)))
    opened = active.randomizer("release", "open", folders, "--staged", "--identity", own, "--copy", copy)
    assert (opened.status, str(folders / "staged") in opened.out) == (NOT_PINNED, True)
    with (folders / "staged" / "period-1.csv").open(newline="") as file:
        assert [row[1] for row in csv.reader(file)] == ["participant"]


def person_of(active: Place, name: str) -> Person:
    with active.store.reading() as uow:
        return accounts.person(uow, uow.all(Account, username=name)[0].number)


def test_what_stands_in_the_way_is_listed_and_nobody_else_locks(active: Place) -> None:
    with active.store.writing() as uow:
        alarms.raise_alarm(uow, AlarmKind.TRAIL, "Entry 3")
        alarms.raise_alarm(uow, AlarmKind.SEALED, "Slot 5")
    refused = active.as_person("sponsor", "lock", "--why", WHY).refusal
    assert f"stands: {AlarmKind.TRAIL}" in refused
    assert f"stands: {AlarmKind.SEALED}" in refused
    assert "sponsor representative" in active.as_person("statistician", "lock", "--why", WHY).refusal
    assert active.status().fields["phase"] == "active"


def test_a_release_out_of_turn_is_refused(active: Place, sealed: Rehearsal, tmp_path: Path) -> None:
    ours = given(tmp_path, "ours.sealed", copy_for(sealed, "code-break-host"))
    for command in (("export", "--out", tmp_path / "out"), ("import", ours)):
        assert "has to be locked" in active.as_person("statistician", "release", *command).refusal
    write = ("release", "write", "--instance", active.directory, "--out", tmp_path / "folders")
    assert "has to be released" in active.randomizer(*write).refusal
    active.as_person("sponsor", "lock", "--why", WHY)
    theirs = given(tmp_path, "theirs.sealed", copy_for(sealed, "statistician"))
    refused = active.as_person("statistician", "release", "import", theirs).refusal
    assert "not sealed to this recipient" in refused
    assert "unblinded statistician" in active.as_person("admin", "release", "import", ours).refusal
    assert active.status().fields["phase"] == "locked"
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "folders").exists()
