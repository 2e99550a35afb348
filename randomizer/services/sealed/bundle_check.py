"""Whether a bundle holds together: signature, digests, rows, roots and commitments. Needs no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys import contribution
from keys.errors import KeysError
from keys.merkle import HASH_LENGTH, Tree
from keys.notes import VerifierKey
from randomizer.domain import definition as definitions
from randomizer.errors import BundleRefused
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed import certificate_fields
from randomizer.services.sealed.sealed_rows import RowRoots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.trial import Slot
    from randomizer.services.sealed.bundle import Bundle
    from randomizer.services.sealed.certificate_fields import CertificateFields

SEAL_AGAIN = "Nothing was changed. Such a sealing needs another ceremony: nobody can mend a certificate."
ASK_AGAIN = "Copy the bundle again from the ceremony; nothing was changed."


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle that holds together.

    Args:
        bundle: Where it lies.
        note: The certificate.
        fields: What it says.
        digest: Its digest in hex.
        definition: The blinded definition that it is for.
        leaves: The tree over the leaves, for inclusion proofs.
    """

    bundle: Bundle
    note: bytes
    fields: CertificateFields
    digest: str
    definition: Definition
    leaves: Tree


def check_certificate(
    bundle: Bundle, key: VerifierKey, pinned_digest: str = ""
) -> tuple[bytes, CertificateFields, str]:
    """Verify the certificate against what the trial master file says.

    Args:
        bundle: The bundle.
        key: Verifier key of the ceremony.
        pinned_digest: Digest of the certificate in hex, or "" where only the key is pinned.

    Returns:
        The note, its fields and its digest.

    Raises:
        BundleRefused: It does not hold.
    """
    note = bundle.read(bundle_files.CERTIFICATE)
    fields = certificate_fields.verify(note, key)
    digest = certificate_fields.digest(fields)
    if pinned_digest and digest != pinned_digest:
        raise BundleRefused(
            f"The certificate has digest {digest}, not {pinned_digest} as the trial master file says.",
            field="certificate",
            next_step="This is the certificate of another sealing; ask for the right bundle.",
        )
    return note, fields, digest


def check(bundle: Bundle, key: VerifierKey, pinned_digest: str = "") -> Checked:
    """Check a whole bundle.

    Args:
        bundle: The bundle.
        key: Verifier key of the ceremony.
        pinned_digest: Digest of the certificate in hex, or "".

    Raises:
        BundleRefused: Something does not fit; the sentence names the file or row.
    """
    note, fields, digest = check_certificate(bundle, key, pinned_digest)
    for name in bundle_files.DIGESTED:
        if bundle.digest(name) != fields.files.get(name):
            raise BundleRefused(
                f"{name} differs from what the certificate says.", field=name, next_step=ASK_AGAIN
            )
    definition = _read_definition(bundle, fields)
    _check_commitments(bundle, fields)
    leaves, sealed = _read_rows(bundle, definition)
    if (sealed.sealed, sealed.lasting) != (fields.sealed_root, fields.lasting_root):
        raise BundleRefused(
            "The sealed rows do not lead to the roots in the certificate.", field="slots.jsonl"
        )
    tree = Tree(leaves)
    if tree.root().hex() != fields.leaf_root:
        raise BundleRefused("The leaves do not lead to the root in the certificate.", field="slots.jsonl")
    return Checked(bundle, note, fields, digest, definition, tree)


def _read_definition(bundle: Bundle, fields: CertificateFields) -> Definition:
    definition = definitions.from_canonical(bundle.read(bundle_files.DEFINITION))
    expected = certificate_fields.sizes_of(definition)
    if (
        fields.files[bundle_files.DEFINITION] != fields.definition_digest
        or fields.trial_id != definition.trial_id
        or fields.sizes != expected
    ):
        raise BundleRefused(
            "The certificate and the definition of the bundle are about different trials or sizes.",
            field=bundle_files.DEFINITION,
        )
    fault = certificate_fields.quorum_fault(fields, definition)
    if fault:
        raise BundleRefused(fault, field="certificate", next_step=SEAL_AGAIN)
    return definition


def _read_rows(bundle: Bundle, definition: Definition) -> tuple[list[bytes], RowRoots]:
    leaves: list[bytes] = []
    sealed = RowRoots()
    places = _places(definition)
    first: Slot | None = None
    for slot in bundle.slots():
        first = first or slot
        expected = next(places, None)
        if (slot.number, slot.stratum, slot.ordinal) != expected or not _same_form(slot, first, definition):
            raise BundleRefused(
                f"Sealed row {len(leaves)} is not the one that the definition calls for at this place.",
                field="slots.jsonl",
                next_step=ASK_AGAIN,
            )
        leaves.append(slot.leaf_hash)
        sealed.add(slot)
    if next(places, None) is not None:
        raise BundleRefused(
            f"The bundle has {len(leaves)} sealed rows; the definition calls for {definition.capacity}.",
            field="slots.jsonl",
            next_step=ASK_AGAIN,
        )
    return leaves, sealed


def _places(definition: Definition) -> Iterator[tuple[int, str, int]]:
    number = 0
    for stratum in definition.strata:
        for ordinal in range(1, stratum.capacity + 1):
            yield number, stratum.code, ordinal
            number += 1


def _same_form(slot: Slot, first: Slot, definition: Definition) -> bool:
    kits = [len(period) for period in slot.kits]
    return (
        kits == [definition.kits.kits_per_period] * definition.period_count
        and len(slot.leaf_hash) == HASH_LENGTH
        and len(slot.ciphertext) == len(first.ciphertext)
        and [len(wrap) for _, wrap in slot.wraps] == [len(wrap) for _, wrap in first.wraps]
    )


def _check_commitments(bundle: Bundle, fields: CertificateFields) -> None:
    found = bundle.commitments()
    if len(found) != len(fields.contributions):
        raise BundleRefused(
            f"The bundle has {len(found)} commitments; the certificate lists {len(fields.contributions)}.",
            field=bundle_files.COMMITMENTS,
        )
    try:
        terms = contribution.Terms(fields.schedule_version, fields.definition_digest, fields.generator.digest)
        commitments = [
            contribution.verify_commitment(note, VerifierKey.parse(listed.verifier))
            for note, listed in zip(found, fields.contributions, strict=True)
        ]
        contribution.check_commitments(commitments)
    except KeysError as error:
        raise BundleRefused(
            f"A commitment of the bundle does not hold: {error}", field=bundle_files.COMMITMENTS
        ) from None
    for made, listed in zip(commitments, fields.contributions, strict=True):
        if made.terms != terms or (made.name, made.value) != (listed.name, listed.commitment):
            raise BundleRefused(
                f"The commitment of {listed.name} is not the one in the certificate.",
                field=bundle_files.COMMITMENTS,
            )
