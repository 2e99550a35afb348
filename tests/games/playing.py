"""Play traffic over an instance: record all that can be seen of it, or compare it with a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tests.games.looking import EVERYBODY
from tests.games.seeing import Caught, Comparing, Recording, copied, mails, published, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.games.looking import Audience
    from tests.games.sealings import World
    from tests.games.seeing import Doors

    Spoil = Callable[[Doors], None]
    Played = Callable[[Doors, Audience], "Traffic"]


class Traffic(Protocol):
    """What is played."""

    def play(self) -> None:
        """Do all of it."""


def recorded(
    world: World, traffic: Played, *, audience: Audience = EVERYBODY, spoil: Spoil | None = None
) -> Recording:
    """Play traffic over an instance; gives all that could be seen of it.

    Args:
        world: The instance.
        traffic: What is played.
        audience: Who looks at it.
        spoil: Makes the build a leaky one.
    """
    return _play(world, traffic, Recording(), audience, spoil)


def same_as(
    recording: Recording,
    world: World,
    traffic: Played,
    *,
    audience: Audience = EVERYBODY,
    spoil: Spoil | None = None,
) -> None:
    """Play traffic over another instance.

    Raises:
        Caught: Something differs from the recording.
    """
    seen = _play(world, traffic, Comparing(other=recording.behind_the_filter()), audience, spoil)
    if len(seen.seen) != len(recording.seen):
        raise Caught("less was seen than there")


def _play(
    world: World, traffic: Played, recording: Recording, audience: Audience, spoil: Spoil | None
) -> Recording:
    with watched(world, recording) as doors:
        if spoil is not None:
            spoil(doors)
        traffic(doors, audience).play()
    mails(world, recording)
    published(world, recording)
    copied(world, recording)
    return recording
