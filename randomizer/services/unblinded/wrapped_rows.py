"""The root over the sealed rows as this host last wrapped them, pinned beside its keys.

After a rotation the certificate no longer says what the code-break wraps are; an entry does, and whoever
writes to the database can write an entry. What they cannot write is a file of this host. So the root that an
entry puts in force is compared with the one that a rotation of this host left: no row is read for it, because
the nightly check, which has no key and no access to this host, compares the rows with the same entry.
docs/decisions/0018-the-root-that-the-host-wrapped.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from keys import custody
from keys.errors import KeysError
from randomizer.errors import RandomizerError, Tampered
from randomizer.services import trail, transactions, trials
from randomizer.services.sealed import certificate_fields, sealed_rows

if TYPE_CHECKING:
    from pathlib import Path

    from structlog.stdlib import BoundLogger

    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

FILE: Final = "rows.json"
IN_FORCE: Final = "sealed_root"
NEXT: Final = "next_sealed_root"
"""What a rotation is about to commit: until it has ended, nobody knows which of the two is in force."""

ABOUT: Final = "Slot rows as this host last wrapped them"


def begin(desk: Desk, root: str) -> None:
    """Pin the root that a rotation is about to commit beside the present one; it lasts when this returns.

    Raises:
        KeyFileRefused: The file cannot be read or written.
    """
    _keep(desk, {IN_FORCE: _pinned(desk)[0], NEXT: root})


def end(desk: Desk) -> None:
    """Pin alone what the rotation committed.

    Raises:
        KeyFileRefused: The file cannot be read or written.
    """
    _keep(desk, {IN_FORCE: _pinned(desk)[-1]})


def abandon(desk: Desk) -> None:
    """Forget what was not committed.

    Raises:
        KeyFileRefused: The file cannot be read or written.
    """
    _keep(desk, {IN_FORCE: _pinned(desk)[0]})


def check(uow: UnitOfWork, desk: Desk) -> None:
    """Compare the root that the database puts in force with what this host pinned.

    Args:
        uow: A unit of work of the desk's store; it is only read.
        desk: The code-break host's own.

    Raises:
        KeyFileRefused: The pinned root cannot be read.
        NotFound: The instance holds no trial.
        Tampered: A rotation is told of that this host did not make, or one is missing that it made.
    """
    # Before the database is read: a rotation that ends in between has pinned both roots by now.
    pinned = _pinned(desk)
    trial, _ = trials.current(uow)
    trail.check(uow, trial)
    if not trial.certificate:
        return
    fields = certificate_fields.read(trial.certificate)
    if sealed_rows.root_in_force(uow, fields) not in pinned:
        raise Tampered(ABOUT)


def look(desk: Desk) -> bool:
    """Check, and raise an alarm where something differs; says whether all is well. Stops nothing.

    Whatever comes of it, code breaks go on: each opened slot is compared with the certificate by itself.
    """
    try:
        with desk.store.reading() as uow:
            check(uow, desk)
    except Tampered as tampered:
        _log().error("sealed rows differ", error=type(tampered).__name__)
        _raise_alarm(desk, tampered)
        return False
    except (RandomizerError, KeysError, OSError) as error:
        _log().error("sealed rows not checked", error=type(error).__name__)
        return False
    return True


def _raise_alarm(desk: Desk, tampered: Tampered) -> None:
    try:
        transactions.raise_tampering(desk.store, tampered)
    except (RandomizerError, OSError) as error:
        _log().error("alarm not entered", error=type(error).__name__)


def _log() -> BoundLogger:
    log: BoundLogger = structlog.get_logger("code break")
    return log


def _pinned(desk: Desk) -> tuple[str, ...]:
    """The root in force, and after it the next one while a rotation is under way."""
    path = _path(desk)
    if not path.exists():  # never rotated
        return (desk.pins.sealed_root.hex(),)
    pins = custody.read_pins(path)
    return tuple(pins[name] for name in (IN_FORCE, NEXT) if name in pins) or ("",)


def _keep(desk: Desk, roots: dict[str, str]) -> None:
    custody.write_pins(_path(desk), roots, replace=True)


def _path(desk: Desk) -> Path:
    return desk.directory / FILE
