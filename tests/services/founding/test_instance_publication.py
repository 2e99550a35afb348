"""The public record of a sealing in an instance, and what an older activation did not leave there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.services.founding import instance_publication
from randomizer.services.sealed import public_keys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.activated import Rehearsal

pytestmark = [pytest.mark.promise(13), pytest.mark.requirement("activation")]


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """``public`` of an instance whose trial is a draft."""
    (tmp_path / "log.vkey").write_text("example.org/mesems+verifier\n")
    return tmp_path


def test_keys_that_an_older_activation_did_not_publish_are_added_once(
    rehearsal: Rehearsal, public: Path
) -> None:
    assert not instance_publication.publish_keys(public)  # nothing is activated yet
    instance_publication.publish(rehearsal.bundle, public)
    before = {path: path.read_bytes() for path in public.rglob("*") if path.is_file()}
    assert public_keys.NAME in {path.name for path in before}
    assert not instance_publication.publish_keys(public)
    (public / public_keys.NAME).unlink()
    assert instance_publication.publish_keys(public)
    assert {path: path.read_bytes() for path in public.rglob("*") if path.is_file()} == before
