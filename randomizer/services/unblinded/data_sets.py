"""The data sets of a statistician: their own copy of the release, opened beside the records of the host.

It runs on the statistician's machine and needs no database: two folders, a copy and a private key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from keys import files
from randomizer.services.sealed import bundle, facts
from randomizer.services.unblinded.opened import open_release
from randomizer.services.verification import steps_tables
from randomizer.services.verification.codebook import codebook
from randomizer.services.verification.reading import (
    PUBLIC,
    RELEASE,
    SCHEDULE,
    VALUES,
    read_public,
    refuse,
)
from randomizer.services.verification.verify import silent, verify

if TYPE_CHECKING:
    from pathlib import Path

    from keys.hpke import Identity
    from randomizer.services.verification.reading import Progress
    from randomizer.services.verification.report import Report
    from randomizer.services.verification.steps_certificate import Pins

CODEBOOK: Final = "codebook.md"
REPORT: Final = "verification.json"


def make(
    directory: Path, identity: Identity, sealed: bytes, pins: Pins, progress: Progress = silent
) -> Report:
    """Open a copy of the release and write the data sets beside the records, verified as they are made.

    Args:
        directory: Holds ``public`` and ``release`` as the code-break host wrote them.
        identity: The statistician's private key.
        sealed: The copy that the custodians made for them.
        pins: What is known from elsewhere.
        progress: See `randomizer.services.verification.verify.verify`.

    Returns:
        The verification, which is also written.

    Raises:
        BundleRefused: The copy does not open, or is not what the certificate promises.
        Unreadable: A file of the folders is missing or malformed.
    """
    public, target = read_public(directory / PUBLIC), directory / RELEASE
    for name in (bundle.SLOTS, VALUES, facts.NAME):
        if not (target / name).is_file():
            refuse(f"{RELEASE}/{name}", "It is missing. Nothing was opened.")
    released = open_release(identity, sealed, public.fields, public.definition)
    files.write_public(target / SCHEDULE, released.plaintext, replace=True)
    report = verify(directory, pins, progress, settle=steps_tables.write)
    files.write_public(target / CODEBOOK, codebook(public.definition).encode(), replace=True)
    text = json.dumps(report.to_json(), sort_keys=True, indent=2)
    files.write_public(target / REPORT, f"{text}\n".encode(), replace=True)
    return report
