"""``inspect``: say what a file is, and verify what can be verified without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from shamir_mnemonic import MnemonicError
from shamir_mnemonic.share import Share

from keys import certificate, contribution, custody, hpke, notes, proofs, shares
from keys.checkpoint import Checkpoint
from keys.commands.console import FILE, answer, json_option, read_bytes, read_verifier
from keys.errors import KeysError
from keys.notes import VerifierKey
from keys.proofs import ConsistencyProof, InclusionProof
from keys.quorum import SPLIT_TYPE

if TYPE_CHECKING:
    from pathlib import Path

_SECRET_TYPES = {
    contribution.CONTRIBUTION_TYPE: "contribution (secret)",
    custody.RING_TYPE: "key ring (secret)",
}


@click.command()
@click.argument("path", metavar="FILE", type=FILE)
@click.option("--vkey", "vkeys", multiple=True, help="Verifier key of a note, or a file with it.")
@json_option
def inspect(path: Path, vkeys: tuple[str, ...], *, as_json: bool) -> None:
    """Say what FILE is; secrets are named and never shown."""
    content = read_bytes(path)
    fields = describe(content, [read_verifier(vkey) for vkey in vkeys])
    sentence = "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in fields.items())
    answer(fields, sentence, as_json=as_json)


def describe(content: bytes, verifiers: list[VerifierKey]) -> dict[str, Any]:
    """Describe some bytes.

    Args:
        content: Any bytes.
        verifiers: Keys that a note must be signed by; with none, the answer says that nothing was checked.

    Returns:
        ``kind`` and what belongs to it; no secret.

    Raises:
        NoteRefused: Keys were given and the bytes are no note that they signed.
    """
    proof = _read_proof(content)
    if proof:
        return _describe_proof(proof, verifiers)
    if verifiers:
        notes.verify(content, verifiers)
    measured = {"bytes": len(content), "sha256": certificate.digest(content)}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"kind": "sealed or unknown bytes", **measured}
    found = _describe_note(content, verifiers) or _describe_key(text) or _describe_json(text)
    return found or _describe_share(text) or {"kind": "unknown text", **measured}


def _read_proof(content: bytes) -> InclusionProof | ConsistencyProof | None:
    try:
        if content.startswith(proofs.HEADER.encode()):
            return InclusionProof.parse(content)
        return ConsistencyProof.parse(content)
    except KeysError:
        return None


def _describe_proof(proof: InclusionProof | ConsistencyProof, verifiers: list[VerifierKey]) -> dict[str, Any]:
    """What a proof is about; whether it leads where it says is for `check`."""
    carried = describe(proof.checkpoint, verifiers)
    if isinstance(proof, InclusionProof):
        return {**carried, "kind": "inclusion proof", "entry": proof.index}
    return {**carried, "kind": "consistency proof", "from": proof.old_size}


def _describe_note(content: bytes, verifiers: list[VerifierKey]) -> dict[str, Any] | None:
    try:
        text, claimed = notes.read_unverified(content)
    except KeysError:
        return None
    signed = notes.verify(content, verifiers).names if verifiers else ()
    said = {
        "signature": f"holds for {', '.join(signed)}" if signed else "not checked, no verifier key was given",
        "signed_by": list(claimed),
    }
    return {**_describe_text(text), **said}


def _describe_text(text: str) -> dict[str, Any]:
    try:
        head = Checkpoint.parse(text)
    except KeysError:
        pass
    else:
        return {"kind": "checkpoint", "origin": head.origin, "size": head.size, "root": head.root.hex()}
    try:
        commitment = contribution.parse_commitment(text)
    except KeysError:
        pass
    else:
        return {
            "kind": "commitment",
            "name": commitment.name,
            "attempt": commitment.terms.attempt,
            "definition_digest": commitment.terms.definition_digest,
            "generator_digest": commitment.terms.generator_digest,
            "commitment": commitment.value,
        }
    try:
        mapping = certificate.parse(text)
    except KeysError:
        return {"kind": "signed note"}
    statement = "certificate" if "release" in mapping else "signed statement"
    return {"kind": statement, "digest": certificate.digest(certificate.canonical(mapping)), "says": mapping}


def _describe_key(text: str) -> dict[str, Any] | None:
    line = text.removesuffix("\n")
    if line.startswith("PRIVATE"):
        return {"kind": "private key (secret)"}
    try:
        public, name = hpke.parse_public_line(line)
    except KeysError:
        pass
    else:
        return {"kind": "public key", "name": name, "digest": hpke.public_digest(public)}
    try:
        verifier = VerifierKey.parse(line)
    except KeysError:
        return None
    return {"kind": "verifier key", "name": verifier.name, "key_id": verifier.key_id.hex()}


def _describe_json(text: str) -> dict[str, Any] | None:
    try:
        mapping = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kind = mapping.get("type") if isinstance(mapping, dict) else None
    if kind in _SECRET_TYPES:
        return {"kind": _SECRET_TYPES[kind]}
    if kind in {SPLIT_TYPE, custody.PINS_TYPE}:
        return {"kind": "shares of a key" if kind == SPLIT_TYPE else "pins", "says": mapping}
    return None


def _describe_share(text: str) -> dict[str, Any] | None:
    try:
        Share.from_mnemonic(" ".join(text.lower().split()))
    except (MnemonicError, ValueError):
        return None
    return {"kind": "share (secret)", "digest": shares.share_digest(text)}
