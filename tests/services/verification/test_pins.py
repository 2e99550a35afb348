from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from keys import custody, notes
from keys.notes import COSIGNATURE, NoteKey
from randomizer.services.verification import pinning
from randomizer.services.verification.reading import Unreadable
from randomizer.services.verification.report import Status, Verdict
from randomizer.services.verification.steps_certificate import Pins
from randomizer.services.verification.verify import verify
from tests.activated import entropy_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.services.verification.forging import Forged

WITNESS = NoteKey.generate("example.org/witness", entropy_of("witness"), COSIGNATURE)
SECOND = NoteKey.generate("example.org/second", entropy_of("second witness"), COSIGNATURE)
STRANGER = NoteKey.generate("somebody", entropy_of("somebody"))


def cosign(record: Path, key: NoteKey, sizes: Callable[[int], bool]) -> None:
    for path in (record / "public" / "checkpoints").iterdir():
        if sizes(int(path.stem)):
            path.write_bytes(notes.cosign(path.read_bytes(), key, at=1_800_000_000))


@pytest.mark.promise(15)
@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"certificate_digest": "ab" * 32}, ("pins.certificate",)),
        ({"log_key": STRANGER.verifier}, ("pins.log-key", "checkpoints.signatures")),
        ({"ceremony_key": STRANGER.verifier}, ("pins.ceremony-key", "certificate.signature")),
    ],
)
def test_another_pin_fails_its_step(
    record: Path, pins: Pins, changes: dict[str, object], failed: object
) -> None:
    assert verify(record, replace(pins, **changes)).failed == failed  # type: ignore[arg-type]


@pytest.mark.promise(15)
def test_another_whole_trial_only_fails_the_pins(record: Path, forged: Forged, pins: Pins) -> None:
    """Everything is replaced consistently, the log's key too: nothing but the pins can tell."""
    forged.log = NoteKey.generate("example.org/other", entropy_of("other log"))
    forged.certificate["sealed_at"] = "2026-12-24T08:00:00Z"
    forged.write_keys(log=forged.log.verifier.encode())
    forged.write_certificate()

    assert verify(record, Pins()).verdict is Verdict.NOT_PINNED
    assert verify(record, pins).failed == (
        "pins.certificate",
        "pins.ceremony-key",
        "pins.log-key",
        "certificate.signature",
        "checkpoints.signatures",
    )


@pytest.mark.promise(13)
def test_pinned_witnesses_must_have_co_signed(record: Path, pins: Pins) -> None:
    pinned = replace(pins, witness_keys=(WITNESS.verifier,))
    both = ("checkpoints.witnessed", "order.witnessed-before-first-allocation")
    assert verify(record, pinned).failed == both

    newest = max(int(path.stem) for path in (record / "public" / "checkpoints").iterdir())
    cosign(record, WITNESS, lambda size: size == newest)
    assert verify(record, pinned).failed == both[1:]

    cosign(record, WITNESS, lambda size: size != newest)
    report = verify(record, pinned)
    assert report.verdict is Verdict.OK
    assert {result.step for result in report.results if result.status is not Status.HOLDS} == {
        "packs.issued-before-allocation"  # a rehearsal asks for no pack
    }

    assert (
        verify(record, replace(pinned, witness_keys=(WITNESS.verifier, SECOND.verifier))).failed == both[:1]
    )


@pytest.mark.promise(17)
def test_a_trail_that_was_cut_back_and_signed_anew_is_caught_by_its_witness(
    record: Path, forged: Forged, pins: Pins
) -> None:
    cosign(record, WITNESS, lambda size: True)
    first = forged.public / "checkpoints" / f"{forged.sizes[0]}.note"
    witnessed = first.read_bytes()
    forged.values.pop(forged.entries.pop()["number"])
    forged.sizes.pop()
    forged.write_trail()
    first.write_bytes(witnessed)  # what came before the cut is as the witness saw it

    assert verify(record, pins).verdict is Verdict.OK
    assert verify(record, replace(pins, witness_keys=(WITNESS.verifier,))).failed == (
        "checkpoints.witnessed",
    )


def test_a_false_cosignature_counts_for_nothing(record: Path, pins: Pins) -> None:
    imposter = NoteKey(WITNESS.name, SECOND.secret, COSIGNATURE)
    cosign(record, imposter, lambda size: True)

    assert "checkpoints.witnessed" in verify(record, replace(pins, witness_keys=(WITNESS.verifier,))).failed


def test_pins_stand_in_a_file(pins: Pins, tmp_path: Path) -> None:
    pinned = replace(pins, witness_keys=(WITNESS.verifier, SECOND.verifier))
    custody.write_pins(tmp_path / "pins.json", {**pinning.texts(pinned), "leaf_root": "00"})

    assert pinning.from_file(tmp_path / "pins.json") == pinned


@pytest.mark.parametrize(
    "given", [{"certificate_digest": "abc"}, {"log_key": "no key"}, {"witness_keys": ["no key"]}]
)
def test_a_malformed_pin_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        pinning.given(**given)


def test_a_pins_file_that_others_can_write_is_refused(pins: Pins, tmp_path: Path) -> None:
    custody.write_pins(tmp_path / "pins.json", pinning.texts(pins))
    (tmp_path / "pins.json").chmod(0o666)

    with pytest.raises(Unreadable, match="0666"):
        pinning.from_file(tmp_path / "pins.json")


def test_a_running_trial_is_verified_by_its_public_record(record: Path, forged: Forged, pins: Pins) -> None:
    shutil.rmtree(record / "release")
    lines = (record / "public" / "entries.jsonl").read_bytes().splitlines(keepends=True)
    size = forged.sizes[2]
    (record / "public" / "entries.jsonl").write_bytes(b"".join(lines[:size]))
    for later in forged.sizes[3:]:
        (record / "public" / "checkpoints" / f"{later}.note").unlink()

    report = verify(record, pins)

    assert report.verdict is Verdict.OK
    found = {result.step: result.sentence for result in report.results}
    assert found["lock.no-data-act-after"] == "The trial is not locked yet."
