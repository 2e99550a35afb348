"""The ceremony: contributions are committed, then combined into a seed that nobody chose, then all is sealed.

Seed, contributions and private keys exist in the memory of this process alone; they leave it only inside the
release envelopes and the sealed key ring.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys import certificate, contribution, custody, envelope, hpke, transport
from keys.contribution import MACHINE, Commitment, Contribution, Terms
from keys.entropy import draw
from keys.hpke import Identity
from keys.notes import NoteKey
from keys.quorum import RELEASE as RELEASE_PURPOSE
from keys.quorum import STAGED as STAGED_PURPOSE
from keys.quorum import release_info
from randomizer.domain import definition as definitions
from randomizer.domain import design_check
from randomizer.domain import unblinded as unblinded_definition
from randomizer.domain.trial import Kind
from randomizer.errors import Refused
from randomizer.services.sealed import bundle, certificate_fields, generator, release_content, sealing
from randomizer.services.sealed.bindings import unblinded_binding
from randomizer.services.sealed.bundle_writer import write_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from keys.custody import KeyRing
    from keys.entropy import Entropy
    from keys.notes import VerifierKey
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.design_check import Finding
    from randomizer.domain.schedule import Schedule
    from randomizer.domain.unblinded import UnblindedDefinition
    from randomizer.services.sealed.bundle_writer import Progress, Roots
    from randomizer.services.sealed.certificate_fields import AttemptFields, CertificateFields, QuorumFields

SALT_BYTES = 32
LEAST_CONTRIBUTORS = 2  # people, in production; the machine comes on top


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be sealed, and to whom.

    Args:
        definition: The blinded definition that was signed.
        unblinded: Its sequences and procedure.
        kind: Rehearsal or production.
        attempt: Number of this attempt from 1; also the version of the schedule.
        earlier: The attempts before it, given up with a reason.
        release: The release key and its recipients.
        staged: The staged release key and its recipients.
        transport: Public key of the code-break host: 32 bytes of X25519, or RSA in DER where it has a token.
        fixed: Whether this is a rehearsal whose randomness was fixed by a text.
    """

    definition: Definition
    unblinded: UnblindedDefinition
    kind: Kind
    attempt: int
    earlier: tuple[AttemptFields, ...]
    release: QuorumFields
    staged: QuorumFields
    transport: bytes
    fixed: bool = False

    @property
    def terms(self) -> Terms:
        """What every contribution is made for."""
        return Terms(self.attempt, definitions.digest(self.definition), generator.digest())


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Opening:
    """A ceremony under way; it prints masked.

    Args:
        machine: The machine's own contribution.
        machine_key: Signs its commitment.
        certificate_key: Signs the certificate, then is forgotten.
        one_time: Contributions are revealed to it.
    """

    machine: Contribution
    machine_key: NoteKey
    certificate_key: NoteKey
    one_time: Identity

    def __repr__(self) -> str:
        return "Opening(masked)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A contributor's commitment, verified.

    Args:
        commitment: What it says.
        verifier: The key that signed it.
        note: The signed note.
    """

    commitment: Commitment
    verifier: VerifierKey
    note: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What a ceremony has come to.

    Args:
        fields: The certificate.
        digest: Its digest in hex, for the trial master file.
        verifier: The key that signed it, likewise.
    """

    fields: CertificateFields
    digest: str
    verifier: VerifierKey


def prepare(plan: Plan) -> tuple[Finding, ...]:
    """Check everything that can be checked before anybody commits.

    Returns:
        Warnings of the design check.

    Raises:
        Refused: A production ceremony with a file for rehearsals or fixed randomness, a design that gives a
            neighbour away, another quorum than the definition's, or a missing earlier attempt.
    """
    plan.unblinded.demand_fit(plan.kind)
    if plan.fixed and plan.kind is Kind.PRODUCTION:
        raise Refused("Only a rehearsal may fix its randomness.", field="rehearsal_seed")
    findings = design_check.check(plan.definition, plan.unblinded)
    refusals = [finding.message for finding in findings if finding.level == design_check.REFUSAL]
    if refusals:
        raise Refused(
            " ".join(refusals), field="procedure", next_step="The unblinded statistician changes the design."
        )
    quorum = plan.definition.quorum
    for name, fields in (("release", plan.release), ("staged", plan.staged)):
        if (fields.k, fields.n) != (quorum.k, quorum.n):
            raise Refused(
                f"The {name} key is split {fields.k} of {fields.n}; the definition wants {quorum.k} of "
                f"{quorum.n}.",
                field=name,
                next_step="Split it again as the definition says.",
            )
    if [one.attempt for one in plan.earlier] != list(range(1, plan.attempt)):
        raise Refused(
            f"Attempt {plan.attempt} must tell of every attempt before it, with its reason.",
            field="attempt",
        )
    return findings


def demand_contributors(plan: Plan, count: int) -> None:
    """Refuse a production ceremony with fewer than two people: with one, two contributions make the seed.

    Raises:
        Refused: There are too few.
    """
    least = 1 if plan.kind is Kind.REHEARSAL else LEAST_CONTRIBUTORS
    if count < least:
        raise Refused(
            f"A {plan.kind} ceremony needs contributions of at least {least} "
            f"{'person' if least == 1 else 'people'}, got {count}.",
            field="contributor",
        )


def begin(plan: Plan, entropy: Entropy) -> Opening:
    """Draw the machine's contribution and the keys of this ceremony."""
    return Opening(
        machine=contribution.new_contribution(MACHINE, plan.terms, entropy),
        machine_key=NoteKey.generate(MACHINE, entropy),
        certificate_key=NoteKey.generate(f"{plan.definition.trial_id}-ceremony", entropy),
        one_time=Identity.generate(entropy),
    )


def machine_commitment(opening: Opening) -> Committed:
    """The machine's commitment, which is always the first."""
    made = opening.machine.commitment
    return Committed(
        commitment=made, verifier=opening.machine_key.verifier, note=made.note(opening.machine_key)
    )


def finish(
    plan: Plan,
    opening: Opening,
    committed: Sequence[Committed],
    contributions: Sequence[Contribution],
    *,
    directory: Path,
    entropy: Entropy,
    sealed_at: datetime,
    progress: Progress | None = None,
) -> Sealed:
    """Combine the contributions, make the schedule, seal it, and write the bundle.

    Args:
        plan: As checked by `prepare`.
        opening: From `begin`.
        committed: The published commitments, the machine's first.
        contributions: What was revealed, without the machine's.
        directory: Of the bundle; the commitments stand there already.
        entropy: Source of keys, codes and nonces.
        sealed_at: Now.
        progress: Told each sealed slot.

    Raises:
        ContributionRefused: A contribution is missing or not the one that was committed.
        KeyFileRefused: An output is there already.
    """
    revealed = [opening.machine, *contributions]
    seed = contribution.combine([one.commitment for one in committed], revealed)
    schedule = generator.generate(plan.definition, plan.unblinded, seed)
    ring = custody.new_ring(entropy, sealed_at)
    staged_key = draw(entropy, custody.KEY_LENGTH)
    salt = draw(entropy, SALT_BYTES)
    roots, digests = write_rows(
        directory,
        sealing.seal(
            plan.definition,
            schedule,
            version=plan.attempt,
            salts=generator.salts(seed),
            keys=sealing.SealingKeys(
                code_break=ring.code_break_key, staged=staged_key, preparation=ring.preparation_key
            ),
            entropy=entropy,
        ),
        _codes_heading(plan),
        progress,
    )
    content = _content(plan, committed, revealed, schedule, seed=seed, salt=salt)
    for name, sealed in _envelopes(plan, ring, staged_key, content, entropy).items():
        bundle.write_public(directory, name, sealed)
        digests[name] = certificate.digest(sealed)
    fields = _fields(plan, committed, roots=roots, digests=digests, unblinded_salt=salt, sealed_at=sealed_at)
    return _publish(directory, fields, opening)


def _content(
    plan: Plan,
    committed: Sequence[Committed],
    revealed: Sequence[Contribution],
    schedule: Schedule,
    *,
    seed: bytes,
    salt: bytes,
) -> release_content.ReleaseContent:
    """All that the schedule was made of, contributions in the order of their commitments."""
    by_name = {one.name: one.secret for one in revealed}
    return release_content.ReleaseContent(
        trial_id=plan.definition.trial_id,
        version=plan.attempt,
        seed=seed,
        contributions=tuple((one.commitment.name, by_name[one.commitment.name]) for one in committed),
        unblinded=plan.unblinded,
        unblinded_salt=salt,
        slots=release_content.sequence_codes(schedule),
        salts=_salts(schedule, seed),
    )


def _envelopes(
    plan: Plan,
    ring: KeyRing,
    staged_key: bytes,
    content: release_content.ReleaseContent,
    entropy: Entropy,
) -> dict[str, bytes]:
    staged = release_content.StagedContent(
        trial_id=content.trial_id, version=content.version, staged_key=staged_key
    )
    unblinded = release_content.padded(
        {
            "salt": content.unblinded_salt.hex(),
            "unblinded_definition": unblinded_definition.canonical(plan.unblinded).decode(),
        }
    )
    return {
        bundle.DEFINITION: definitions.canonical(plan.definition),
        bundle.KEY_RING: transport.seal_ring(plan.transport, ring),
        bundle.UNBLINDED: envelope.seal(
            ring.code_break_key, unblinded, unblinded_binding(content.trial_id), entropy
        ),
        bundle.RELEASE: hpke.seal(
            hpke.parse_public(plan.release.public_key),
            release_content.encode_release(content),
            release_info(RELEASE_PURPOSE),
        ),
        bundle.STAGED: hpke.seal(
            hpke.parse_public(plan.staged.public_key),
            release_content.encode_staged(staged),
            release_info(STAGED_PURPOSE),
        ),
    }


def _fields(
    plan: Plan,
    committed: Sequence[Committed],
    *,
    roots: Roots,
    digests: dict[str, str],
    unblinded_salt: bytes,
    sealed_at: datetime,
) -> CertificateFields:
    definition, terms = plan.definition, plan.terms
    return certificate_fields.CertificateFields(
        kind=plan.kind.value,
        rehearsal=rehearsal_notice(plan),
        trial_id=definition.trial_id,
        schedule_version=plan.attempt,
        definition_digest=terms.definition_digest,
        unblinded_commitment=unblinded_definition.salted_commitment(plan.unblinded, unblinded_salt),
        generator=certificate_fields.Generator(version=generator.VERSION, digest=terms.generator_digest),
        sizes=certificate_fields.sizes_of(definition),
        leaf_root=roots.leaves.root().hex(),
        sealed_root=roots.rows.sealed,
        lasting_root=roots.rows.lasting,
        release=plan.release,
        staged=plan.staged,
        contributions=[
            certificate_fields.ContributionFields(
                name=one.commitment.name, verifier=one.verifier.encode(), commitment=one.commitment.value
            )
            for one in committed
        ],
        attempts=list(plan.earlier),
        transport_key=transport.digest(plan.transport),
        files=digests,
        sealed_at=sealed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _publish(directory: Path, fields: CertificateFields, opening: Opening) -> Sealed:
    key = opening.certificate_key
    bundle.write_public(directory, bundle.CEREMONY_KEY, f"{key.verifier.encode()}\n".encode())
    # Last: a directory without a certificate is no bundle.
    bundle.write_public(directory, bundle.CERTIFICATE, certificate_fields.sign(fields, key))
    return Sealed(fields=fields, digest=certificate_fields.digest(fields), verifier=key.verifier)


def rehearsal_notice(plan: Plan) -> str:
    """What the certificate says of a rehearsal; "" in production."""
    if plan.kind is Kind.PRODUCTION:
        return ""
    notice = certificate_fields.REHEARSAL_NOTICE
    return f"{notice} {certificate_fields.FIXED_NOTICE}" if plan.fixed else notice


def _codes_heading(plan: Plan) -> str:
    kind = "REHEARSAL: " if plan.kind is Kind.REHEARSAL else ""
    return (
        f"{kind}emergency codes of trial {plan.definition.trial_id}, schedule version {plan.attempt}. "
        "Print, seal, then delete this file. Randomization number and code:"
    )


def _salts(schedule: Schedule, seed: bytes) -> tuple[bytes, ...]:
    next_salt = generator.salts(seed)
    return tuple(next_salt() for _ in schedule)
