"""``witness``: co-sign the checkpoints of a log, from a directory of one's own and without a network.

DIR/witness.key                     the private key, 0600
DIR/witness.vkey                    the verifier key, for whoever runs the log
DIR/logs/<SHA-256 of origin>.note   the last checkpoint of each log that was co-signed
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from keys import files, notes, proofs
from keys import witness as rules
from keys.checkpoint import Checkpoint
from keys.commands.console import FILE, answer, json_option, read_bytes, read_verifier
from keys.errors import CosigningRefused, KeyFileRefused, KeysError
from keys.notes import COSIGNATURE, NoteKey
from keys.proofs import ConsistencyProof

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keys.notes import VerifierKey

KEY_FILE: Final = "witness.key"
PUBLIC_FILE: Final = "witness.vkey"
LOGS: Final = "logs"

directory_option = click.option(
    "--dir", "directory", type=FILE, required=True, help="The witness's own directory, mode 0700."
)


@click.group()
def witness() -> None:
    """Co-sign the checkpoints of a log; refuse a fork or a rollback."""


@witness.command()
@directory_option
@click.option("--name", required=True, help="Name of the witness, such as witness.example.org/anna.")
@json_option
def init(directory: Path, name: str, *, as_json: bool) -> None:
    """Make a witness: a key of its own and nothing remembered yet."""
    key = NoteKey.generate(name, secrets.token_bytes, COSIGNATURE)
    files.make_private_directory(directory)
    files.make_private_directory(directory / LOGS)
    files.write_private(directory / KEY_FILE, f"{key.encode()}\n".encode())
    files.write_public(directory / PUBLIC_FILE, f"{key.verifier.encode()}\n".encode())
    answer(
        {"name": name, "verifier_key": key.verifier.encode()},
        f"Give {directory / PUBLIC_FILE} to whoever runs the log, and for the trial master file:\n"
        f"{key.verifier.encode()}",
        as_json=as_json,
    )


@witness.command()
@directory_option
@click.argument("path", metavar="FILE", type=FILE)
@click.option("--log-key", required=True, help="Verifier key of the log, or a file with it.")
@click.option("--entries", type=FILE, help="entries.jsonl of the public record, to make the proof from.")
@click.option("--out", type=FILE, help="Where the co-signed checkpoint goes; without it, standard output.")
@json_option
def cosign(
    directory: Path, path: Path, log_key: str, entries: Path | None, out: Path | None, *, as_json: bool
) -> None:
    """Co-sign FILE, a consistency proof with its checkpoint, or a checkpoint beside --entries."""
    log, content = read_verifier(log_key), read_bytes(path)
    with _only_one(directory):
        key = _read_key(directory)
        kept = _place(directory, log)
        last = files.read_private(kept) if kept.exists() else None
        proof = _read_proof(content, entries, _last_size(last, log, key))
        note = rules.cosign(proof, log=log, last=last, key=key, at=_now())
        # First what is remembered, then what is said: never the reverse.
        files.write_private(kept, note, replace=True)
    head = _head(note)
    fields = {"origin": head.origin, "size": head.size, "root": head.root.hex(), "note": note.decode()}
    if out is not None:
        files.write_public(out, note, replace=True)
    said = f"{key.name} co-signed {head.origin} over {head.size} entries: {out}"
    answer(fields, said if out else note.decode().removesuffix("\n"), as_json=as_json)


@witness.command()
@directory_option
@json_option
def show(directory: Path, *, as_json: bool) -> None:
    """Say who this witness is, and what it co-signed last of each log."""
    key = _read_key(directory)
    found = [_describe(path, key) for path in sorted((directory / LOGS).glob("*.note"))]
    lines = [f"{one['origin']}: {one['size']} entries, root {one['root']}, at {one['at']}" for one in found]
    answer(
        {"name": key.name, "verifier_key": key.verifier.encode(), "logs": found},
        "\n".join([key.verifier.encode(), *(lines or ["Nothing co-signed yet."])]),
        as_json=as_json,
    )


def _demand_witness(directory: Path) -> None:
    if not (directory / KEY_FILE).exists():
        raise KeyFileRefused(
            f"{directory} holds no witness. Make one first: python -m keys witness init --dir {directory}"
        )


def _read_key(directory: Path) -> NoteKey:
    _demand_witness(directory)
    key = NoteKey.parse(files.read_private(directory / KEY_FILE).decode().strip())
    if key.kind != COSIGNATURE:
        raise KeyFileRefused(f"{directory / KEY_FILE} is not the key of a witness.")
    return key


def _place(directory: Path, log: VerifierKey) -> Path:
    return directory / LOGS / f"{hashlib.sha256(log.name.encode()).hexdigest()}.note"


def _last_size(last: bytes | None, log: VerifierKey, key: NoteKey) -> int:
    return 0 if last is None else rules.remembered(last, log, key).size


def _read_proof(content: bytes, entries: Path | None, last_size: int) -> ConsistencyProof:
    try:
        head = _head(content)
    except KeysError:
        return ConsistencyProof.parse(content)
    if entries is None or head.size < last_size:
        return ConsistencyProof(0, (), content)  # enough for the first, and for a rollback to be named as one
    with files.open_brought(entries) as record:
        lines = iter(lambda: record.readline(files.LINE_MAX), b"")
        hashes = proofs.leaf_hashes(lines, head.size)
    return proofs.prove_consistency(hashes, last_size, content)


def _head(note: bytes) -> Checkpoint:
    return Checkpoint.parse(notes.read_unverified(note)[0])


def _describe(path: Path, key: NoteKey) -> dict[str, Any]:
    note = files.read_private(path)
    head = _head(note)
    try:
        at = dict(notes.verify(note, [key.verifier]).cosigned_at)[key.name]
    except KeysError:
        raise CosigningRefused(f"{path} was not co-signed by this witness.", why="state") from None
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"origin": head.origin, "size": head.size, "root": head.root.hex(), "at": stamp, "note": str(path)}


def _now() -> int:
    return int(datetime.now(UTC).timestamp())  # noqa: TID251 - the edge: a witness says when


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Let one process at a time compare and remember: two could each see the older state."""
    _demand_witness(directory)
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
