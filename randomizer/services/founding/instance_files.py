"""A new instance directory: settings, the secrets of each process, the keys of the hosts.

The database is not made here; nothing of the trial stands in these files.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from keys import files
from keys.errors import KeysError
from keys.hpke import Identity, public_line
from keys.notes import NoteKey
from randomizer.config import SECRETS_FILE, SETTINGS_FILE, Settings, settings_of
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from keys.entropy import Entropy

SECRET_BYTES = 32
CHECKPOINT_KEY = "checkpoint.key"
TRANSPORT_KEY = "transport.key"


def write_instance(
    directory: Path, found: Mapping[str, object], *, entropy: Entropy, smtp_password: str = ""
) -> Settings:
    """Make an instance directory with fresh secrets.

    Args:
        directory: Where; must not exist, or be empty.
        found: Settings as they will stand in ``instance.toml``, at least kind and origin; what is left out
            keeps its default.
        entropy: Source of all secrets.
        smtp_password: Password of the mail server, "" where it asks for none.

    Returns:
        The settings, as every process will read them.

    Raises:
        Faulty: Settings have faults; nothing was written.
        Refused: The directory holds something, or cannot be written.
    """
    settings = settings_of(directory, dict(found), SETTINGS_FILE)
    try:
        if directory.exists() and any(directory.iterdir()):
            raise Refused(
                f"{directory} is not empty. Nothing was written.",
                field="instance",
                next_step="Name a directory that does not exist yet.",
            )
        _write(directory, found, settings, entropy, smtp_password)
    except (OSError, KeysError) as error:
        raise Refused(f"The instance cannot be written: {error}", field="instance") from error
    return settings


def read_checkpoint_key(directory: Path) -> NoteKey:
    """The key that signs the checkpoints of this instance; for the jobs process.

    Raises:
        KeyFileRefused: The file is missing, or open to others.
        NoteRefused: It holds no key.
    """
    return NoteKey.parse(files.read_private(directory / "jobs" / CHECKPOINT_KEY).decode().strip())


def _write(
    directory: Path, found: Mapping[str, object], settings: Settings, entropy: Entropy, smtp_password: str
) -> None:
    totp_key = base64.urlsafe_b64encode(entropy(SECRET_BYTES)).decode()
    for door in ("site", "codebreak"):
        secrets = {"session_secret": entropy(SECRET_BYTES).hex(), "totp_key": totp_key}
        _write_secrets(directory / door, secrets)
    _write_secrets(directory / "jobs", {"smtp_password": smtp_password})
    checkpoint_key = NoteKey.generate(settings.origin, entropy)
    files.write_private(directory / "jobs" / CHECKPOINT_KEY, f"{checkpoint_key.encode()}\n".encode())
    transport = Identity.generate(entropy)
    transport.save(directory / "codebreak" / TRANSPORT_KEY)
    (directory / "public" / "checkpoints").mkdir(parents=True)
    files.write_public(directory / "public" / "log.vkey", f"{checkpoint_key.verifier.encode()}\n".encode())
    line = public_line(transport.public, f"{settings.origin} code-break host")
    files.write_public(directory / "public" / "transport.pub", line.encode())
    # Last: a directory without it is no instance.
    files.write_public(directory / SETTINGS_FILE, _toml(found).encode())


def _write_secrets(directory: Path, secrets: Mapping[str, str]) -> None:
    files.make_private_directory(directory)
    files.write_private(directory / SECRETS_FILE, f"{json.dumps(secrets, indent=2)}\n".encode())


def _toml(found: Mapping[str, object]) -> str:
    tables = {name: value for name, value in found.items() if isinstance(value, dict)}
    lines = [_line(name, value) for name, value in found.items() if name not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(_line(key, value) for key, value in table.items())]
    return "\n".join([*lines, ""])


def _line(name: str, value: object) -> str:
    # JSON's strings, whole numbers, true and false are TOML's too.
    return f"{name} = {json.dumps(value)}"
