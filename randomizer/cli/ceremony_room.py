"""Waiting for people: commitments first, all of them published, then what they reveal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console

from randomizer.cli.console import say
from randomizer.errors import Refused
from randomizer.services.sealed import bundle, ceremony_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keys.contribution import Contribution
    from randomizer.services.sealed.ceremony import Committed, Opening, Plan

T = TypeVar("T")

POLL_SECONDS = 0.2


class Room:
    """The ceremony as its contributors meet it.

    Args:
        plan: What is to be sealed.
        opening: Of this ceremony.
        out: Directory of the bundle.
        places: Directory of each contributor's public notes.
        patience_seconds: How long each step waits for people.
    """

    def __init__(
        self, plan: Plan, opening: Opening, *, out: Path, places: tuple[Path, ...], patience_seconds: float
    ) -> None:
        self._plan = plan
        self._opening = opening
        self._out = out
        self._places = places
        self._patience_seconds = patience_seconds

    def commitments(self, machine: Committed) -> list[Committed]:
        """Wait for every commitment, then publish them and the one-time key.

        Raises:
            Refused: A commitment does not hold, or somebody did not come.
        """
        terms = self._plan.terms
        say(
            f"The terms stand in {self._out / bundle.TERMS}. Each contributor now commits, in a directory of "
            "their own:\n  python -m keys contribute commit --dir DIR --name NAME "
            f"--definition-digest {terms.definition_digest} --generator-digest {terms.generator_digest} "
            f"--attempt {terms.attempt}\n"
            "and puts commitment.note and contributor.vkey, nothing else, into the place that is theirs: "
            f"{', '.join(map(str, self._places))}."
        )
        found = self._wait("commitment", lambda place: ceremony_files.read_commitment(place, terms))
        committed = [machine, *(found[place] for place in self._places)]
        ceremony_files.publish_commitments(self._out, committed, self._opening.one_time.public)
        return committed

    def contributions(self, committed: list[Committed]) -> list[Contribution]:
        """Wait until everybody has revealed.

        Raises:
            Refused: Something else was revealed than committed, or somebody did not come.
        """
        notes = self._out / bundle.COMMITMENTS
        say(
            f"All commitments are published in {notes}. Each contributor now keeps a copy, then reveals:"
            f"\n  python -m keys contribute reveal --dir DIR --commitments {notes} "
            f"--to {self._out / bundle.CEREMONY_PUBLIC} --out DIR/{ceremony_files.REVEAL_FILE}"
            f"\nand puts {ceremony_files.REVEAL_FILE} into the same place."
        )
        expected = dict(zip(self._places, committed[1:], strict=True))
        found = self._wait(
            "contribution",
            lambda place: ceremony_files.read_reveal(place, self._opening, expected[place]),
        )
        return [found[place] for place in self._places]

    def _wait(self, what: str, look: Callable[[Path], T | None]) -> dict[Path, T]:
        found: dict[Path, T] = {}
        deadline = time.monotonic() + self._patience_seconds
        with Console(stderr=True).status(f"Waiting for {what}s") as status:
            while True:
                for place in self._places:
                    if place not in found and (one := look(place)) is not None:
                        found[place] = one
                        say(f"{what.capitalize()} {len(found)} of {len(self._places)} is here: {place}.")
                missing = [str(place) for place in self._places if place not in found]
                if not missing:
                    return found
                if time.monotonic() > deadline:
                    raise Refused(
                        f"No {what} came from {', '.join(missing)} in time. This attempt is given up.",
                        field="contributor",
                        next_step=f"Begin the next attempt, with --earlier {self._out} REASON.",
                    )
                status.update(f"Waiting for a {what} from {', '.join(missing)}")
                time.sleep(POLL_SECONDS)
