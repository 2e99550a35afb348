"""The emergency pack of a sealed trial whose schedule is known, with the codes that its ceremony printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain.people import Role
from randomizer.services import packs
from randomizer.services.sealed.bundle import CODES
from tests.activated import SITE
from tests.games import sealings

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.services.packs import IssuedPack
    from tests.activated import Rehearsal
    from tests.games.sealings import Sealing


@dataclass(frozen=True, kw_only=True, repr=False)
class Packed:
    """A pack and what only the test knows."""

    made: IssuedPack
    codes: dict[str, str]  # as printed, by randomization number
    treatments: dict[str, tuple[str, ...]]  # as drawn, by randomization number


def codes_of(rehearsal: Rehearsal) -> dict[str, str]:
    """The printed code of each randomization number."""
    lines = (rehearsal.directory / CODES).read_text(encoding="utf-8").splitlines()[1:]
    return {number.replace(" ", ""): code for number, code in (line.split("  ") for line in lines)}


def packed(sealing: Sealing, directory: Path) -> Packed:
    """Issue the pack in a world of its own."""
    with sealings.world(sealing, directory) as world:
        made = world.instance.act(packs.issue, Role.TRIAL_MANAGER, SITE)
    return Packed(
        made=made,
        codes=codes_of(sealing.rehearsal),
        treatments={plan.randomization_number: plan.treatments for plan in sealing.schedule},
    )
