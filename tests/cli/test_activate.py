"""From an empty directory to an active trial by commands; everybody signs in."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pyotp
import pytest

from keys import hpke
from randomizer.config import load_settings, load_site_secrets, system_clock
from randomizer.domain.definition import parse_definition
from randomizer.domain.housekeeping import TotpUse
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.trial import Slot, Trial
from randomizer.services import accounts
from randomizer.services.transactions import open_store
from tests.activated import PASSWORD, Rehearsal, cheap_gate, seal_rehearsal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from randomizer.services.transactions import Store
    from tests.cli.conftest import Answer, Randomizer

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PEOPLE = {
    "sponsor": Role.SPONSOR,
    "statistician": Role.UNBLINDED_STATISTICIAN,
    "admin": Role.ADMINISTRATOR,
    "manager": Role.TRIAL_MANAGER,
}


@dataclass
class Place:
    """An instance on disk, and who acts in it by commands."""

    directory: Path
    store: Store
    randomizer: Randomizer
    monkeypatch: pytest.MonkeyPatch

    def join(self) -> None:
        """Give every person an account."""
        totp_key = load_site_secrets(self.directory).totp_key.get_secret_value().encode()
        gate = replace(cheap_gate(), totp_key=totp_key)
        with self.store.writing() as uow:
            for name, role in PEOPLE.items():
                account = accounts.create(
                    uow,
                    gate,
                    SERVICE,
                    username=name,
                    printed_name=name.title(),
                    email=f"{name}@example.org",
                    password=PASSWORD,
                    totp_secret=TOTP_SECRET,
                )
                accounts.grant(uow, SERVICE, account=account.number, role=role)

    def as_person(self, name: str, *arguments: object, password: str = PASSWORD) -> Answer:
        """A command with a fresh code; a code that was used a moment ago counts as fresh."""
        with self.store.writing() as uow:
            uow.remove(TotpUse)
        self.monkeypatch.setenv("RANDOMIZER_PASSWORD", password)
        self.monkeypatch.setenv("RANDOMIZER_CODE", pyotp.TOTP(TOTP_SECRET).at(system_clock()))
        return self.randomizer(*arguments, "--instance", self.directory, "--as", name)

    def status(self) -> Answer:
        return self.randomizer("status", "--instance", self.directory, "--json")


@pytest.fixture
def place(
    tmp_path: Path, randomizer: Randomizer, monkeypatch: pytest.MonkeyPatch, definition_file: Path
) -> Iterator[Place]:
    directory = tmp_path / "instance"
    made = randomizer(
        "init", directory, "--definition", definition_file, "--kind", "rehearsal",
        "--origin", "example.org/mesems", "--json",
    ).fields  # fmt: skip
    assert made["kind"] == "rehearsal"
    store = open_store(load_settings(directory).engine_url, clock=system_clock, entropy=secrets.token_bytes)
    found = Place(directory, store, randomizer, monkeypatch)
    found.join()
    yield found
    store.engine.dispose()


@pytest.fixture
def sealed(place: Place, tmp_path: Path, definition_file: Path) -> Rehearsal:
    """A bundle sealed to the transport key of the instance."""
    definition = parse_definition(definition_file.read_text(encoding="utf-8"), "trial.toml")
    transport = hpke.Identity.load(place.directory / "codebreak" / "transport.key")
    return seal_rehearsal(tmp_path / "bundle", definition=definition, transport=transport)


def sign(place: Place) -> None:
    digest = place.status().fields["definition_digest"]
    for name in ("sponsor", "statistician"):
        done = place.as_person(name, "sign-definition", "--digest", digest, "--json").fields
        assert done["definition_digest"] == digest


def activate(place: Place, sealed: Rehearsal, *more: object, name: str = "admin", **changed: str) -> Answer:
    return place.as_person(
        name, "activate", sealed.directory, "--vkey", sealed.directory / "ceremony.vkey",
        "--digest", sealed.digest, *more, "--json", **changed,
    )  # fmt: skip


@pytest.mark.requirement("activation")
def test_commands_lead_from_nothing_to_an_active_trial(place: Place, sealed: Rehearsal) -> None:
    assert place.status().fields["phase"] == "draft"
    sign(place)
    done = activate(place, sealed).fields
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
    assert not list(public.rglob("*.sealed"))
    assert not list(public.rglob("emergency*"))


def test_status_in_words_tells_where_the_instance_stands(place: Place) -> None:
    told = place.randomizer("status", "--instance", place.directory)
    assert "mesems (rehearsal), draft" in told.out
    assert "nobody yet" in told.out


@pytest.mark.requirement("activation")
def test_a_refused_activation_leaves_the_draft(place: Place, sealed: Rehearsal) -> None:
    assert "not signed by" in activate(place, sealed).refusal
    sign(place)
    assert "administrator" in activate(place, sealed, name="manager").refusal
    wrong = activate(place, sealed, password="not the password")
    assert "do not fit together" in wrong.refusal
    with (sealed.directory / "slots.jsonl").open("a") as file:
        file.write("\n")
    assert "slots.jsonl differs" in activate(place, sealed).refusal
    assert place.status().fields["phase"] == "draft"
    assert not (place.directory / "codebreak" / "keys.json").exists()
    assert not (place.directory / "public" / "certificate.note").exists()


def test_keys_that_cannot_be_installed_stop_the_activation(place: Place, sealed: Rehearsal) -> None:
    sign(place)
    transport = place.directory / "codebreak" / "transport.key"
    shutil.move(transport, transport.with_name("elsewhere"))
    assert "transport.key" in activate(place, sealed).refusal
    assert place.status().fields["phase"] == "draft"
    shutil.move(transport.with_name("elsewhere"), transport)
    assert activate(place, sealed).fields["phase"] == "active"


def test_the_code_break_host_may_be_another_machine(place: Place, sealed: Rehearsal) -> None:
    sign(place)
    assert activate(place, sealed, "--without-keys").fields["keys_installed"] is False
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
    sign(place)
    assert told in activate(place, sealed, option, value).refusal


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
