"""A pack tells nothing of the schedule: two schedules differ in it by sealed bytes of one length alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from randomizer.services.sealed import pack, pack_sheet
from tests.packing import packed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from randomizer.domain.trial import Slot
    from randomizer.services.packs import IssuedPack
    from tests.games.sealings import Sealing

SEALED_BYTES = ("ciphertext", "proof", "wrap")
OTHERS = ("exchanged", "another")


def filtered(made: IssuedPack) -> str:
    """The file with sealed bytes and digests replaced by placeholders of the same length."""
    found: dict[str, Any] = json.loads(made.content)
    for row in found["slots"]:
        row |= {name: "*" * len(row[name]) for name in SEALED_BYTES}
    return re.sub(r"\b[0-9a-f]{64}\b", "#" * 64, json.dumps(found, sort_keys=True))


def head(made: IssuedPack) -> tuple[str, ...]:
    """What the paper says in words."""
    return pack_sheet.lines(made.trial, made.definition, "TLS", len(made.slots))


@pytest.mark.promise(1)
@pytest.mark.promise(10)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("other", OTHERS)
def test_a_pack_tells_nothing_of_the_schedule(sealed: dict[str, Sealing], tmp_path: Path, other: str) -> None:
    one, two = packed(sealed["as generated"], tmp_path / "one"), packed(sealed[other], tmp_path / "two")
    assert one.treatments != two.treatments
    assert one.made.content != two.made.content
    assert len(one.made.content) == len(two.made.content)
    assert filtered(one.made) == filtered(two.made)
    assert head(one.made) == head(two.made)
    lengths = [{len(pack_sheet.sealed_text(slot)) for slot in made.slots} for made in (one.made, two.made)]
    assert lengths[0] == lengths[1]
    assert len(lengths[0]) == 1


@pytest.mark.parametrize("other", OTHERS)
def test_a_seeded_hint_is_found(
    sealed: dict[str, Sealing], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    answer: Callable[[Slot], dict[str, Any]] = pack._sealed_answer  # noqa: SLF001
    made = []
    for name in ("as generated", other):
        plans = list(sealed[name].schedule)
        with monkeypatch.context() as patch:
            patch.setattr(
                pack,
                "_sealed_answer",
                lambda slot, plans=plans: answer(slot) | {"hint": plans[slot.number].sequence_code},
            )
            made.append(packed(sealed[name], tmp_path / name).made)
    assert filtered(made[0]) != filtered(made[1])
