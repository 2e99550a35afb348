"""From an active trial to a pack, its opening offline and its record, by commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.housekeeping import Entry
from randomizer.standalone import open_pack
from tests.packing import codes_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.activated import Rehearsal
    from tests.cli.conftest import Randomizer
    from tests.cli.places import Place

pytestmark = [pytest.mark.promise(10), pytest.mark.requirement("activation")]


@pytest.fixture
def active(place: Place, sealed: Rehearsal) -> Place:
    place.sign()
    assert place.activate(sealed).status == 0
    return place


def issue(place: Place, out: Path, name: str = "manager") -> tuple[str, ...]:
    return (name, "emergency-pack", "issue", "--site", "TLS", "--out", str(out), "--json")


def test_a_pack_is_issued_opened_offline_and_its_use_recorded(
    active: Place, sealed: Rehearsal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pack"
    assert "trial manager" in active.as_person(*issue(active, out, "admin")).refusal
    assert list(out.iterdir()) == []
    done = active.as_person(*issue(active, out)).fields
    assert (done["site"], done["slots"], done["certificate_digest"]) == ("TLS", 24, sealed.digest)
    file = out / "emergency-pack-TLS.json"
    assert {path.name for path in out.iterdir()} == {file.name, "emergency-pack-TLS.pdf"}
    assert "is there already" in active.as_person(*issue(active, out)).refusal

    number, code = next(iter(codes_of(sealed).items()))
    arguments = [str(file), "--certificate-digest", sealed.digest]
    assert open_pack.main(arguments, lambda _: number, lambda _: code) == 0
    assert "what was PLANNED" in capsys.readouterr().out

    record = (
        "emergency-pack", "record", "--site", "TLS", "--randomization-number", number, "--what", "opened",
        "--who", "Dr X", "--why", "Yearly drill",
    )  # fmt: skip
    told = active.as_person("manager", *record, "--at", "2026-01-05T10:00+01:00", "--drill", "--json").fields
    assert (told["act"], told["participant"], told["task"]) == ("emergency drill", "", False)
    told = active.as_person("manager", *record, "--at", "2026-01-05T10:00Z", "--json").fields
    assert told["act"] == "emergency pack opened"
    with active.store.reading() as uow:
        assert uow.get(Entry, told["entry"]).site == "TLS"


def test_the_sheets_of_codes_are_their_printers_alone(
    randomizer: Randomizer, sealed: Rehearsal, tmp_path: Path
) -> None:
    out = tmp_path / "sheets.pdf"
    command = ("emergency-pack", "sheets", sealed.directory / "emergency-codes.txt", "--out", out)
    assert randomizer(*command, "--json").fields == {"pdf": str(out), "sheets": 24}
    assert out.stat().st_mode & 0o777 == 0o600
    assert "is there already" in randomizer(*command).refusal


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("what", "at", "told"),
    [
        (("opened",), "yesterday", "with its time zone"),
        (("opened",), "2026-01-05T10:00", "with its time zone"),
        (("returned", "--drill"), "2026-01-05T10:00Z", "record it as --what opened --drill"),
    ],
)
def test_a_record_that_cannot_be_is_refused_in_a_sentence(
    place: Place, what: tuple[str, ...], at: str, told: str
) -> None:
    record = ("emergency-pack", "record", "--site", "TLS", "--who", "Dr X", "--why", "x", "--at", at)
    assert told in place.as_person("manager", *record, "--what", *what).refusal
