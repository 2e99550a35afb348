"""Pins, certificate and commitments: what the ceremony published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys import contribution, notes
from keys.contribution import Terms
from keys.errors import KeysError
from keys.notes import VerifierKey
from randomizer.services.sealed import bundle, certificate_fields
from randomizer.services.verification import steps
from randomizer.services.verification.reading import KEYS, PUBLIC

if TYPE_CHECKING:
    from randomizer.services.verification.reading import Public
    from randomizer.services.verification.report import Findings

CERTIFICATE_RECORD = f"{PUBLIC}/{bundle.CERTIFICATE}"
KEYS_RECORD = f"{PUBLIC}/{KEYS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """What is known from elsewhere, such as the trial master file; without a pin a step says so.

    Args:
        certificate_digest: SHA-256 of the certificate in hex, or "".
        ceremony_key: Key that signed the certificate, or None.
        log_key: Key of the log, or None.
        witness_keys: Keys of the witnesses that must have co-signed.
    """

    certificate_digest: str = ""
    ceremony_key: VerifierKey | None = None
    log_key: VerifierKey | None = None
    witness_keys: tuple[VerifierKey, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether a consistent replacement of everything would be seen."""
        return bool(self.certificate_digest) and self.log_key is not None


def check(public: Public, pins: Pins, findings: Findings) -> None:
    """Check pins, certificate and commitments."""
    _check_pins(public, pins, findings)
    _check_signature(public, pins, findings)
    _check_definition(public, findings)
    _check_quorums(public, findings)
    _check_attempts(public, findings)
    _check_commitment_signatures(public, findings)
    _check_commitments(public, findings)


def _check_pins(public: Public, pins: Pins, findings: Findings) -> None:
    step = steps.PINS_CERTIFICATE
    if not pins.certificate_digest:
        findings.skip(step, "NOT PINNED: no certificate digest was given.")
    elif public.digest != pins.certificate_digest:
        findings.fail(
            step, CERTIFICATE_RECORD, f"Its digest is {public.digest}, not {pins.certificate_digest}."
        )
    findings.hold_unless_said(step, f"Digest {public.digest}.")
    enough = " The pinned digest stands in for it." if pins.certificate_digest else ""
    for step, what, found, pinned, aside in (
        (steps.PINS_CEREMONY_KEY, "ceremony", public.keys.ceremony, pins.ceremony_key, enough),
        (steps.PINS_LOG_KEY, "log", public.keys.log, pins.log_key, ""),
    ):
        if pinned is None:
            findings.skip(step, f"NOT PINNED: no key of the {what} was given.{aside}")
        elif found != pinned:
            findings.fail(
                step, KEYS_RECORD, f"The key of the {what} is {found.encode()}, not {pinned.encode()}."
            )
        findings.hold_unless_said(step, f"Key {found.encode()}.")


def _check_signature(public: Public, pins: Pins, findings: Findings) -> None:
    key = pins.ceremony_key or public.keys.ceremony
    try:
        notes.verify(public.note, [key])
    except KeysError as error:
        findings.fail(steps.CERTIFICATE_SIGNATURE, CERTIFICATE_RECORD, str(error))
    findings.hold(steps.CERTIFICATE_SIGNATURE, f"Signed by {key.name}.")


def _check_definition(public: Public, findings: Findings) -> None:
    fields, definition = public.fields, public.definition
    record = f"{PUBLIC}/{bundle.DEFINITION}"
    digest = hashlib.sha256(public.definition_bytes).hexdigest()
    if {fields.definition_digest, fields.files.get(bundle.DEFINITION)} != {digest}:
        findings.fail(
            steps.CERTIFICATE_DEFINITION,
            record,
            f"Its digest is {digest}; the certificate says {fields.definition_digest}.",
        )
    elif fields.trial_id != definition.trial_id or fields.sizes != certificate_fields.sizes_of(definition):
        findings.fail(
            steps.CERTIFICATE_DEFINITION,
            CERTIFICATE_RECORD,
            "Trial or sizes are not those of the definition.",
        )
    findings.hold(steps.CERTIFICATE_DEFINITION, f"Trial {definition.trial_id}, digest {digest}.")


def _check_quorums(public: Public, findings: Findings) -> None:
    step, wanted = steps.CERTIFICATE_QUORUMS, public.definition.quorum
    fault = certificate_fields.quorum_fault(public.fields, public.definition)
    if fault:
        findings.fail(step, CERTIFICATE_RECORD, fault)
    findings.hold(step, f"{wanted.k} of {wanted.n} custodians for each release.")


def _check_attempts(public: Public, findings: Findings) -> None:
    step, fields = steps.CERTIFICATE_ATTEMPTS, public.fields
    told = [one.attempt for one in fields.attempts]
    if told != list(range(1, fields.schedule_version)):
        findings.fail(
            step,
            CERTIFICATE_RECORD,
            f"It is of attempt {fields.schedule_version} and tells of the attempts {told or 'none'}.",
        )
    for one in fields.attempts:
        if not one.reason.strip():
            findings.fail(step, CERTIFICATE_RECORD, f"Attempt {one.attempt} has no reason.")
    findings.hold(step, f"Attempt {fields.schedule_version}, earlier ones: {len(told)}.")


def _check_commitment_signatures(public: Public, findings: Findings) -> None:
    step, listed = steps.COMMITMENTS_SIGNATURES, public.fields.contributions
    if public.keys.contributors != tuple(one.verifier for one in listed):
        findings.fail(step, KEYS_RECORD, "Its contributors are not those of the certificate.")
    for number, ((note, _), one) in enumerate(zip(public.commitments, listed, strict=False), start=1):
        try:
            key = VerifierKey.parse(one.verifier)
            contribution.verify_commitment(note, key)
        except KeysError as error:
            findings.fail(step, _commitment(number), str(error))
    findings.hold(step, f"{len(public.commitments)} commitments.")


def _check_commitments(public: Public, findings: Findings) -> None:
    step, fields = steps.COMMITMENTS_BEFORE_REVEAL, public.fields
    commitments = [made for _, made in public.commitments]
    if len(commitments) != len(fields.contributions):
        findings.fail(
            step,
            f"{PUBLIC}/{bundle.COMMITMENTS}",
            f"{len(commitments)} commitments are published, the certificate lists "
            f"{len(fields.contributions)}.",
        )
    try:
        terms = Terms(fields.schedule_version, fields.definition_digest, fields.generator.digest)
        contribution.check_commitments(commitments)
    except KeysError as error:
        findings.fail(step, f"{PUBLIC}/{bundle.COMMITMENTS}", str(error))
        return
    for number, (made, one) in enumerate(zip(commitments, fields.contributions, strict=False), start=1):
        if (made.name, made.value) != (one.name, one.commitment):
            findings.fail(step, _commitment(number), f"The certificate lists another for {one.name}.")
        elif made.terms != terms:
            findings.fail(
                step, _commitment(number), f"{made.name} committed for another definition or attempt."
            )
    findings.hold(step, f"{len(commitments)} contributors, the machine first.")


def _commitment(number: int) -> str:
    return f"{PUBLIC}/{bundle.COMMITMENTS}/{number}.note"
