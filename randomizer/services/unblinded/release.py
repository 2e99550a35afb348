"""Releasing the allocation after the lock: the sealed release goes out to the custodians, a copy comes back.

The code-break host is itself a named recipient. Whatever was opened must make the very schedule of the
certificate before anything is written from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keys import certificate, files, hpke
from keys.errors import KeysError
from keys.hpke import Identity
from keys.merkle import Frontier, leaf_hash
from keys.quorum import RELEASE, recipient_info
from randomizer.domain import unblinded as unblinded_definition
from randomizer.domain.acts import Act
from randomizer.domain.leaf import Leaf, encode_leaf
from randomizer.domain.trial import Phase, Trial
from randomizer.errors import BundleRefused, Refused
from randomizer.services import trail, trials
from randomizer.services.sealed import bundle, certificate_fields, generator, release_content

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.domain.schedule import Schedule
    from randomizer.services.sealed.certificate_fields import CertificateFields
    from randomizer.services.sealed.release_content import ReleaseContent
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

IMPORTED: Final = "release.imported"
EXPORTED: Final = "exported"
TRANSPORT_KEY: Final = "transport.key"


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


def export_sealed(uow: UnitOfWork, desk: Desk, person: Person, directory: Path) -> tuple[Path, ...]:
    """Give out the sealed release and the certificate, for the custodians to open together.

    Args:
        uow: The unit of work.
        desk: Holds the sealed release.
        person: An unblinded statistician.
        directory: Where the files go.

    Returns:
        The files.

    Raises:
        BundleRefused: The sealed release on this host is not the one of the certificate.
        Refused: The trial is not locked.
    """
    trial, _ = trials.current(uow)
    trial.demand(frozenset({Phase.LOCKED}), what="Exporting the release")
    trail.check(uow, trial)
    sealed = sealed_release(desk, trial)
    with trail.act(uow, Act.RELEASE_EXPORTED, person) as act:
        act.note(release_digest=certificate.digest(sealed))
    directory.mkdir(parents=True, exist_ok=True)
    contents = {bundle.CERTIFICATE: trial.certificate, bundle.RELEASE: sealed}
    for name, content in contents.items():
        files.write_public(directory / name, content, replace=True)
    return tuple(directory / name for name in contents)


def sealed_release(desk: Desk, trial: Trial) -> bytes:
    """The sealed release that activation left on this host.

    Raises:
        BundleRefused: It is missing, or not the one of the certificate.
    """
    sealed = bundle.Bundle(desk.directory).read(bundle.RELEASE)
    if certificate.digest(sealed) != certificate_fields.read(trial.certificate).files.get(bundle.RELEASE):
        raise BundleRefused("The sealed release on this host is not the one of the certificate.")
    return sealed


def import_release(uow: UnitOfWork, desk: Desk, person: Person, sealed: bytes) -> Released:
    """Take in this host's copy of the opened release; from now on the trial is released.

    Args:
        uow: The unit of work.
        desk: Holds the transport key, keeps the copy as it came: sealed.
        person: An unblinded statistician.
        sealed: What ``python -m keys combine`` made for this host.

    Raises:
        BundleRefused: It was not sealed to this host, or is not the release of the certificate.
        Refused: The trial is not locked.
    """
    trial, definition = trials.current(uow)
    trial.demand(frozenset({Phase.LOCKED}), what="Importing the release")
    trail.check(uow, trial)
    released = open_release(Identity.load(desk.directory / TRANSPORT_KEY), sealed, trial, definition)
    with trail.act(uow, Act.TRIAL_RELEASED, person) as act:
        act.note(imported_digest=certificate.digest(sealed))
        act.change(trial, phase=Phase.RELEASED)
        files.write_private(desk.directory / IMPORTED, sealed, replace=True)
    return released


def imported(uow: UnitOfWork, desk: Desk) -> Released:
    """The release that was imported, opened again.

    Raises:
        BundleRefused: The copy on this host is not it.
        Refused: The trial is not released.
    """
    trial, definition = trials.current(uow)
    trial.demand(frozenset({Phase.RELEASED}), what="Reading the release")
    try:
        sealed = files.read_private(desk.directory / IMPORTED)
        identity = Identity.load(desk.directory / TRANSPORT_KEY)
    except KeysError as error:
        raise Refused(f"The imported release cannot be read: {error}") from None
    return open_release(identity, sealed, trial, definition)


def open_release(identity: Identity, sealed: bytes, trial: Trial, definition: Definition) -> Released:
    """Open a recipient's copy, and check it against the certificate.

    Args:
        identity: The recipient's private key.
        sealed: The copy.
        trial: Holds the certificate.
        definition: The blinded definition.

    Raises:
        BundleRefused: It does not open, or is not what the certificate promises.
    """
    try:
        opened = hpke.open_sealed(identity, sealed, recipient_info(RELEASE))
    except KeysError:
        raise BundleRefused(
            "This release was not sealed to this recipient, or it was changed. Nothing was changed.",
            field="release",
            next_step="Use the file that the custodians made for this host.",
        ) from None
    content = release_content.decode_release(opened)
    fields = certificate_fields.read(trial.certificate)
    schedule = generator.generate(definition, content.unblinded, content.seed)
    released = Released(content=content, plaintext=opened, schedule=schedule)
    if not _keeps_promises(released, fields, definition):
        raise BundleRefused(
            "What was opened is not the schedule of the certificate. Nothing was changed.",
            field="release",
            next_step="Call the unblinded statistician; keep the file.",
        )
    return released


def leaves(released: Released, definition: Definition) -> Frontier:
    """The tree over the leaves that a release makes."""
    positions = {stratum.code: position for position, stratum in enumerate(definition.strata)}
    tree = Frontier()
    for plan, salt in zip(released.schedule.slots, released.content.salts, strict=True):
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
        and len(content.salts) == len(schedule.slots) == fields.sizes.slots
        and leaves(released, definition).root().hex() == fields.leaf_root
    )
