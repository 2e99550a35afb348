from __future__ import annotations

import io
import tempfile
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from randomizer.domain.people import Role
from randomizer.services import conduct, locking
from randomizer.services.unblinded import data_sets, release
from randomizer.services.verification import pinning
from tests.desks import copy_for, infused, randomized

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.codebreak.guests import Visit

pytestmark = [pytest.mark.requirement("code-break door"), pytest.mark.promise(15)]

STATISTICIANS = (Role.UNBLINDED_STATISTICIAN, Role.STATISTICIAN)
RECIPIENT = "statistician"
PATHS = ("/records", "/records/download")


def lock(instance: Instance) -> None:
    instance.sign(conduct.terminate, Role.SPONSOR, "no funds")
    instance.sign(locking.lock, Role.SPONSOR, "done")


def set_free(instance: Instance, desk: Desk, rehearsal: Rehearsal) -> None:
    lock(instance)
    person = instance.person(Role.UNBLINDED_STATISTICIAN)
    with instance.store.writing() as uow:
        release.import_release(uow, desk, person, copy_for(rehearsal, "code-break-host"))


@pytest.mark.promise(4)
@pytest.mark.parametrize("role", STATISTICIANS)
def test_before_the_release_there_are_none(visit: Visit, instance: Instance, role: Role) -> None:
    for standing in ("active", "locked"):
        guest = visit(role)
        assert "Records" not in guest.client.get("/", follow_redirects=True).text
        for path in PATHS:
            assert f"has to be released; it is {standing}" in guest.get(path, 422)
        if standing == "active":
            lock(instance)


@pytest.mark.promise(4)
@pytest.mark.promise(20)
def test_after_the_release_they_are_the_statisticians_alone(
    visit: Visit, instance: Instance, desk: Desk, rehearsal: Rehearsal
) -> None:
    set_free(instance, desk, rehearsal)
    instance.checkpoint()
    for role in Role:
        guest = visit(role)
        statuses = {guest.client.get(path, buffered=True).status_code for path in PATHS}
        assert statuses == {200 if role in STATISTICIANS else 403}, role
    assert visit(Role.STATISTICIAN).open("/", 302).headers["Location"] == "/records"
    assert "Records for your data sets" in visit(Role.UNBLINDED_STATISTICIAN).get("/release")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.mark.promise(13)
def test_one_file_with_which_a_statistician_makes_the_data_sets(
    visit: Visit, instance: Instance, desk: Desk, rehearsal: Rehearsal, scratch: Path
) -> None:
    number = randomized(instance, desk)
    infused(instance, desk, number)
    set_free(instance, desk, rehearsal)
    guest = visit(Role.STATISTICIAN)
    assert "Not ready yet" in guest.get("/records")
    assert "No signed checkpoint covers the release yet" in guest.get("/records/download", 422)
    instance.checkpoint()

    answer = guest.open("/records/download")

    assert list(scratch.iterdir()) == []
    assert answer.mimetype == "application/zip"
    assert "mesems-records.zip" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    home = scratch / "home"
    with ZipFile(io.BytesIO(answer.data)) as archive:
        names = set(archive.namelist())
        archive.extractall(home)
    assert {name for name in names if name.startswith("release/")} == {
        "release/facts.jsonl",
        "release/slots.jsonl",
        "release/values.jsonl",
    }
    assert {"public/certificate.note", "public/entries.jsonl", "public/keys.json"} <= names
    own = rehearsal.recipients[RECIPIENT]
    report = data_sets.make(home, own, copy_for(rehearsal, RECIPIENT), pinning.given())
    assert not report.failed
    assert number in (home / "release" / "allocation.csv").read_text()


def test_the_same_file_every_time(visit: Visit, instance: Instance, desk: Desk, rehearsal: Rehearsal) -> None:
    set_free(instance, desk, rehearsal)
    instance.checkpoint()
    assert len({visit(role).open("/records/download").data for role in STATISTICIANS}) == 1
