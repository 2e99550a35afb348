"""From an empty directory to an active trial by commands; everybody signs in."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.trial import Slot, Trial
from randomizer.services.upkeep import publishing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.activated import Rehearsal
    from tests.cli.conftest import Randomizer
    from tests.cli.places import Place


@pytest.mark.requirement("activation")
def test_commands_lead_from_nothing_to_an_active_trial(place: Place, sealed: Rehearsal) -> None:
    assert place.status().fields["phase"] == "draft"
    place.sign()
    done = place.activate(sealed).fields
    assert (done["phase"], done["slots"], done["keys_installed"]) == ("active", 24, True)
    status = place.status().fields
    assert status["phase"] == "active"
    assert status["certificate_digest"] == sealed.digest
    assert status["definition_signed_by"] == ["sponsor representative", "unblinded statistician"]
    assert status["strata"] == {
        "PRO": {"capacity": 12, "used": 0},
        "REL": {"capacity": 12, "used": 0},
    }
    assert set(status["sites"].values()) == {"planned"}
    assert status["entries_without_checkpoint"] > 0
    host = {path.name for path in (place.directory / "codebreak").iterdir()}
    assert {"keys.json", "pins.json", "release.sealed", "staged.sealed", "unblinded.sealed"} <= host
    public = place.directory / "public"
    for name in ("certificate.note", "ceremony.vkey", "definition.json", "commitments/3.note"):
        assert (public / name).read_bytes() == (sealed.directory / name).read_bytes()
    keys = json.loads((public / "keys.json").read_text())
    assert keys["ceremony"] == sealed.key.encode()
    assert keys["log"] == (public / "log.vkey").read_text().strip()
    assert not list(public.rglob("*.sealed"))
    assert not list(public.rglob("emergency*"))


@pytest.mark.promise(15)
def test_whoever_has_the_public_folder_of_a_running_instance_verifies_it(
    place: Place, sealed: Rehearsal, tmp_path: Path
) -> None:
    place.sign()
    digest = " ".join(sealed.digest.upper()[at : at + 8] for at in range(0, 64, 8))  # as it stands on paper
    assert place.activate(sealed, "--digest", digest).fields["phase"] == "active"
    place.checkpoint()
    with place.store.reading() as uow:
        publishing.export(uow, place.directory / "public")
    shutil.copytree(place.directory / "public", tmp_path / "copy" / "public")
    pins = ("--certificate-digest", digest, "--log-key", tmp_path / "copy" / "public" / "log.vkey")
    verified = place.randomizer("verify", tmp_path / "copy", *pins)
    assert (verified.status, "OK: Everything that needs no release" in verified.out) == (0, True)


def test_status_in_words_tells_where_the_instance_stands(place: Place) -> None:
    told = place.randomizer("status", "--instance", place.directory)
    assert "mesems (rehearsal), draft" in told.out
    assert "nobody yet" in told.out


@pytest.mark.requirement("activation")
def test_a_refused_activation_leaves_the_draft(place: Place, sealed: Rehearsal) -> None:
    assert "not signed by" in place.activate(sealed).refusal
    place.sign()
    assert "administrator" in place.activate(sealed, name="manager").refusal
    wrong = place.activate(sealed, password="not the password")
    assert "do not fit together" in wrong.refusal
    with (sealed.directory / "slots.jsonl").open("a") as file:
        file.write("\n")
    assert "slots.jsonl differs" in place.activate(sealed).refusal
    assert place.status().fields["phase"] == "draft"
    assert not (place.directory / "codebreak" / "keys.json").exists()
    assert not (place.directory / "public" / "certificate.note").exists()


def test_keys_that_cannot_be_installed_stop_the_activation(place: Place, sealed: Rehearsal) -> None:
    place.sign()
    transport = place.directory / "codebreak" / "transport.key"
    shutil.move(transport, transport.with_name("elsewhere"))
    assert "transport.key" in place.activate(sealed).refusal
    assert place.status().fields["phase"] == "draft"
    shutil.move(transport.with_name("elsewhere"), transport)
    assert place.activate(sealed).fields["phase"] == "active"


def test_the_code_break_host_may_be_another_machine(place: Place, sealed: Rehearsal) -> None:
    place.sign()
    assert place.activate(sealed, "--without-keys").fields["keys_installed"] is False
    assert not (place.directory / "codebreak" / "keys.json").exists()
    options = ("--instance", place.directory, "--vkey", sealed.key.encode(), "--digest", sealed.digest)
    pins = place.randomizer("install-keys", sealed.directory, *options, "--json").fields
    assert pins["certificate_digest"] == sealed.digest
    assert (place.directory / "codebreak" / "keys.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--vkey", "nonsense", "The verifier key cannot be used"),
        ("--digest", "0" * 64, "as the trial master file says"),
    ],
)
def test_pins_that_do_not_fit_are_refused(
    place: Place, sealed: Rehearsal, option: str, value: str, told: str
) -> None:
    place.sign()
    assert told in place.activate(sealed, option, value).refusal


def test_another_definition_than_the_one_that_was_read_is_not_signed(place: Place) -> None:
    refused = place.as_person("sponsor", "sign-definition", "--digest", "0" * 64).refusal
    assert "you named another" in refused


def test_an_instance_is_not_made_over_another(place: Place, definition_file: Path) -> None:
    again = place.randomizer(
        "init", place.directory, "--definition", definition_file, "--kind", "rehearsal", "--origin", "x"
    )
    assert "is not empty" in again.refusal
    with place.store.reading() as uow:
        assert uow.count(Trial) == 1
        assert uow.count(Slot) == 0


def test_a_faulty_definition_lists_its_faults_and_makes_nothing(
    randomizer: Randomizer, tmp_path: Path
) -> None:
    (tmp_path / "faulty.toml").write_text('[trial]\nid = ""\n')
    refused = randomizer(
        "init", tmp_path / "instance", "--definition", tmp_path / "faulty.toml", "--kind", "rehearsal",
        "--origin", "x",
    ).refusal  # fmt: skip
    assert "fault(s)" in refused
    assert not (tmp_path / "instance").exists()


def test_a_directory_without_instance_is_refused_in_a_sentence(
    randomizer: Randomizer, tmp_path: Path
) -> None:
    assert "cannot be read" in randomizer("status", "--instance", tmp_path / "nothing").refusal
    assert not list(tmp_path.iterdir())
