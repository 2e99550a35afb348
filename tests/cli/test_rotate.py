"""A new code-break key by command, on the code-break host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keys import custody
from randomizer.services.sealed import sealed_rows

if TYPE_CHECKING:
    from tests.activated import Rehearsal
    from tests.cli.places import Place

pytestmark = pytest.mark.requirement("custody")


@pytest.fixture
def active(place: Place, sealed: Rehearsal) -> Place:
    """An active trial."""
    place.sign()
    assert place.activate(sealed).fields["phase"] == "active"
    return place


def test_an_administrator_rotates_and_is_told_what_to_do_now(active: Place) -> None:
    path = active.directory / "codebreak" / "keys.json"
    former = custody.read_key_file(path)
    first = active.as_person("admin", "rotate", "--json").fields
    present = custody.read_key_file(path).held(custody.CODE_BREAK)
    assert (first["slots"], first["key"]) == (24, present.fingerprint)
    assert present.secret != former.code_break_key
    with active.store.reading() as uow:
        assert sealed_rows.check(uow) == 24
    second = active.as_person("admin", "rotate")
    assert second.status == 0
    assert "24 slot keys are wrapped under the new code-break key" in second.out
    assert "Now back up the database and this host's keys" in second.out


def test_nobody_else_rotates_and_a_draft_has_nothing_to_rotate(place: Place, sealed: Rehearsal) -> None:
    assert "Activation installs them" in place.as_person("admin", "rotate").refusal
    place.sign()
    place.activate(sealed)
    path = place.directory / "codebreak" / "keys.json"
    before = path.read_bytes()
    assert "administrator" in place.as_person("statistician", "rotate").refusal
    assert path.read_bytes() == before
