from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keys import custody
from keys.errors import KeyFileRefused
from keys.hpke import Identity
from randomizer.errors import BundleRefused
from randomizer.services.founding import key_installation
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed import certificate_fields
from tests.activated import copy, entropy_of, sign_again

if TYPE_CHECKING:
    from pathlib import Path

    from tests.activated import Rehearsal


def install(rehearsal: Rehearsal, directory: Path) -> None:
    key_installation.install(rehearsal.bundle, directory, key=rehearsal.key, pinned_digest=rehearsal.digest)


@pytest.mark.promise(14)
@pytest.mark.requirement("activation")
def test_the_host_gets_its_keys_and_pins(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.install(tmp_path / "host")
    fields = certificate_fields.read(rehearsal.bundle.read(bundle_files.CERTIFICATE))
    ring = custody.read_key_file(tmp_path / "host" / "keys.json")
    pins = custody.read_pins(tmp_path / "host" / "pins.json")
    assert ring.code_break_key != ring.preparation_key
    assert pins["certificate_digest"] == rehearsal.digest
    assert (pins["leaf_root"], pins["sealed_root"]) == (fields.leaf_root, fields.sealed_root)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "host").iterdir()}
    assert modes == {
        "transport.key": 0o600,
        "keys.json": 0o600,
        "pins.json": 0o600,
        "unblinded.sealed": 0o644,
        "release.sealed": 0o644,
        "staged.sealed": 0o644,
    }


def test_installing_again_changes_nothing(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.install(tmp_path / "host")
    before = {path: path.read_bytes() for path in (tmp_path / "host").iterdir()}
    install(rehearsal, tmp_path / "host")
    assert {path: path.read_bytes() for path in (tmp_path / "host").iterdir()} == before


def test_keys_of_another_sealing_are_never_overwritten(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.install(tmp_path / "host")
    other = sign_again(copy(rehearsal, tmp_path / "other"), sealed_at="2031-01-01T00:00:00Z")
    with pytest.raises(BundleRefused, match="keys of another sealing"):
        install(other, tmp_path / "host")


def test_another_host_gets_nothing(rehearsal: Rehearsal, tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir(mode=0o700)
    Identity.generate(entropy_of("another host")).save(host / "transport.key")
    with pytest.raises(BundleRefused, match="another host's transport key"):
        install(rehearsal, host)
    assert [path.name for path in host.iterdir()] == ["transport.key"]


def test_a_host_without_a_transport_key_gets_nothing(rehearsal: Rehearsal, tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match=r"transport\.key"):
        install(rehearsal, tmp_path)


def test_a_changed_key_ring_is_refused(rehearsal: Rehearsal, tmp_path: Path) -> None:
    spoilt = copy(rehearsal, tmp_path / "spoilt")
    path = spoilt.directory / bundle_files.KEY_RING
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BundleRefused, match=r"keyring\.sealed differs"):
        spoilt.install(tmp_path / "first")
    with pytest.raises(BundleRefused, match="does not open"):
        sign_again(spoilt).install(tmp_path / "second")
