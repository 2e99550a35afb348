from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.activated import seal_rehearsal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Randomizer


@pytest.mark.requirement("sealing")
def test_the_certificate_is_printed_once_and_only_as_signed(randomizer: Randomizer, tmp_path: Path) -> None:
    sealed = seal_rehearsal(tmp_path / "bundle")
    note, key, out = (
        sealed.directory / "certificate.note",
        sealed.directory / "ceremony.vkey",
        tmp_path / "c.pdf",
    )

    done = randomizer("certificate", note, "--vkey", key, "--out", out, "--json").fields
    assert done == {"pdf": str(out), "certificate_digest": sealed.digest}
    assert out.read_bytes().startswith(b"%PDF-")
    assert "is there already" in randomizer("certificate", note, "--vkey", key, "--out", out).refusal

    bent = tmp_path / "bent.note"
    bent.write_bytes(note.read_bytes().replace(b'"schedule_version":1', b'"schedule_version":2'))
    refused = randomizer("certificate", bent, "--vkey", key, "--out", tmp_path / "other.pdf").refusal
    assert "not signed by the key of its ceremony" in refused
    assert not (tmp_path / "other.pdf").exists()
