"""Backups: the database, the settings and the public record; never a secret.

Whoever gets hold of a backup and of the keys could open every slot, so the two are never in one place.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING

from randomizer.config import SETTINGS_FILE
from randomizer.errors import Refused
from randomizer.store.backup import copy_database

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.config import Settings
    from randomizer.store.store import Store

SECRET_DIRECTORIES = ("site", "codebreak", "jobs")
MANIFEST = "backup.json"


def make(store: Store, settings: Settings, target: Path) -> Path:
    """Copy an instance while it is in use.

    Args:
        store: Of the instance.
        settings: Of the instance.
        target: A directory that does not exist yet, outside the instance.

    Returns:
        The copy of the database.

    Raises:
        Refused: The target is there already or inside the instance, or the copy could not be made.
    """
    if settings.directory.resolve() in (target.resolve(), *target.resolve().parents):
        raise Refused(
            f"{target} is inside the instance, beside its keys. Nothing was copied.",
            field="target",
            next_step="Name a directory on another disk.",
        )
    if target.exists():
        raise Refused(f"{target} is there already. Nothing was copied.", field="target")
    target.mkdir(mode=0o700, parents=True)
    # The public record first: it is never ahead of the copy, which would look like a database set back.
    shutil.copytree(settings.public, target / "public")
    shutil.copy(settings.directory / SETTINGS_FILE, target)
    database = copy_database(store.engine, target)
    with database.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    made = {"database": database.name, "sha256": digest, "made_at": store.clock().isoformat()}
    (target / MANIFEST).write_text(f"{json.dumps(made, indent=2)}\n", encoding="utf-8")
    return database


def kept_apart(settings: Settings) -> tuple[Path, ...]:
    """The files with secrets, which a backup leaves out and a restore needs.

    Of a directory that this process may not read only the name is given.
    """
    places = [settings.directory / name for name in SECRET_DIRECTORIES]
    hidden = [place for place in places if not os.access(place, os.R_OK)]
    files = [path for place in places if place not in hidden for path in place.glob("**/*") if path.is_file()]
    return tuple(sorted([*hidden, *files]))
