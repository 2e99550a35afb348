"""What ``randomizer key-inventory`` lists, and that it shows no secret."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from keys import custody
from keys.base64_text import to_base64
from keys.key_file import KeyFile
from keys.notes import COSIGNATURE, NoteKey
from randomizer.config import system_clock
from tests.activated import entropy_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.activated import Rehearsal
    from tests.cli.conftest import Answer, Randomizer
    from tests.cli.places import Place

    Inventory = Callable[..., Answer]

pytestmark = pytest.mark.requirement("custody")

OF_A_DRAFT = {
    "transport key",
    "checkpoint key",
    "session secret (site)",
    "session secret (codebreak)",
    "key of the code secrets (site)",
    "key of the code secrets (codebreak)",
    "password of the mail server",
}


def listed(answer: Answer) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(answer.out)["keys"]}


@pytest.fixture
def inventory(place: Place, randomizer: Randomizer) -> Inventory:
    return lambda *more: randomizer("key-inventory", "--instance", place.directory, *more)


def test_a_draft_has_the_keys_of_its_processes(inventory: Inventory) -> None:
    answer = inventory("--json")
    found = listed(answer)
    assert (answer.status, set(found)) == (0, OF_A_DRAFT)
    for one in found.values():
        assert (one["age_days"], one["fault"]) == (0, None)
        assert one["purpose"]
        assert one["other_half"]


def test_an_active_trial_has_those_of_its_sealing_too(
    place: Place, sealed: Rehearsal, inventory: Inventory
) -> None:
    place.sign()
    place.activate(sealed)
    found = listed(inventory("--json"))
    fields = sealed.plan
    assert found["release key"]["known_as"] == fields.release.public_key
    assert found["staged key"]["place"] == "shares of 3 custodians, 2 of them needed; on no host"
    assert "code-break-host, statistician" in found["release key"]["purpose"]
    assert found["ceremony key"]["known_as"] == sealed.key.encode()
    assert found["code-break key"]["place"] == "codebreak/keys.json"
    assert found["code-break key"]["made_at"] == "2027-01-04T08:00:00+00:00"
    assert "contributor key (machine)" in found
    assert "emergency codes (24)" in found
    ring = custody.read_key_file(place.directory / "codebreak" / "keys.json")
    assert found["preparation key"]["known_as"] == ring.keys[1].fingerprint
    text = inventory().out
    for name in found:
        assert f"{name}\n" in text


def test_a_rotation_shows_and_so_does_one_that_did_not_end(
    place: Place, sealed: Rehearsal, inventory: Inventory
) -> None:
    place.sign()
    place.activate(sealed)
    key = place.as_person("admin", "rotate", "--json").fields["key"]
    found = listed(inventory("--json"))["code-break key"]
    assert (found["known_as"], found["age_days"]) == (key, 0)
    KeyFile(place.directory / "codebreak" / "keys.json").begin(secrets.token_bytes, system_clock())
    assert "has not ended" in listed(inventory("--json"))["code-break-next key"]["purpose"]


@pytest.mark.promise(14)
@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("codebreak/keys.json", ["key ring"]),
        ("codebreak/transport.key", ["transport key"]),
        ("jobs/checkpoint.key", ["checkpoint key"]),
        ("site/secrets.json", ["session secret (site)", "key of the code secrets (site)"]),
    ],
)
def test_a_key_that_others_can_read_is_at_fault(
    place: Place, sealed: Rehearsal, inventory: Inventory, file: str, names: list[str]
) -> None:
    place.sign()
    place.activate(sealed)
    (place.directory / file).chmod(0o644)
    answer = inventory("--json")
    found = listed(answer)
    assert answer.status == 1
    assert [name for name, one in found.items() if one["fault"]] == names
    assert "mode 0644; it must be 0600" in found[names[0]]["fault"]
    assert "AT FAULT" in inventory().out


def test_a_file_that_is_no_certificate_is_at_fault(place: Place, inventory: Inventory) -> None:
    (place.directory / "public" / "certificate.note").write_text("nothing")
    assert "not a certificate" in listed(inventory("--json"))["keys of the sealing"]["fault"]


def test_keys_of_other_hosts_are_not_listed_here(place: Place, inventory: Inventory) -> None:
    for path in (place.directory / "codebreak").iterdir():
        path.unlink()
    (place.directory / "codebreak").rmdir()
    assert {name for name in OF_A_DRAFT if "codebreak" not in name} - {"transport key"} == set(
        listed(inventory("--json"))
    )


def test_witnesses_of_the_settings_are_listed(
    place: Place, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = NoteKey.generate("example.org/witness", entropy_of("witness"), COSIGNATURE).verifier.encode()
    monkeypatch.setenv("RANDOMIZER_WITNESS_KEYS", json.dumps([witness]))
    found = listed(inventory("--json"))["witness key (example.org/witness)"]
    assert (found["known_as"], found["age_days"], found["made_at"]) == (witness, None, None)


@pytest.mark.promise(3)
def test_it_shows_no_secret(place: Place, sealed: Rehearsal, inventory: Inventory) -> None:
    place.sign()
    place.activate(sealed)
    told = inventory().out + inventory("--json").out
    for secret in _secrets(place.directory):
        assert secret not in told


def _secrets(directory: Path) -> list[str]:
    ring = custody.read_key_file(directory / "codebreak" / "keys.json")
    found = [text for key in ring.keys for text in (to_base64(key.secret), key.secret.hex())]
    found += [
        (directory / name).read_text().strip() for name in ("codebreak/transport.key", "jobs/checkpoint.key")
    ]
    for door in ("site", "codebreak"):
        found += [*json.loads((directory / door / "secrets.json").read_text()).values()]
    assert all(found)
    return found
