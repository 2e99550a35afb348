"""Contributions to the seed: committed by everybody before any is revealed, so that nobody chooses the seed.

No I/O. A contribution is 32 bytes of randomness; its commitment is a hash that hides and binds it.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keys import certificate, hpke, notes
from keys.entropy import Entropy, draw
from keys.errors import ContributionRefused, NoteRefused
from keys.labelled import digest, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keys.hpke import Identity
    from keys.notes import NoteKey, VerifierKey

MACHINE: Final = "machine"  # the name under which the ceremony machine commits, always first
SECRET_LENGTH: Final = 32  # bytes
REVEAL_INFO: Final = b"crossover-randomizer/v1/reveal"
COMMITMENT_TYPE: Final = "crossover-randomizer/v1/commitment"
CONTRIBUTION_TYPE: Final = "crossover-randomizer/v1/contribution"
_COMMITMENT_LABEL: Final = COMMITMENT_TYPE
_SEED_LABEL: Final = "crossover-randomizer/v1/seed"
_HEX_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_ATTEMPTS_MAX: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Terms:
    """What a contribution is made for; a commitment binds to it.

    Args:
        attempt: Number of the attempt at the ceremony, from 1.
        definition_digest: SHA-256 of the blinded definition, 64 hex digits.
        generator_digest: SHA-256 that names the generator's version, 64 hex digits.
    """

    attempt: int
    definition_digest: str
    generator_digest: str

    def __post_init__(self) -> None:
        if isinstance(self.attempt, bool) or not 1 <= self.attempt < _ATTEMPTS_MAX:
            raise ContributionRefused(f"Attempts are numbered from 1; {self.attempt} is no such number.")
        for name, value in (("definition", self.definition_digest), ("generator", self.generator_digest)):
            if not _HEX_DIGEST.fullmatch(value):
                raise ContributionRefused(f"The {name} digest is 64 hex digits in lower case.")


@dataclass(frozen=True, slots=True, repr=False)
class Contribution:
    """One person's or machine's secret part of the seed; it prints masked.

    Args:
        name: The contributor's note key name.
        terms: What it is made for.
        secret: 32 bytes.
    """

    name: str
    terms: Terms
    secret: bytes

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_LENGTH or not self.name:
            raise ContributionRefused(f"A contribution has a name and {SECRET_LENGTH} bytes.")

    def __repr__(self) -> str:
        return f"Contribution({self.name!r}, masked)"

    @property
    def commitment(self) -> Commitment:
        """The commitment: labelled SHA-256 over terms, name and secret."""
        value = digest(
            _COMMITMENT_LABEL,
            self.terms.attempt.to_bytes(4, "big"),
            bytes.fromhex(self.terms.definition_digest),
            bytes.fromhex(self.terms.generator_digest),
            self.name.encode(),
            self.secret,
        )
        return Commitment(self.name, self.terms, value.hex())

    def to_bytes(self) -> bytes:
        """Encode for a 0600 file or a sealed reveal: canonical JSON."""
        return certificate.canonical(
            {"type": CONTRIBUTION_TYPE, **_fields(self.name, self.terms), "contribution": self.secret.hex()}
        )

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Contribution:
        """Read what `to_bytes` gave.

        Raises:
            ContributionRefused: It is not a contribution; the message repeats nothing of it.
        """
        name, terms, value = _read_fields(encoded + b"\n", CONTRIBUTION_TYPE, "contribution")
        return cls(name, terms, bytes.fromhex(value))


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a contributor publishes before any contribution is revealed.

    Args:
        name: The contributor's note key name.
        terms: What the contribution is made for.
        value: The hash, 64 hex digits.
    """

    name: str
    terms: Terms
    value: str

    def note(self, key: NoteKey) -> bytes:
        """Sign the commitment with the contributor's own key.

        Raises:
            NoteRefused: The key has another name.
        """
        if key.name != self.name:
            raise NoteRefused(f"Key {key.name} cannot sign the commitment of {self.name}.")
        return certificate.sign(
            {"type": COMMITMENT_TYPE, **_fields(self.name, self.terms), "commitment": self.value}, key
        )


def new_contribution(name: str, terms: Terms, entropy: Entropy) -> Contribution:
    """Draw a contribution of 32 bytes."""
    return Contribution(name, terms, draw(entropy, SECRET_LENGTH))


def verify_commitment(note: bytes, verifier: VerifierKey) -> Commitment:
    """Verify a commitment note against its contributor's key.

    Raises:
        NoteRefused: The note does not hold.
        ContributionRefused: It is no commitment, or names somebody else than its signer.
    """
    commitment = parse_commitment(notes.verify(note, [verifier]).text)
    if commitment.name != verifier.name:
        raise ContributionRefused(f"{verifier.name} signed a commitment in the name of {commitment.name}.")
    return commitment


def parse_commitment(text: str) -> Commitment:
    """Read the text of a commitment note, whoever signed it.

    Raises:
        ContributionRefused: It is no commitment.
    """
    return Commitment(*_read_fields(text.encode(), COMMITMENT_TYPE, "commitment"))


def reveal(contribution: Contribution, ceremony_public: bytes) -> bytes:
    """Seal a contribution to the ceremony's one-time key."""
    return hpke.seal(ceremony_public, contribution.to_bytes(), REVEAL_INFO)


def open_reveal(ceremony: Identity, sealed: bytes, commitment: Commitment) -> Contribution:
    """Open a reveal and check it against what was committed.

    Raises:
        SealBroken: It was not sealed to this ceremony.
        ContributionRefused: It is not the contribution that was committed.
    """
    contribution = Contribution.from_bytes(hpke.open_sealed(ceremony, sealed, REVEAL_INFO))
    check(contribution, commitment)
    return contribution


def check(contribution: Contribution, commitment: Commitment) -> None:
    """Check a contribution against its commitment.

    Raises:
        ContributionRefused: It is not the one that was committed.
    """
    made = contribution.commitment
    same_value = hmac.compare_digest(made.value, commitment.value)
    if not same_value or (made.name, made.terms) != (commitment.name, commitment.terms):
        raise ContributionRefused(
            f"The contribution of {contribution.name} is not the one that {commitment.name} committed to."
        )


def check_commitments(commitments: Sequence[Commitment]) -> None:
    """Check that a list of commitments can make a seed.

    Raises:
        ContributionRefused: The machine's is not first or stands alone, terms differ, or a name or a
            commitment stands twice.
    """
    if not commitments or commitments[0].name != MACHINE:
        raise ContributionRefused("The first commitment is the machine's own.")
    if len(commitments) == 1:
        raise ContributionRefused("The machine alone makes no seed; at least one person contributes.")
    for commitment in commitments[1:]:
        if commitment.terms != commitments[0].terms:
            raise ContributionRefused(
                f"{commitment.name} committed for another attempt, definition or generator than the machine."
            )
    names = [commitment.name for commitment in commitments]
    values = [commitment.value for commitment in commitments]
    for listed in (names, values):
        if len(set(listed)) != len(listed):
            raise ContributionRefused(f"A contributor or a commitment stands twice in: {', '.join(names)}.")


def combine(commitments: Sequence[Commitment], contributions: Sequence[Contribution]) -> bytes:
    """Make the seed of all contributions, in the order of the commitments.

    Args:
        commitments: The published list, the machine's first.
        contributions: Exactly the committed contributions, in any order.

    Returns:
        32 bytes: HKDF-Extract with SHA-256; the salt is the labelled hash of the commitments in order, the
        key material is the labelled encoding of the secrets in the same order.

    Raises:
        ContributionRefused: The list is unsound, or a contribution is missing, additional or not the one
            that was committed.

    Source:
        RFC 5869 section 2.2.
    """
    check_commitments(commitments)
    by_name = {contribution.name: contribution for contribution in contributions}
    missing = [commitment.name for commitment in commitments if commitment.name not in by_name]
    if missing:
        raise ContributionRefused(f"The contribution of {', '.join(missing)} is missing.")
    if len(contributions) != len(commitments):
        raise ContributionRefused(
            f"{len(commitments)} contributions were committed; {len(contributions)} were given."
        )
    for commitment in commitments:
        check(by_name[commitment.name], commitment)
    salt = digest(_SEED_LABEL, *(bytes.fromhex(commitment.value) for commitment in commitments))
    material = encode(_SEED_LABEL, *(by_name[commitment.name].secret for commitment in commitments))
    return HKDF.extract(SHA256(), salt, material)


def _fields(name: str, terms: Terms) -> dict[str, Any]:
    return {
        "name": name,
        "attempt": terms.attempt,
        "definition_digest": terms.definition_digest,
        "generator_digest": terms.generator_digest,
    }


def _read_fields(encoded: bytes, expected_type: str, value_name: str) -> tuple[str, Terms, str]:
    try:
        mapping = certificate.parse(encoded.decode())
    except (NoteRefused, UnicodeDecodeError):
        raise ContributionRefused(f"This is not the canonical JSON of a {value_name}.") from None
    names = {"type", "name", "attempt", "definition_digest", "generator_digest", value_name}
    texts = names - {"attempt"}
    if mapping.keys() != names or mapping["type"] != expected_type:
        raise ContributionRefused(f"This is not a {value_name} of version 1.")
    if not isinstance(mapping["attempt"], int) or not all(isinstance(mapping[name], str) for name in texts):
        raise ContributionRefused(f"A field of the {value_name} is of the wrong kind.")
    if not _HEX_DIGEST.fullmatch(mapping[value_name]):
        raise ContributionRefused(f"A {value_name} is 64 hex digits.")
    terms = Terms(mapping["attempt"], mapping["definition_digest"], mapping["generator_digest"])
    return mapping["name"], terms, mapping[value_name]
