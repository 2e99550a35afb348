"""The certificate of a sealing: every field, and the signed note that carries them; no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from keys import certificate, notes, quorum
from keys.errors import KeysError
from randomizer.domain.trial import Kind
from randomizer.errors import BundleRefused

if TYPE_CHECKING:
    from keys.notes import NoteKey, VerifierKey
    from randomizer.domain.definition_values import Definition

REHEARSAL_NOTICE = (
    "REHEARSAL. This sealing is for practice: anything in it may have been fixed or be known, so nobody may "
    "be treated by it."
)
FIXED_NOTICE = "Keys, salts and nonces were fixed by a text, so whoever knows that text knows the schedule."

Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Generator(_Part):
    """Which generator made the schedule."""

    version: str
    digest: Hex32


class Sizes(_Part):
    """How large the sealing is."""

    slots: int
    strata: dict[str, int]  # capacity by stratum code
    periods: int
    kits_per_period: int


class QuorumFields(_Part):
    """One release key: who holds it and who may receive what it opens."""

    public_key: str  # "x25519:" and base64
    k: int
    n: int
    share_digests: list[Hex32]  # custodian 1 first
    recipients: dict[str, Hex32]  # digest of the public key by name


class ContributionFields(_Part):
    """One committed contribution; the commitment is its digest."""

    name: str
    verifier: str  # verifier key of the contributor
    commitment: Hex32


class AttemptFields(_Part):
    """An earlier attempt at the ceremony that ended without a sealing."""

    attempt: int
    reason: str  # why it was given up
    commitments: list[Hex32]  # that had been published


class CertificateFields(_Part):
    """What the certificate says; all of it is public.

    Args:
        leaf_root: RFC 6962 root over the leaves.
        sealed_root: RFC 6962 root over plain columns, ciphertexts and wraps, until the keys are rotated.
        lasting_root: The same without the code-break wraps: what no rotation changes.
        unblinded_commitment: Salted digest of the unblinded definition.
        transport_key: Digest of the public key that the key ring is sealed to.
        files: SHA-256 of each other file of the bundle that activation reads, by name.
        sealed_at: UTC, whole seconds.
        rehearsal: What everybody must be told of a rehearsal; "" in production.
    """

    format: Literal["crossover-randomizer/v1/certificate"] = "crossover-randomizer/v1/certificate"
    kind: Literal["rehearsal", "production"]
    rehearsal: str
    trial_id: str
    schedule_version: Annotated[int, Field(ge=1, le=0xFFFF)]
    definition_digest: Hex32
    unblinded_commitment: Hex32
    generator: Generator
    sizes: Sizes
    leaf_root: Hex32
    sealed_root: Hex32
    lasting_root: Hex32
    release: QuorumFields
    staged: QuorumFields
    contributions: list[ContributionFields]
    attempts: list[AttemptFields]
    transport_key: Hex32
    files: dict[str, Hex32]
    sealed_at: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]

    @model_validator(mode="after")
    def _say_of_a_rehearsal_that_it_is_one(self) -> Self:
        if (self.instance_kind is Kind.PRODUCTION) != (self.rehearsal == ""):
            raise ValueError("a rehearsal says that it is one, and production does not")
        return self

    @property
    def instance_kind(self) -> Kind:
        """The kind of instance that this sealing is for."""
        return Kind(self.kind)


def sizes_of(definition: Definition) -> Sizes:
    """The sizes that a definition calls for."""
    return Sizes(
        slots=definition.capacity,
        strata={stratum.code: stratum.capacity for stratum in definition.strata},
        periods=definition.period_count,
        kits_per_period=definition.kits.kits_per_period,
    )


def quorum_fault(fields: CertificateFields, definition: Definition) -> str:
    """Why the release keys are not held as the definition asks, as a sentence; "" where they are."""
    said = fields.model_dump(include={quorum.RELEASE, quorum.STAGED})
    wanted = definition.quorum
    try:
        found = [quorum.read_quorum(said, purpose) for purpose in (quorum.RELEASE, quorum.STAGED)]
    except KeysError as error:
        return str(error)
    for one in found:
        if (one.k, one.n) != (wanted.k, wanted.n):
            return (
                f"The {one.purpose} key is split {one.k} of {one.n}; the definition wants {wanted.k} of "
                f"{wanted.n}."
            )
    return "" if found[0].public != found[1].public else "Both releases are sealed to the same key."


def sign(fields: CertificateFields, key: NoteKey) -> bytes:
    """The signed note of a certificate."""
    return certificate.sign(fields.model_dump(), key)


def digest(fields: CertificateFields) -> str:
    """SHA-256 of the canonical certificate in hex: what stands in the trial master file."""
    return certificate.digest(certificate.canonical(fields.model_dump()))


def verify(note: bytes, key: VerifierKey) -> CertificateFields:
    """The fields of a certificate that this key signed.

    Raises:
        BundleRefused: The signature does not hold, or the note is no certificate.
    """
    try:
        notes.verify(note, [key])
    except KeysError as error:
        raise BundleRefused(
            f"The certificate is not signed by the key of its ceremony: {error}",
            field="certificate",
            next_step="Compare the key with the trial master file; ask for the bundle again.",
        ) from None
    return read(note)


def read(note: bytes) -> CertificateFields:
    """The fields of a certificate whose note is trusted otherwise: it was verified when it came in.

    Raises:
        BundleRefused: The note is no certificate.
    """
    try:
        text, _ = notes.read_unverified(note)
        return CertificateFields.model_validate(certificate.parse(text))
    except (KeysError, ValidationError):
        raise BundleRefused("This note is not a certificate of this version.", field="certificate") from None
