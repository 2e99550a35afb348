"""``python -m keys witness`` and ``check``, from the files alone."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from keys import __main__ as program
from keys import checkpoint as tlog
from keys import merkle, notes, proofs
from keys.checkpoint import Checkpoint
from keys.notes import COSIGNATURE, NoteKey, VerifierKey
from tests.called import Answer, call

pytestmark = [pytest.mark.promise(13), pytest.mark.promise(17), pytest.mark.requirement("trail")]

ROOT = Path(__file__).parents[2]
LOG = NoteKey("example.org/log", bytes(range(32)))
NAME = "example.org/witness"
PATIENCE_SECONDS = 60
STARTED_AFTER = 1_700_000_000  # POSIX seconds

run = partial(call, program.main)


@dataclass(frozen=True)
class Record:
    """A public record that a test lets grow, and a witness beside it."""

    place: Path

    @property
    def entries(self) -> Path:
        return self.place / "entries.jsonl"

    @property
    def witness(self) -> Path:
        return self.place / "witness"

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.parse((self.witness / "witness.vkey").read_text().strip())

    @property
    def state(self) -> Path:
        (found,) = (self.witness / "logs").iterdir()
        return found

    def grow(self, size: int, branch: str = "") -> Path:
        """Write entries and the checkpoint over them."""
        leaves = [f'{{"branch":"{branch}","number":{number}}}'.encode() for number in range(size)]
        self.entries.write_bytes(b"".join(leaf + b"\n" for leaf in leaves))
        note = self.place / f"{size}{branch}.note"
        root = merkle.root([merkle.leaf_hash(leaf) for leaf in leaves])
        note.write_bytes(tlog.sign(Checkpoint(LOG.name, size, root), LOG))
        return note

    def cosign(self, path: Path, *more: object) -> Answer:
        log_key = ("--log-key", LOG.verifier.encode())
        return run("witness", "cosign", "--dir", self.witness, path, *log_key, *more)

    def refused(self, path: Path, *more: object) -> str:
        before = {one: one.read_bytes() for one in (self.witness / "logs").iterdir()}
        done = self.cosign(path, *more)
        assert (done.status, done.out) == (1, "")
        assert done.error.count("\n") == 1, done.error
        assert {one: one.read_bytes() for one in (self.witness / "logs").iterdir()} == before
        return done.error


@pytest.fixture
def record(tmp_path: Path) -> Record:
    made = Record(tmp_path)
    done = run("witness", "init", "--dir", made.witness, "--name", NAME, "--json")
    assert json.loads(done.out) == {"name": NAME, "verifier_key": made.key.encode()}
    return made


def test_a_witness_co_signs_what_grows_and_refuses_the_rest(record: Record) -> None:
    assert {path.name: path.stat().st_mode & 0o777 for path in record.witness.iterdir()} == {
        "witness.key": 0o600,
        "witness.vkey": 0o644,
        "logs": 0o700,
    }
    assert (record.witness.stat().st_mode & 0o777, record.key.kind) == (0o700, COSIGNATURE)

    out = record.place / "back.note"
    done = record.cosign(record.grow(3), "--entries", record.entries, "--out", out)
    assert "co-signed example.org/log over 3 entries" in done.out
    verified = tlog.verify(out.read_bytes(), [LOG.verifier, record.key])
    ((name, at),) = verified.cosigned_at
    assert (verified.checkpoint.size, name) == (3, NAME)
    assert at > STARTED_AFTER
    assert (record.state.read_bytes(), record.state.stat().st_mode & 0o777) == (out.read_bytes(), 0o600)

    third = record.place / "3.note"
    grown = record.grow(7)
    said = record.refused(grown)
    assert "The proof begins at 0 entries; this witness last co-signed 3" in said
    assert "Give --entries with the checkpoint, or a consistency proof from 3" in said
    assert record.cosign(grown, "--entries", record.entries).out.startswith("example.org/log\n7\n")
    for entries in ((), ("--entries", record.entries)):
        assert "Rollback: example.org/log shows 3 entries, and had 7" in record.refused(third, *entries)
    assert "Fork: example.org/log shows another tree of 7 entries" in record.refused(
        record.grow(7, "x"), "--entries", record.entries
    )
    assert "Fork: nothing shows that example.org/log grew" in record.refused(
        record.grow(9, "x"), "--entries", record.entries
    )

    shown: dict[str, Any] = json.loads(run("witness", "show", "--dir", record.witness, "--json").out)
    (log,) = shown["logs"]
    assert (log["origin"], log["size"]) == (LOG.name, 7)


def test_entries_that_do_not_lead_to_the_checkpoint_are_not_believed(record: Record) -> None:
    note = record.grow(5)
    record.grow(5, "x")
    assert "do not lead to the checkpoint over 5" in record.refused(note, "--entries", record.entries)
    record.grow(4)
    assert "covers 5 entries; only 4 were given" in record.refused(note, "--entries", record.entries)


def test_a_proof_file_is_enough(record: Record) -> None:
    record.cosign(record.grow(3), "--entries", record.entries)
    note = record.grow(8).read_bytes()
    hashes = proofs.leaf_hashes(record.entries.read_bytes().splitlines(keepends=True), 8)
    proof = record.place / "proof"
    proof.write_bytes(proofs.prove_consistency(hashes, 3, note).encode())
    done = record.cosign(proof, "--json")
    assert json.loads(done.out)["size"] == 8
    assert json.loads(done.out)["note"].encode() == record.state.read_bytes()


def test_a_witness_that_is_killed_before_it_answers_co_signs_the_same_again_and_nothing_else(
    record: Record,
) -> None:
    """Its standard output is a full pipe: it has remembered, and cannot say so."""
    note = record.grow(3)
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETFL, os.O_NONBLOCK)
    filled = 0
    for size in (4096, 1):
        try:
            while True:
                filled += os.write(writing, b"x" * size)
        except BlockingIOError:
            continue
    fcntl.fcntl(writing, fcntl.F_SETFL, 0)
    asked = ["witness", "cosign", "--dir", record.witness, note, "--log-key", LOG.verifier.encode()]
    process = subprocess.Popen([sys.executable, "-m", "keys", *map(str, asked)], stdout=writing, cwd=ROOT)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not list((record.witness / "logs").glob("*.note")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"x" * filled  # not a byte of the cosignature had left

    assert "Fork" in record.refused(record.grow(3, "x"), "--entries", record.entries)
    assert "Rollback" in record.refused(record.grow(2), "--entries", record.entries)
    again = record.cosign(note)
    assert tlog.verify(again.out.encode(), [LOG.verifier, record.key]).checkpoint.size == 3


def test_no_cosignature_leaves_a_witness_that_cannot_remember_it(record: Record) -> None:
    note = record.grow(3)
    record.cosign(note)
    state = record.state
    state.unlink()
    (record.witness / "logs").rmdir()
    (record.witness / "logs").write_text("no directory")
    done = record.cosign(note)
    assert (done.status, done.out) == (1, "")
    assert done.error


def test_a_state_that_is_not_its_own_stops_it(record: Record) -> None:
    record.cosign(record.grow(3))
    record.state.write_bytes((record.place / "3.note").read_bytes())
    assert "not co-signed by it" in record.refused(record.grow(4), "--entries", record.entries)
    done = run("witness", "show", "--dir", record.witness)
    assert (done.status, done.out) == (1, "")


@pytest.mark.promise(15)
def test_a_proof_is_checked_from_its_file_and_the_key_of_the_log(record: Record) -> None:
    old = record.place / "old.note"
    record.cosign(record.grow(3), "--out", old)
    new = record.place / "new.note"
    record.cosign(record.grow(8), "--entries", record.entries, "--out", new)
    lines = record.entries.read_bytes().splitlines(keepends=True)
    hashes = proofs.leaf_hashes(lines, 8)
    log, seen = ("--log-key", LOG.verifier.encode()), ("--witness-key", record.key.encode())

    entry = record.place / "5.tlog-proof"
    entry.write_bytes(proofs.prove_inclusion(hashes, lines[5][:-1], 5, new.read_bytes()).encode())
    done = run("check", entry, *log, *seen, "--json")
    assert json.loads(done.out) == {
        "holds": True,
        "kind": "inclusion",
        "entry": 5,
        "leaf": lines[5].decode()[:-1],
        "origin": LOG.name,
        "size": 8,
        "witnesses": [NAME],
    }
    assert "self-witnessed" in run("check", entry, *log).out

    grown = record.place / "grown"
    grown.write_bytes(proofs.prove_consistency(hashes, 3, new.read_bytes()).encode())
    said = run("check", grown, "--old", old, *log, *seen).out
    assert said == f"Holds: {LOG.name} only grew, from 3 entries to 8.\nCo-signed by {NAME}.\n"

    kinds = [json.loads(run("inspect", path, "--json").out) for path in (entry, grown)]
    assert [(one["kind"], one["size"]) for one in kinds] == [("inclusion proof", 8), ("consistency proof", 8)]

    stranger = NoteKey("example.org/stranger", bytes(32), COSIGNATURE)
    namesake = NoteKey(NAME, bytes(32), COSIGNATURE)
    other = record.place / "other"
    other.write_bytes(lines[4])
    for refused, said in (
        (
            (entry, *log, "--witness-key", stranger.verifier.encode()),
            "ask for the proof under one that it signed",
        ),
        ((entry, *log, *seen, "--witness-key", namesake.verifier.encode()), "have one name"),
        ((entry, *log, "--leaf", other), "Leaf 5 is not under the root"),
        ((entry, "--log-key", NoteKey(LOG.name, bytes(32)).verifier.encode()), "not signed by a known key"),
        ((entry, "--log-key", "no/log.vkey"), "no/log.vkey is neither a verifier key nor a file"),
        ((grown, *log), "give it with --old"),
        ((grown, *log, "--old", new), "the older checkpoint is of"),
    ):
        answer = run("check", *refused)
        assert (answer.status, answer.out) == (1, "")
        assert said in answer.error


def test_a_proof_that_does_not_carry_its_entry_asks_for_it(record: Record) -> None:
    note = record.grow(2).read_bytes()
    lines = record.entries.read_bytes().splitlines()
    bare = proofs.InclusionProof(1, (merkle.leaf_hash(lines[0]),), note)
    path = record.place / "bare"
    path.write_bytes(bare.encode())
    log = ("--log-key", LOG.verifier.encode())
    assert "give it with --leaf" in run("check", path, *log).error
    leaf = record.place / "leaf"
    leaf.write_bytes(lines[1] + b"\n")
    assert run("check", path, *log, "--leaf", leaf).status == 0
    assert notes.read_unverified(note)[1] == (LOG.name,)


@pytest.mark.promise(18)
def test_who_made_no_witness_is_told_how(record: Record, tmp_path: Path) -> None:
    for more in (("show",), ("cosign", "--log-key", LOG.verifier.encode(), record.grow(3))):
        answer = run("witness", *more, "--dir", tmp_path / "none")
        assert f"python -m keys witness init --dir {tmp_path / 'none'}" in answer.error
        assert answer.status == 1
