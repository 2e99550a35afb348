"""Files that are whole or absent: atomic, fsynced, and for secrets readable by their owner alone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from keys.errors import KeyFileRefused

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
DIRECTORY_MODE: Final = 0o700
_NOT_READ: Final = (stat.S_ISCHR, stat.S_ISBLK, stat.S_ISDIR)
_OTHERS: Final = 0o077
_WORLD_WRITABLE: Final = 0o002
_OTHERS_WRITE: Final = 0o022
_UNFINISHED: Final = ".{name}.{process}.new"
LINE_MAX: Final = 1 << 24  # bytes
BROUGHT_MAX: Final = 1 << 30  # bytes; the largest sealed release has a tenth of it


def make_private_directory(directory: Path) -> None:
    """Make a directory for secrets with mode 0700, or check the one that is there.

    Raises:
        KeyFileRefused: It is there and others can read or write it.
    """
    with suppress(FileExistsError):
        directory.mkdir(mode=DIRECTORY_MODE, parents=True)
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & _OTHERS:
        raise KeyFileRefused(
            f"{directory} holds secrets and has mode {mode:04o}; it must be 0700. Run: chmod 700 {directory}"
        )


def write_private(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a secret with mode 0600: whole, fsynced, and never over another file unless told.

    Raises:
        KeyFileRefused: The file is there already, or its directory can be written by everybody.
    """
    _check_directory(path)
    _write(path, content, PRIVATE_MODE, replace=replace)


def write_public(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file that anybody may read (mode 0644): whole, fsynced, never over another unless told.

    Raises:
        KeyFileRefused: The file is there already.
    """
    _write(path, content, PUBLIC_MODE, replace=replace)


def read_private(path: Path) -> bytes:
    """Read a secret that nobody but its owner could have read.

    Raises:
        KeyFileRefused: The file is missing, not a plain file, somebody else's, open to others, or in a
            directory that everybody can write.
    """
    return _read(path, _OTHERS, "0600")


def read_pinned(path: Path) -> bytes:
    """Read a file that nobody but its owner could have changed.

    Raises:
        KeyFileRefused: The file is missing, not a plain file, somebody else's, or can be written by others.
    """
    return _read(path, _OTHERS_WRITE, "0644 or less")


def read_brought(path: Path) -> bytes:
    """Read a file that somebody brought: a plain one, or what a pipe gives, and not without end.

    Raises:
        KeyFileRefused: It cannot be read, is a device, is a pipe that nobody writes into, or is larger than
            anything that is read here.
    """
    with open_brought(path) as file:
        try:
            content = file.read(BROUGHT_MAX + 1)
        except OSError as error:
            raise KeyFileRefused(f"{path} cannot be read: {error.strerror}.") from None
        if not content and stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            raise KeyFileRefused(f"{path} is a pipe that nobody wrote into.")
    if len(content) > BROUGHT_MAX:
        raise KeyFileRefused(f"{path} is larger than any file of a trial.")
    return content


def open_brought(path: Path) -> BinaryIO:
    """Open a file that somebody brought.

    Raises:
        KeyFileRefused: It cannot be read, is a folder, or is a device: one like /dev/zero would be read for
            ever.
    """
    try:
        # To open a pipe would wait for whoever writes, perhaps for ever; who does is there before us.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "no file can have this name"
        raise KeyFileRefused(f"{path} cannot be read: {said}.") from None
    os.set_blocking(handle, True)
    status = os.fstat(handle)
    if any(kind(status.st_mode) for kind in _NOT_READ) or status.st_size > BROUGHT_MAX:
        os.close(handle)
        raise KeyFileRefused(f"{path} is a device, a folder, or larger than any file of a trial.")
    return os.fdopen(handle, "rb")


def remove_unfinished(directory: Path, name: str = "*") -> None:
    """Remove what writers left that were killed: a whole secret may stand in such a file.

    Args:
        directory: Nobody else may be writing into it now.
        name: Of the one file that nobody else may be writing now, where others may be.
    """
    for path in directory.glob(_UNFINISHED.format(name=name, process="*")):
        path.unlink(missing_ok=True)
    _fsync_directory(directory)


def _read(path: Path, forbidden: int, wanted: str) -> bytes:
    _check_directory(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be read: {error.strerror}.") from None
    try:
        status = os.fstat(handle)
        mode = stat.S_IMODE(status.st_mode)
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileRefused(f"{path} is not a plain file.")
        if status.st_uid not in {os.geteuid(), 0}:
            raise KeyFileRefused(f"{path} belongs to another user of this machine.")
        if mode & forbidden:
            raise KeyFileRefused(f"{path} has mode {mode:04o}; it must be {wanted}. Run: chmod 600 {path}")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(handle)


def _check_directory(path: Path) -> None:
    try:
        mode = stat.S_IMODE(path.parent.stat().st_mode)
    except OSError as error:
        raise KeyFileRefused(f"{path.parent} cannot be used: {error.strerror}.") from None
    if mode & _WORLD_WRITABLE:
        raise KeyFileRefused(
            f"{path.parent} can be written by everybody (mode {mode:04o}); keep no key there."
        )


def _write(path: Path, content: bytes, mode: int, *, replace: bool) -> None:
    if not replace and path.exists():
        raise KeyFileRefused(f"{path} is there already and was not overwritten.")
    new = path.with_name(_UNFINISHED.format(name=path.name, process=os.getpid()))
    new.unlink(missing_ok=True)
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except OSError as error:
        raise KeyFileRefused(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            os.fsync(handle)
        _put_in_place(new, path, replace=replace)
    except OSError as error:
        error.filename = str(path)  # a full disk names no file
        raise
    finally:
        new.unlink(missing_ok=True)
    _fsync_directory(path.parent)


def _put_in_place(new: Path, path: Path, *, replace: bool) -> None:
    if replace:
        new.replace(path)
        return
    try:
        os.link(new, path)  # unlike a rename, a link never replaces what another process wrote meanwhile
    except FileExistsError:
        raise KeyFileRefused(f"{path} is there already and was not overwritten.") from None


def _fsync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
