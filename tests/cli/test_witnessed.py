"""From a signed checkpoint to a witness and back, and proofs from the published files, by commands."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from keys import checkpoint as tlog
from keys import notes, proofs, witness
from keys.notes import COSIGNATURE, NoteKey
from keys.proofs import ConsistencyProof, InclusionProof
from randomizer.config import load_settings
from randomizer.errors import Stopped
from randomizer.services import outside
from randomizer.services.upkeep import publishing
from randomizer.web import server
from tests.cli.places import PEOPLE

if TYPE_CHECKING:
    from pathlib import Path

    from keys.notes import VerifierKey
    from tests.cli.conftest import Randomizer
    from tests.cli.places import Place

pytestmark = [pytest.mark.promise(13), pytest.mark.promise(17), pytest.mark.requirement("trail")]

WITNESS = NoteKey("example.org/witness", bytes(range(32, 64)), COSIGNATURE)
AT = 1_800_000_000
SEEN = "example.org/witness up to entry {}, 15 Jan 2027, 08:00 UTC"


@pytest.fixture
def public(place: Place) -> Path:
    """The public record of an instance with a witness, under its first checkpoint."""
    settings = place.directory / "instance.toml"
    settings.write_text(f'witness_keys = ["{WITNESS.verifier.encode()}"]\n{settings.read_text()}')
    publish(place)
    return place.directory / "public"


def publish(place: Place) -> int:
    """What the jobs process does within seconds; gives the size."""
    place.checkpoint()
    with place.store.reading() as uow:
        publishing.export(uow, place.directory / "public")
    newest = outside.newest_published(place.directory / "public")
    assert newest
    return outside.held_of(newest).size


def log_of(public: Path) -> VerifierKey:
    return outside.log_key(public)


def test_a_checkpoint_goes_to_a_witness_and_comes_back(
    place: Place, public: Path, tmp_path: Path, randomizer: Randomizer
) -> None:
    first = outside.held_of(outside.newest_published(public) or b"").size
    assert place.status().fields["witnessed"] == []
    assert "nobody: self-witnessed" in randomizer("status", "--instance", place.directory).out

    # The newest checkpoint with its proof is what a witness is asked with.
    asked = randomizer("prove", "consistency", "--public", public, "--from", 0).out
    seen = witness.cosign(
        ConsistencyProof.parse(asked.encode()), log=log_of(public), last=None, key=WITNESS, at=AT
    )
    back = tmp_path / "back.note"
    back.write_bytes(seen)
    done = randomizer("witnessed", back, "--instance", place.directory)
    assert (done.status, done.out) == (0, f"Witnessed by {SEEN.format(first - 1)}.\n")
    again = randomizer("witnessed", back, "--instance", place.directory, "--json").fields
    assert again == {"witnessed": [SEEN.format(first - 1)]}
    assert place.status().fields["witnessed"] == [SEEN.format(first - 1)]
    note = (public / "checkpoints" / f"{first}.note").read_bytes()
    assert notes.read_unverified(note)[1] == ("example.org/mesems", WITNESS.name)

    place.sign()
    second = publish(place)
    proof = tmp_path / "proof"
    more = ("--from", first, "--to", second, "--out", proof, "--json")
    assert randomizer("prove", "consistency", "--public", public, *more).fields["proof"] == proof.read_text()
    grown = ConsistencyProof.parse(proof.read_bytes())
    old = tlog.verify(note, [log_of(public)]).checkpoint
    assert proofs.verify_consistency(grown, old, [log_of(public)]).checkpoint.size == second
    back.write_bytes(witness.cosign(grown, log=log_of(public), last=seen, key=WITNESS, at=AT))
    assert randomizer("witnessed", back, "--instance", place.directory).status == 0
    assert place.status().fields["witnessed"] == [SEEN.format(second - 1)]


def test_what_a_witness_saw_and_this_database_lacks_raises_the_alarm(
    place: Place, public: Path, tmp_path: Path, randomizer: Randomizer
) -> None:
    """The whole machine comes back from an old copy, public record and all."""
    old = tmp_path / "old"
    shutil.copytree(public, old)
    place.store.engine.dispose()
    shutil.copy(place.directory / "trial.db", tmp_path / "old.db")
    place.sign()
    publish(place)
    asked = randomizer("prove", "consistency", "--public", public, "--from", 0).out.encode()
    seen = witness.cosign(ConsistencyProof.parse(asked), log=log_of(public), last=None, key=WITNESS, at=AT)
    size = outside.held_of(seen).size

    place.store.engine.dispose()
    shutil.copy(tmp_path / "old.db", place.directory / "trial.db")
    shutil.rmtree(public)
    shutil.copytree(old, public)
    assert place.status().fields["alarms"] == []
    back = tmp_path / "back.note"
    back.write_bytes(seen)
    refused = randomizer("witnessed", back, "--instance", place.directory).refusal
    assert f"the checkpoint over {size} entries, which example.org/witness co-signed" in refused
    assert "A code break still works" in refused
    assert place.status().fields["alarms"] == [f"a record differs from its entry: Checkpoint {size}"]
    assert place.status().fields["witnessed"] == [SEEN.format(size - 1)]


def test_both_doors_and_the_commands_look_outside(place: Place, public: Path) -> None:
    settings = load_settings(place.directory)
    store = server.store_of(settings)
    with store.reading() as uow:
        (held,) = uow.held()
    assert held.size == len(PEOPLE) * 2 + 1
    shutil.rmtree(public / "checkpoints")
    with store.reading() as uow, pytest.raises(Stopped, match="cannot be read here"):
        uow.held()
    store.engine.dispose()


@pytest.mark.promise(15)
def test_any_entry_is_proved_from_the_published_files(public: Path, randomizer: Randomizer) -> None:
    lines = (public / "entries.jsonl").read_bytes().splitlines()
    for number, line in enumerate(lines):
        text = randomizer("prove", "inclusion", "--public", public, "--entry", number).out
        proof = InclusionProof.parse(text.encode())
        assert (proof.index, proof.leaf) == (number, line)
        verified = proofs.verify_inclusion(proof, line, [log_of(public)])
        assert verified.checkpoint.size == len(lines)


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("inclusion", "--entry", 999), "There is no entry 999"),
        (("inclusion", "--entry", -1), "There is no entry -1"),
        (("inclusion", "--entry", 0, "--size", 3), "holds no checkpoint over 3 entries"),
        (("consistency", "--from", 999), "does not grow from 999"),
        (("consistency", "--from", -1), "does not grow from -1"),
        (("consistency", "--from", 0, "--to", 3), "holds no checkpoint over 3 entries"),
    ],
)
def test_a_proof_that_cannot_be_made_is_refused_in_words(
    public: Path, randomizer: Randomizer, arguments: tuple[object, ...], said: str
) -> None:
    name, *more = arguments
    assert said in randomizer("prove", name, "--public", public, *more).refusal


@pytest.mark.parametrize("bent", ["edited", "cut", "torn"])
def test_nothing_is_proved_from_a_record_that_does_not_fit_itself(
    public: Path, randomizer: Randomizer, bent: str
) -> None:
    path = public / "entries.jsonl"
    content = path.read_bytes()
    if bent == "edited":
        path.write_bytes(content.replace(b'"number":0', b'"number":1', 1))
    if bent == "cut":
        path.write_bytes(content[: content.rstrip().rfind(b"\n") + 1])
    if bent == "torn":
        newest = max((public / "checkpoints").iterdir(), key=lambda one: int(one.stem))
        newest.write_bytes(b"torn")
    for arguments in (("inclusion", "--entry", 1), ("consistency", "--from", 1)):
        name, *more = arguments
        refusal = randomizer("prove", name, "--public", public, *more).refusal
        assert "The public record does not fit itself" in refusal


@pytest.mark.promise(18)
def test_a_note_that_no_witness_of_this_instance_signed_is_refused(
    place: Place, public: Path, tmp_path: Path, randomizer: Randomizer
) -> None:
    back = tmp_path / "back.note"
    back.write_bytes(outside.newest_published(public) or b"")
    assert (
        "No witness of this instance" in randomizer("witnessed", back, "--instance", place.directory).refusal
    )
    back.write_text("hello")
    assert "no checkpoint of the log" in randomizer("witnessed", back, "--instance", place.directory).refusal
    missing = tmp_path / "nothing"
    assert "cannot be read" in randomizer("witnessed", missing, "--instance", place.directory).refusal
    assert "is a device" in randomizer("witnessed", "/dev/zero", "--instance", place.directory).refusal
    assert json.loads(place.status().out)["alarms"] == []
