"""How a trial ends looks the same over two schedules: staged release, early termination, lock and release."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.games import sealings
from tests.games.ending import Ending
from tests.games.leaks import CATALOGUE
from tests.games.leaks.secret import Secret
from tests.games.looking import A_FEW
from tests.games.playing import recorded, same_as
from tests.games.seeing import Caught
from tests.games.sizes import FULL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.games.sealings import Sealing, World
    from tests.games.seeing import Recording

    Worlds = Callable[[str], World]

OTHERS = ("exchanged", "another")
SHOWS = {
    "in_a_figure": "assessment",
    "in_what_blocks_the_lock": "staged release",
    "in_a_blinded_assessment": "assessment",
}
"""The leaks that this game must catch, and by which chapter each has shown; at full size all is played."""
CATCHES = tuple(SHOWS)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, sealed: dict[str, Sealing]) -> Recording:
    """What can be seen of the trial as generated."""
    with sealings.world(sealed["as generated"], tmp_path_factory.mktemp("ending") / "world") as made:
        return recorded(made, Ending, audience=A_FEW)


@pytest.mark.promise(1)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("other", OTHERS)
def test_nothing_of_the_end_depends_on_the_schedule(world: Worlds, clean: Recording, other: str) -> None:
    same_as(clean, world(other), Ending, audience=A_FEW)


def test_the_traffic_reaches_how_a_trial_ends(clean: Recording) -> None:
    """Otherwise equal bytes would say nothing."""
    told = clean.text()
    assert [what for what in EXPECTED if what not in told] == []


EXPECTED = (
    "kit quarantined",
    "blinded assessment signed",
    "impact assessment signed",
    "period 1 locked",
    "staged release exported",
    "trial terminated",
    "Stop treatment",  # for whoever was booked when the trial was terminated
    "Trial terminated",
    "trial locked",
    "The data are locked",
    "trial released",
)
"""Words of what happened, each from a place of its own."""


@pytest.mark.promise(1)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("name", CATCHES)
def test_a_seeded_leak_is_reached_and_caught(
    world: Worlds, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    traffic = partial(Ending, until="" if FULL else SHOWS[name])
    leak, own = CATALOGUE[name], world("as generated")
    secret = Secret(own)
    with monkeypatch.context() as patch:
        recording = recorded(own, traffic, audience=A_FEW, spoil=partial(leak, patch, secret))
    assert secret.uses, "the traffic did not reach the leak"
    other = world("exchanged")
    with monkeypatch.context() as patch, pytest.raises(Caught):
        spoil = partial(leak, patch, Secret(other))
        same_as(recording, other, traffic, audience=A_FEW, spoil=spoil)
