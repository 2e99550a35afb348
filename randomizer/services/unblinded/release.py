"""Releasing the allocation after the lock: the sealed release goes out to the custodians, a copy comes back.

The code-break host is itself a named recipient. Whatever was opened must make the very schedule of the
certificate before anything is written from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keys import certificate, files
from keys.hpke import Identity
from randomizer.domain.acts import Act
from randomizer.domain.trial import Phase
from randomizer.errors import BundleRefused
from randomizer.services import trail, trials
from randomizer.services.sealed import bundle, certificate_fields
from randomizer.services.unblinded.opened import open_release

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.domain.people import Person
    from randomizer.domain.trial import Trial
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.unblinded.opened import Released
    from randomizer.store.work import UnitOfWork

IMPORTED: Final = "release.imported"
EXPORTED: Final = "exported"
TRANSPORT_KEY: Final = "transport.key"


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
    trial.demand(frozenset({Phase.LOCKED}), what=Act.RELEASE_EXPORTED.doing)
    trail.check(uow, trial)
    sealed = sealed_file(desk, trial, bundle.RELEASE)
    with trail.act(uow, Act.RELEASE_EXPORTED, person) as act:
        act.note(release_digest=certificate.digest(sealed))
    directory.mkdir(parents=True, exist_ok=True)
    contents = {bundle.CERTIFICATE: trial.certificate, bundle.RELEASE: sealed}
    for name, content in contents.items():
        files.write_public(directory / name, content, replace=True)
    return tuple(directory / name for name in contents)


def sealed_file(desk: Desk, trial: Trial, name: str) -> bytes:
    """The sealed release, or the sealed staged one, that activation left on this host.

    Args:
        desk: Its directory holds the file.
        trial: Compared with its entry.
        name: ``release.sealed`` or ``staged.sealed``.

    Raises:
        BundleRefused: It is missing, or not the one of the certificate.
    """
    sealed = bundle.Bundle(desk.directory).read(name)
    if certificate.digest(sealed) != certificate_fields.read(trial.certificate).files.get(name):
        raise BundleRefused(
            f"{name} on this host is not the one of the certificate. Nothing was given out.",
            field=name,
            next_step="Copy it again from the bundle of the ceremony.",
        )
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
    trial.demand(frozenset({Phase.LOCKED}), what=Act.TRIAL_RELEASED.doing)
    trail.check(uow, trial)
    identity = Identity.load(desk.directory / TRANSPORT_KEY)
    released = open_release(identity, sealed, certificate_fields.read(trial.certificate), definition)
    with trail.act(uow, Act.TRIAL_RELEASED, person) as act:
        act.note(imported_digest=certificate.digest(sealed))
        act.change(trial, phase=Phase.RELEASED)
        files.write_private(desk.directory / IMPORTED, sealed, replace=True)
    return released
