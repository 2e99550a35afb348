"""What a ceremony and its contributors pass to each other as files; only public or sealed things.

The one-time key stands last, after every commitment: before it is there, nobody can reveal anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keys import certificate, contribution, files, hpke
from keys.errors import KeysError, NoteRefused
from keys.notes import VerifierKey
from keys.quorum import SPLIT_TYPE
from randomizer.errors import BundleRefused, Refused
from randomizer.services.sealed import bundle
from randomizer.services.sealed.ceremony import Committed
from randomizer.services.sealed.certificate_fields import AttemptFields, QuorumFields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keys.contribution import Contribution, Terms
    from randomizer.services.sealed.ceremony import Opening, Plan

TERMS_TYPE = "crossover-randomizer/v1/terms"
COMMITMENT_FILE = "commitment.note"
VERIFIER_FILE = "contributor.vkey"
REVEAL_FILE = "reveal.sealed"


def open_directory(directory: Path, plan: Plan, machine: Committed) -> None:
    """Make the bundle's directory, and publish the terms and the machine's commitment.

    Raises:
        KeyFileRefused: A file cannot be written.
        Refused: The directory holds something.
    """
    if directory.exists() and any(directory.iterdir()):
        raise Refused(
            f"{directory} is not empty. Nothing was written.",
            field="out",
            next_step="Every attempt at a ceremony has a directory of its own.",
        )
    (directory / bundle.COMMITMENTS).mkdir(parents=True)
    terms = {
        "type": TERMS_TYPE,
        "trial_id": plan.definition.trial_id,
        "kind": plan.kind.value,
        "attempt": plan.terms.attempt,
        "definition_digest": plan.terms.definition_digest,
        "generator_digest": plan.terms.generator_digest,
    }
    bundle.write_public(directory, bundle.TERMS, certificate.canonical(terms) + b"\n")
    _publish(directory, 1, machine)


def publish_commitments(directory: Path, committed: Sequence[Committed], one_time: bytes) -> None:
    """Publish every contributor's commitment, then the one-time key that contributions are revealed to.

    Args:
        directory: Of the bundle.
        committed: All commitments, the machine's first.
        one_time: The public key, 32 bytes.

    Raises:
        ContributionRefused: The commitments cannot make a seed.
    """
    contribution.check_commitments([one.commitment for one in committed])
    for number, one in enumerate(committed[1:], start=2):
        _publish(directory, number, one)
    bundle.write_public(directory, bundle.CEREMONY_PUBLIC, hpke.public_line(one_time, "ceremony").encode())


def read_commitment(directory: Path, terms: Terms) -> Committed | None:
    """A contributor's commitment, or None while it is not there.

    Args:
        directory: The contributor's.
        terms: What it must be for.

    Raises:
        Refused: It does not hold, or is for another attempt, definition or generator.
    """
    note = _read(directory / COMMITMENT_FILE)
    verifier_line = _read(directory / VERIFIER_FILE)
    if note is None or verifier_line is None:
        return None
    try:
        verifier = VerifierKey.parse(verifier_line.decode("utf-8", "replace").strip())
        made = contribution.verify_commitment(note, verifier)
    except KeysError as error:
        raise Refused(f"The commitment in {directory} does not hold: {error}", field="contributor") from None
    if made.terms != terms:
        raise Refused(
            f"The commitment of {made.name} is for another attempt, definition or generator.",
            field="contributor",
            next_step=f"Commit again, in a new directory, to what {bundle.TERMS} says.",
        )
    return Committed(commitment=made, verifier=verifier, note=note)


def read_reveal(directory: Path, opening: Opening, committed: Committed) -> Contribution | None:
    """A contributor's contribution, or None while it is not there.

    Raises:
        Refused: It was not sealed to this ceremony, or is not what was committed.
    """
    sealed = _read(directory / REVEAL_FILE)
    if sealed is None:
        return None
    try:
        return contribution.open_reveal(opening.one_time, sealed, committed.commitment)
    except KeysError as error:
        raise Refused(
            f"What {committed.commitment.name} revealed cannot be used: {error}",
            field="contributor",
            next_step="Give up this attempt and begin the next one, with this as its reason.",
        ) from None


def read_quorum(path: Path, purpose: str, recipients: Mapping[str, bytes]) -> QuorumFields:
    """A release key and its shares, as ``python -m keys split`` left them, with who may receive it.

    Args:
        path: ``release-shares.json`` or ``staged-shares.json``.
        purpose: "release" or "staged".
        recipients: Public key by name.

    Raises:
        Refused: The file is not one of this purpose.
    """
    try:
        found = certificate.parse(path.read_text(encoding="utf-8"))
        if found.get("type") != SPLIT_TYPE or found.get("purpose") != purpose:
            raise Refused(f"{path} does not hold the shares of a {purpose} key.", field=purpose)
        hpke.parse_public(str(found["public_key"]))
        return QuorumFields(
            public_key=found["public_key"],
            k=found["k"],
            n=found["n"],
            share_digests=found["share_digests"],
            recipients={name: hpke.public_digest(public) for name, public in recipients.items()},
        )
    except (OSError, UnicodeDecodeError, KeysError, ValueError, KeyError) as error:
        raise Refused(f"{path} cannot be used as the {purpose} key: {error}", field=purpose) from None


def read_attempt(directory: Path, reason: str) -> AttemptFields:
    """An earlier attempt that was given up, for the certificate of the next one.

    Args:
        directory: What that attempt left.
        reason: Why it was given up.

    Raises:
        BundleRefused: The directory is not one of a ceremony, or was sealed.
        Refused: The reason is missing.
    """
    if not reason.strip():
        raise Refused("An attempt that was given up needs its reason.", field="reason")
    left = bundle.Bundle(directory)
    try:
        terms: dict[str, Any] = certificate.parse(left.read(bundle.TERMS).decode())
        made = [
            contribution.verify_commitment(note, VerifierKey.parse(key.decode().strip()))
            for note, key in zip(left.commitments(), left.commitment_keys(), strict=True)
        ]
    except (NoteRefused, UnicodeDecodeError, ValueError, KeysError):
        raise BundleRefused(f"{directory} does not hold an attempt at a ceremony.", field="earlier") from None
    if (directory / bundle.CERTIFICATE).exists():
        raise BundleRefused(f"{directory} was sealed; it was not given up.", field="earlier")
    return AttemptFields(
        attempt=int(terms["attempt"]), reason=reason.strip(), commitments=[one.value for one in made]
    )


def _publish(directory: Path, number: int, one: Committed) -> None:
    place = directory / bundle.COMMITMENTS
    files.write_public(place / f"{number}.vkey", f"{one.verifier.encode()}\n".encode())
    files.write_public(place / f"{number}.note", one.note)


def _read(path: Path) -> bytes | None:
    if not path.exists():
        return None
    # A contributor's directory is theirs: what lies there may be anything.
    if not path.is_file():
        raise Refused(f"{path} is no file.", field="contributor")
    try:
        return files.read_brought(path)
    except KeysError as error:
        raise Refused(str(error), field="contributor") from None
