"""Opening a recipient's copy of the release, and holding it to the certificate; needs no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keys import hpke
from keys.errors import KeysError
from keys.merkle import Frontier, leaf_hash
from keys.quorum import RELEASE, recipient_info
from randomizer.domain import unblinded as unblinded_definition
from randomizer.domain.leaf import Leaf, encode_leaf
from randomizer.errors import BundleRefused
from randomizer.services.sealed import generator, release_content

if TYPE_CHECKING:
    from keys.hpke import Identity
    from randomizer.domain.definition_values import Definition
    from randomizer.domain.schedule import Schedule
    from randomizer.services.sealed.certificate_fields import CertificateFields
    from randomizer.services.sealed.release_content import ReleaseContent


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Released:
    """An opened release whose schedule is the one of the certificate.

    Args:
        content: What was opened.
        schedule: As generated from its seed.
        plaintext: As it came out of the envelope.
    """

    content: ReleaseContent
    plaintext: bytes
    schedule: Schedule

    def __repr__(self) -> str:
        return "Released(masked)"


def open_release(
    identity: Identity, sealed: bytes, fields: CertificateFields, definition: Definition
) -> Released:
    """Open a recipient's copy, and check it against the certificate.

    Args:
        identity: The recipient's private key.
        sealed: The copy.
        fields: What the certificate says.
        definition: The blinded definition.

    Raises:
        BundleRefused: It does not open, or is not what the certificate promises.
    """
    try:
        plaintext = hpke.open_sealed(identity, sealed, recipient_info(RELEASE))
    except KeysError:
        raise BundleRefused(
            "This release was not sealed to this recipient, or it was changed. Nothing was changed.",
            field="release",
            next_step="Use the file that the custodians made for this recipient.",
        ) from None
    content = release_content.decode_release(plaintext)
    schedule = generator.generate(definition, content.unblinded, content.seed)
    released = Released(content=content, plaintext=plaintext, schedule=schedule)
    if not _keeps_promises(released, fields, definition):
        raise BundleRefused(
            "What was opened is not the schedule of the certificate. Nothing was changed.",
            field="release",
            next_step="Call the unblinded statistician; keep the file.",
        )
    return released


def _leaves(released: Released, definition: Definition) -> Frontier:
    """The tree over the leaves that a release makes."""
    positions = {stratum.code: position for position, stratum in enumerate(definition.strata)}
    tree = Frontier()
    for plan, salt in zip(released.schedule, released.content.salts, strict=True):
        leaf = Leaf(
            version=released.content.version,
            slot=plan.index,
            stratum=positions[plan.stratum],
            ordinal=plan.ordinal,
            randomization_number=plan.randomization_number,
            sequence_code=plan.sequence_code,
            kits=plan.kits,
            salt=salt,
        )
        tree.append(leaf_hash(encode_leaf(leaf)))
    return tree


def _keeps_promises(released: Released, fields: CertificateFields, definition: Definition) -> bool:
    content, schedule = released.content, released.schedule
    commitment = unblinded_definition.salted_commitment(content.unblinded, content.unblinded_salt)
    return (
        (content.trial_id, content.version) == (fields.trial_id, fields.schedule_version)
        and commitment == fields.unblinded_commitment
        and release_content.sequence_codes(schedule) == content.slots
        and len(content.salts) == len(schedule) == fields.sizes.slots
        and _leaves(released, definition).root().hex() == fields.leaf_root
    )
