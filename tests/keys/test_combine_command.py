"""A quorum of custodians runs ``python -m keys combine``; whatever is wrong with a share is named."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from keys import certificate, hpke, shares, wraps
from keys.hpke import Identity
from keys.notes import NoteKey
from keys.staged import StagedCopy, StagedSlots, WrappedSlot
from keys.stream import Stream
from tests.keys.commands import (
    LOG,
    RELEASE,
    ROOT,
    STAGED_KEY,
    combine,
    files_holding,
    kept,
    refused,
    run,
    spellings,
    typing,
)

if TYPE_CHECKING:
    from pathlib import Path


def slot_key(index: int) -> bytes:
    return bytes([index]) * 32


def staged_slots(path: Path, *indices: int, key: bytes = STAGED_KEY) -> tuple[object, ...]:
    """The slots in use, as a host exports them, and the options that name them."""
    entropy = Stream(bytes(32), "wraps").take
    slots = tuple(
        WrappedSlot(index, b"slot %d" % index, wraps.wrap(slot_key(index), key, b"slot %d" % index, entropy))
        for index in indices
    )
    path.write_bytes(StagedSlots("example", 1, slots).to_bytes())
    return ("--slots", path, "--randomized", len(indices))


@pytest.mark.promise(14)
@pytest.mark.requirement("ceremony")
def test_two_custodians_hand_the_release_to_its_recipients(story: Path, tmp_path: Path) -> None:
    both = [
        option
        for n in ("statistician", "code-break-host")
        for option in ("--recipient", story / n / "identity.pub")
    ]
    answer = combine(story, tmp_path, kept(story, 3, 1), *both)
    assert answer.status == 0, answer.error
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "release-code-break-host.sealed",
        "release-statistician.sealed",
    ]
    for name in ("statistician", "code-break-host"):
        identity = Identity.load(story / name / "identity.key")
        sealed = (tmp_path / f"release-{name}.sealed").read_bytes()
        assert hpke.open_sealed(identity, sealed, b"crossover-randomizer/v1/recipient/release") == RELEASE
    assert files_holding(tmp_path, RELEASE[:32]) == set()


@pytest.mark.promise(14)
def test_the_staged_release_has_shares_of_its_own(story: Path, tmp_path: Path) -> None:
    staged = kept(story, 1, 2, name="staged-share.txt")
    ours = ("--recipient", story / "statistician" / "identity.pub")
    in_use = staged_slots(tmp_path / "staged-slots.json", 3, 8)
    out = tmp_path / "out"
    opened = combine(story, out, staged, *ours, *in_use, "--json", purpose="staged").json
    assert opened["slots"] == [3, 8]
    identity = Identity.load(story / "statistician" / "identity.key")
    sealed = (out / "staged-statistician.sealed").read_bytes()
    copy = hpke.open_sealed(identity, sealed, b"crossover-randomizer/v1/recipient/staged")
    assert dict(StagedCopy.from_bytes(copy).keys) == {3: slot_key(3), 8: slot_key(8)}
    assert not any(spelling in copy for spelling in spellings(STAGED_KEY))

    said = refused(combine(story, tmp_path / "mixed", [*kept(story, 1), staged[1]]))
    assert said == "Share 2 is foreign: it is share 2 of the staged key."
    host = ("--recipient", story / "code-break-host" / "identity.pub")
    said = refused(combine(story, tmp_path / "host", staged, *host, *in_use, purpose="staged"))
    assert "code-break-host" in said
    assert "is not a recipient of the staged" in said


@pytest.mark.promise(14)
def test_of_a_staged_release_the_slots_in_use_are_opened_and_no_other(story: Path, tmp_path: Path) -> None:
    staged = kept(story, 1, 2, name="staged-share.txt")
    ours = ("--recipient", story / "statistician" / "identity.pub")
    out, listed = tmp_path / "out", tmp_path / "staged-slots.json"

    def said(*more: object, given: list[Path] = staged) -> str:
        return refused(combine(story, out, given, *ours, *more, purpose="staged"))

    assert "opens the slots in use and no other" in said()
    in_use = staged_slots(listed, 3, 8)
    assert "lists 2 slots, but 1 people were randomized" in said(*in_use[:2], "--randomized", 1)
    assert said(*in_use, given=staged[:1]) == "2 shares are needed; 1 were given."
    listed.write_bytes(listed.read_bytes().replace(b'"index":3', b'"index":2'))
    listed.write_bytes(listed.read_bytes().replace(b'"trial_id":"example"', b'"trial_id":"other"'))
    assert "of another trial" in said(*in_use)
    listed.write_bytes(listed.read_bytes().replace(b'"index":2', b'"index":8'))
    assert "names a slot twice" in said(*in_use)
    staged_slots(listed, 3, 8, key=bytes(32))
    assert "Slot 3 does not open" in said(*in_use)
    listed.write_bytes(b"{}")
    assert "no file of the type" in said(*in_use)
    assert not out.exists()
    final = refused(combine(story, out, kept(story, 1, 2), *ours, *in_use))
    assert "for --purpose staged alone" in final


@pytest.mark.promise(14)
def test_k_minus_one_shares_open_nothing(story: Path, tmp_path: Path) -> None:
    said = refused(combine(story, tmp_path / "out", kept(story, 2)))
    assert said == "2 shares are needed; 1 were given."
    assert not (tmp_path / "out").exists()


@pytest.mark.promise(14)
def test_a_duplicate_share_is_named(story: Path, tmp_path: Path) -> None:
    said = refused(combine(story, tmp_path / "out", kept(story, 2, 2)))
    assert said.startswith("Share 2 is the share of custodian 2 again")


@pytest.mark.promise(14)
def test_a_foreign_share_is_named(story: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.txt"
    foreign.write_text(shares.split(bytes(32), 2, 3, Stream(bytes(32), "foreign").take)[0])
    assert refused(combine(story, tmp_path / "out", [*kept(story, 1), foreign])).startswith(
        "Share 2 is foreign"
    )


@pytest.mark.promise(14)
def test_a_wrong_share_is_named(story: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.txt"
    words = kept(story, 1)[0].read_text().split()
    words[10], words[11] = words[11], words[10] + "x"
    wrong.write_text(" ".join(words))
    assert refused(combine(story, tmp_path / "out", [wrong, *kept(story, 2)])).startswith("Share 1 is false")
    wrong.write_bytes(b"\xff\xfe")
    assert "not a short text file" in refused(combine(story, tmp_path / "out", [wrong, *kept(story, 2)]))


@pytest.mark.promise(14)
def test_a_stranger_is_refused_by_name_before_anything_is_opened(story: Path, tmp_path: Path) -> None:
    stranger = story / "stranger" / "identity.pub"
    said = refused(combine(story, tmp_path / "out", kept(story, 1, 2), "--recipient", stranger))
    assert said.startswith(f"stranger ({stranger}) is not a recipient of the release")
    assert not (tmp_path / "out").exists()


@pytest.mark.promise(14)
def test_words_can_be_typed_in_place_of_files(story: Path, tmp_path: Path) -> None:
    words = {path.read_text().strip() for path in kept(story, 2, 3)}
    ceremony = story / "ceremony"
    command = (
        *("combine", "--certificate", ceremony / "certificate.note", "--vkey", LOG.verifier.encode()),
        *("--sealed", ceremony / "release.sealed", "--out", tmp_path),
        *("--recipient", story / "statistician" / "identity.pub"),
    )
    assert refused(typing("", *command)) == "2 shares are needed; 0 were given."
    answer = typing("".join(f"{share}\n" for share in sorted(words)), *command)
    assert answer.status == 0, answer.error
    assert not any(share in answer.out + answer.error for share in words)


@pytest.mark.promise(14)
def test_words_typed_at_a_terminal_are_not_shown(story: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "keys", "combine", "--vkey", LOG.verifier.encode(), "--out", tmp_path]
    options = [
        "--certificate",
        story / "ceremony/certificate.note",
        "--sealed",
        story / "ceremony/release.sealed",
    ]
    recipient = ["--recipient", story / "statistician/identity.pub"]
    with subprocess.Popen(
        [str(argument) for argument in (*program, *options, *recipient)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        for position, path in enumerate(kept(story, 2, 3), start=1):
            while f"share {position} of 2: ".encode() not in shown:
                shown += os.read(ours, 1000)
            os.write(ours, path.read_bytes())
        while b"was opened and sealed" not in shown:
            shown += os.read(ours, 1000)
        assert process.wait() == 0
    os.close(ours)
    assert not any(path.read_bytes()[:40] in shown for path in kept(story, 2, 3))


@pytest.mark.promise(18)
def test_what_is_no_text_is_refused_in_words(story: Path, tmp_path: Path) -> None:
    named = os.fsdecode(b"\xff")
    assert "not text in UTF-8" in refused(typing("", "identity", "--dir", tmp_path / "own", "--name", named))
    certified = ["--certificate", story / "ceremony/certificate.note", "--vkey", LOG.verifier.encode()]
    sealed = ["--sealed", story / "ceremony/release.sealed", "--out", tmp_path / "out"]
    recipient = ["--recipient", story / "statistician/identity.pub"]
    answer = typing(os.fsdecode(b"\xff\n"), "combine", *certified, *sealed, *recipient)
    assert len(answer.error.strip().splitlines()) == 1
    assert answer.status == 1


@pytest.mark.promise(15)
def test_a_certificate_has_to_be_the_pinned_one(story: Path, tmp_path: Path) -> None:
    mapping = certificate.verify((story / "ceremony/certificate.note").read_bytes(), [LOG.verifier])
    pinned = certificate.digest(certificate.canonical(mapping))
    recipient = ("--recipient", story / "statistician" / "identity.pub")
    assert combine(story, tmp_path, kept(story, 1, 2), *recipient, "--digest", pinned).status == 0
    other = combine(story, tmp_path / "out", kept(story, 1, 2), *recipient, "--digest", "00" * 32)
    assert "not the one with the digest" in refused(other)


@pytest.mark.promise(15)
def test_a_certificate_that_another_key_signed_is_refused(story: Path, tmp_path: Path) -> None:
    other = tmp_path / "certificate.note"
    mapping = certificate.verify((story / "ceremony/certificate.note").read_bytes(), [LOG.verifier])
    other.write_bytes(certificate.sign(mapping, NoteKey(LOG.name, bytes(32))))
    answer = run(
        *("combine", "--certificate", other, "--vkey", LOG.verifier.encode()),
        *("--sealed", story / "ceremony/release.sealed", "--out", tmp_path / "out"),
        *("--recipient", story / "statistician/identity.pub"),
    )
    assert "not signed by a known key" in refused(answer)


@pytest.mark.promise(14)
def test_a_release_sealed_to_another_key_is_refused(story: Path, tmp_path: Path) -> None:
    other = tmp_path / "release.sealed"
    other.write_bytes(
        hpke.seal(Identity(bytes(range(32))).public, RELEASE, b"crossover-randomizer/v1/release")
    )
    options = [option for path in kept(story, 1, 2) for option in ("--share", path)]
    answer = run(
        *("combine", "--certificate", story / "ceremony/certificate.note", "--vkey", LOG.verifier.encode()),
        *("--sealed", other, "--out", tmp_path / "out", *options),
        *("--recipient", story / "statistician/identity.pub"),
    )
    assert "was not sealed to this key" in refused(answer)
