from __future__ import annotations

import os
from pathlib import Path
from threading import Timer

import pytest

from keys import files
from keys.errors import KeyFileRefused


@pytest.mark.promise(16)
def test_a_write_that_fails_leaves_nothing_and_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    standing = tmp_path / "standing"
    files.write_private(standing, b"old")
    monkeypatch.setattr(os, "fsync", full_disk)
    for path, replace in ((standing, True), (tmp_path / "new", False)):
        with pytest.raises(OSError, match="No space left") as raised:
            files.write_private(path, b"new", replace=replace)
        assert raised.value.filename == str(path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"standing": b"old"}


@pytest.mark.promise(16)
def test_what_another_process_wrote_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    fsync = os.fsync

    def overtaken(handle: int) -> None:
        path.write_bytes(b"theirs")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", overtaken)
    with pytest.raises(KeyFileRefused, match="not overwritten"):
        files.write_private(path, b"ours")
    assert {found.name: found.read_bytes() for found in tmp_path.iterdir()} == {"key": b"theirs"}


@pytest.mark.promise(14)
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        files.make_private_directory(tmp_path / "own")
        files.write_private(tmp_path / "own" / "private", b"")
        files.write_public(tmp_path / "own" / "public", b"")
    finally:
        os.umask(before)
    found = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "own").iterdir()}
    assert found == {"private": 0o600, "public": 0o644}
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o700


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    for write in (files.write_private, files.write_public):
        with pytest.raises(KeyFileRefused, match="missing"):
            write(tmp_path / "missing" / "file", b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can give a file to another user.")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    files.write_private(path, b"")
    os.chown(path, 65534, 65534)
    with pytest.raises(KeyFileRefused, match="another user"):
        files.read_private(path)


def test_what_somebody_brought_is_read_from_files_and_pipes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"brought")
    assert files.read_brought(tmp_path / "file") == b"brought"
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    assert files.read_brought(Path(f"/dev/fd/{reader}")) == b"piped"
    os.close(reader)


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "k" * 5000, "a\0b", "."])
def test_what_is_no_file_is_refused_and_not_read_for_ever(name: str) -> None:
    with pytest.raises(KeyFileRefused):
        files.read_brought(Path(name))


def test_a_pipe_that_nobody_writes_into_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(KeyFileRefused, match="a pipe that nobody wrote into"):
        files.read_brought(tmp_path / "pipe")


def test_whoever_writes_into_a_pipe_is_waited_for() -> None:
    reader, writer = os.pipe()

    def write() -> None:
        os.write(writer, b"late")
        os.close(writer)

    later = Timer(0.05, write)
    later.start()
    assert files.read_brought(Path(f"/dev/fd/{reader}")) == b"late"
    later.join()
    os.close(reader)


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, files.BROUGHT_MAX + 1)
    with pytest.raises(KeyFileRefused, match="larger than any file"):
        files.read_brought(path)


@pytest.mark.promise(14)
def test_what_killed_writers_left_can_be_removed(tmp_path: Path) -> None:
    files.write_private(tmp_path / "keys.json", b"kept")
    (tmp_path / ".keys.json.123.new").write_bytes(b"a key")
    files.remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
