"""Where each chapter of the traffic begins, so that a leaky build is played through one chapter alone.

A bookmark is a copy of an instance which the shipped build brought so far: what a site has on the day on
which a leaky build is installed there.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.games import sealings
from tests.games.looking import NOBODY
from tests.games.seeing import Recording, watched
from tests.games.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.games.looking import Audience
    from tests.games.sealings import Sealing, World
    from tests.games.seeing import Doors

    Played = Callable[[Doors, Audience], Traffic]


@dataclass(frozen=True, kw_only=True, repr=False)
class Bookmark:
    """An instance as it stands where a chapter begins.

    Args:
        sealing: Its database is the one to go on from.
        chapter: Name of the chapter.
        intents: Content of the file of intents.
        people: As `Traffic` knows them.
        kits: Likewise.
    """

    sealing: Sealing
    chapter: str
    intents: bytes
    people: Mapping[str, str]
    kits: Mapping[str, list[str]]

    def __repr__(self) -> str:
        return f"Bookmark({self.chapter})"

    @contextmanager
    def opened(self, directory: Path) -> Iterator[World]:
        """An instance that goes on from here.

        Args:
            directory: Empty or missing.
        """
        with sealings.world(self.sealing, directory) as world:
            if self.intents:
                world.desk.file.path.write_bytes(self.intents)
            yield world

    def traffic(self) -> Played:
        """The traffic of this chapter."""
        kits = defaultdict(list, {name: [*ones] for name, ones in self.kits.items()})
        return partial(Traffic, people=dict(self.people), kits=kits, only=self.chapter)


def bookmarks(sealing: Sealing, place: Path, last: str = "") -> dict[str, Bookmark]:
    """Play the traffic while nobody looks; gives a bookmark for each chapter.

    Args:
        sealing: Nothing is written into it.
        place: Empty or missing.
        last: The chapter with whose bookmark to end, "" for the last of all.
    """
    found = {}
    with sealings.world(sealing, place / "played") as world, watched(world, Recording()) as doors:
        traffic = Traffic(doors, NOBODY)
        for name, chapter in traffic.chapters().items():
            found[name] = _kept(sealing, traffic, name, place / name)
            if name == last:
                break
            chapter()
    return found


def _kept(sealing: Sealing, traffic: Traffic, chapter: str, directory: Path) -> Bookmark:
    world = traffic.world
    intents = world.desk.file.path
    return Bookmark(
        sealing=sealings.kept(sealing, world, directory),
        chapter=chapter,
        intents=intents.read_bytes() if intents.exists() else b"",
        people=dict(traffic.people),
        kits={name: [*ones] for name, ones in traffic.kits.items()},
    )
