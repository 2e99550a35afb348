"""SoftHSM2 tokens for tests: a directory of this test process's own, and a token of each test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
PIN = "1234-tests"


@dataclass(frozen=True)
class Made:
    """A token that was initialized.

    Args:
        module: Path of the library.
        label: Of the token.
    """

    module: str
    label: str


def library() -> str:
    """Path of the library, "" where SoftHSM2 is not installed."""
    if shutil.which("softhsm2-util") is None:
        return ""
    return next((place for place in LIBRARIES if Path(place).exists()), "")


@contextmanager
def directory() -> Iterator[None]:
    """A directory of tokens that this process and its children see: the library reads its place but once."""
    place = Path(tempfile.mkdtemp(prefix="softhsm-"))
    (place / "tokens").mkdir()
    settings = place / "softhsm2.conf"
    lines = (f"directories.tokendir = {place}/tokens", "objectstore.backend = file", "log.level = ERROR", "")
    settings.write_text("\n".join(lines))
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    yield
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before
    shutil.rmtree(place)


def initialized() -> Made:
    """A new, empty token."""
    import pkcs11  # noqa: PLC0415 - an optional extra

    made = Made(library(), f"test-{uuid4().hex[:16]}")
    names = ("--label", made.label, "--pin", PIN, "--so-pin", f"{PIN}-officer")
    subprocess.run(["softhsm2-util", "--init-token", "--free", *names], check=True, capture_output=True)
    pkcs11.lib(made.module).reinitialize()  # what this process knew of tokens is old
    return made


def forget(made: Made) -> None:
    """End the sessions of this process, as if the next command were a process of its own."""
    import pkcs11  # noqa: PLC0415 - an optional extra

    pkcs11.lib(made.module).reinitialize()
