"""``check``: verify a proof about a log from the file itself, the log's key and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from keys import checkpoint as tlog
from keys import proofs
from keys.commands.console import FILE, answer, json_option, read_bytes, read_verifier
from keys.errors import ProofRefused
from keys.proofs import HEADER, ConsistencyProof, InclusionProof

if TYPE_CHECKING:
    from pathlib import Path

    from keys.checkpoint import VerifiedCheckpoint
    from keys.notes import VerifierKey


@click.command()
@click.argument("path", metavar="PROOF", type=FILE)
@click.option("--log-key", required=True, help="Verifier key of the log, or a file with it.")
@click.option(
    "--witness-key", "witness_keys", multiple=True, help="Key of a witness that must have co-signed."
)
@click.option("--leaf", type=FILE, help="The entry, where an inclusion proof does not carry it.")
@click.option("--old", type=FILE, help="The older checkpoint, for a consistency proof.")
@json_option
def check(
    path: Path,
    log_key: str,
    witness_keys: tuple[str, ...],
    leaf: Path | None,
    old: Path | None,
    *,
    as_json: bool,
) -> None:
    """Verify PROOF: that an entry stands in a log, or that a log only grew since an older checkpoint."""
    content = read_bytes(path)
    log, witnesses = read_verifier(log_key), [read_verifier(key) for key in witness_keys]
    if content.startswith(HEADER.encode()):
        given = None if leaf is None else read_bytes(leaf).removesuffix(b"\n")
        verified, fields, sentence = _check_inclusion(content, given, [log, *witnesses])
    else:
        verified, fields, sentence = _check_consistency(content, old, [log, *witnesses])
    _demand_witnesses(verified, witnesses)
    fields |= {
        "origin": verified.checkpoint.origin,
        "size": verified.checkpoint.size,
        "witnesses": [key.name for key in witnesses],
    }
    by = ", ".join(key.name for key in witnesses)
    answer(
        {"holds": True, **fields},
        f"{sentence}\n{f'Co-signed by {by}.' if by else 'No key of a witness was given: self-witnessed.'}",
        as_json=as_json,
    )


def _check_inclusion(
    content: bytes, given: bytes | None, keys: list[VerifierKey]
) -> tuple[VerifiedCheckpoint, dict[str, Any], str]:
    proof = InclusionProof.parse(content)
    leaf = proof.leaf if given is None else given
    if not leaf:
        raise ProofRefused("The proof does not carry its entry; give it with --leaf.")
    verified = proofs.verify_inclusion(proof, leaf, keys)
    text, head = leaf.decode(errors="backslashreplace"), verified.checkpoint
    return (
        verified,
        {"kind": "inclusion", "entry": proof.index, "leaf": text},
        f"Holds: entry {proof.index} of {head.origin} is one of {head.size} under its checkpoint.\n{text}",
    )


def _check_consistency(
    content: bytes, old: Path | None, keys: list[VerifierKey]
) -> tuple[VerifiedCheckpoint, dict[str, Any], str]:
    proof = ConsistencyProof.parse(content)
    if old is None:
        raise ProofRefused("A consistency proof needs the older checkpoint; give it with --old.")
    before = tlog.verify(read_bytes(old), keys).checkpoint
    verified = proofs.verify_consistency(proof, before, keys)
    head = verified.checkpoint
    return (
        verified,
        {"kind": "consistency", "from": before.size},
        f"Holds: {head.origin} only grew, from {before.size} entries to {head.size}.",
    )


def _demand_witnesses(verified: VerifiedCheckpoint, witnesses: list[VerifierKey]) -> None:
    if len({key.name for key in witnesses}) < len(witnesses):
        raise ProofRefused("Two keys of witnesses have one name, so one signature would pass for both.")
    signed = {name for name, _ in verified.cosigned_at}
    missing = [key.name for key in witnesses if key.name not in signed]
    if missing:
        raise ProofRefused(
            f"Not co-signed by: {', '.join(missing)}. A witness signs some checkpoints, not all: ask for the "
            "proof under one that it signed."
        )
