"""The records of a released trial as one file to take home: nothing in it unblinds.

A statistician opens their own copy of the release beside what is unpacked from it, on a machine of their own:
see `randomizer.services.unblinded.data_sets`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from randomizer import masking
from randomizer.domain.housekeeping import SignedCheckpoint
from randomizer.errors import Refused
from randomizer.services.unblinded import release_files

if TYPE_CHECKING:
    from randomizer.services.unblinded.desk import Desk
    from randomizer.services.views.sight import Sight

KIND: Final = "Records"
FIELD: Final = "archive"


def demand(sight: Sight) -> None:
    """Refuse whoever may not have the records, and everybody while the trial is not released.

    Raises:
        NotAllowed: No role of the person may ever have them.
        Refused: The trial is not released.
    """
    sight.demand(KIND, FIELD)
    sight.trial.demand(masking.ALLOWED[KIND][FIELD].phases, what="see the records of the release")


def covered(sight: Sight) -> bool:
    """Whether the newest checkpoint covers the release, so that the records reach as far."""
    newest = sight.uow.all(SignedCheckpoint, order="-size", limit=1)
    return bool(newest) and sight.trial.entry < newest[0].size


def pack(sight: Sight, desk: Desk, instance_public: Path, file: IO[bytes]) -> None:
    """Write ``public/`` and ``release/`` of one state into a ZIP file, and leave nothing beside it.

    Args:
        sight: The person who takes it.
        desk: Its pins name the ceremony's key.
        instance_public: ``public`` of the instance.
        file: Where to; left at its beginning.

    Raises:
        NotAllowed: No role of the person may have it.
        Refused: The trial is not released, or no checkpoint covers the release yet.
    """
    demand(sight)
    if not covered(sight):
        raise Refused(
            "No signed checkpoint covers the release yet, so the records would end before it.",
            next_step="Wait a minute and ask again. If it stays so, call the administrator: the jobs "
            "process signs checkpoints.",
        )
    with TemporaryDirectory() as name, ZipFile(file, "w", ZIP_DEFLATED) as archive:
        directory = Path(name)
        release_files.write(sight.uow, desk, instance_public, directory)
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            # Without a date: two files of one state are alike.
            info = ZipInfo(path.relative_to(directory).as_posix())
            info.compress_type = ZIP_DEFLATED
            with path.open("rb") as content, archive.open(info, "w") as packed:
                shutil.copyfileobj(content, packed)
    file.seek(0)
