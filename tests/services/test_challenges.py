"""Challenges: each for one act of one session, and not for long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from randomizer.errors import SignInRefused
from randomizer.services.challenges import MINUTES, Challenges
from tests.activated import FakeClock, entropy_of

pytestmark = pytest.mark.promise(6)

PURPOSE = ("session", "/code-break/10018/sign", "draft")


@pytest.fixture
def challenges() -> Challenges:
    return Challenges(key=bytes(32), clock=FakeClock(), entropy=entropy_of("challenges"))


def test_it_counts_for_what_it_was_given_out_for(challenges: Challenges) -> None:
    challenge = challenges.issue(*PURPOSE)
    challenges.demand(challenge, *PURPOSE)
    assert challenges.issue(*PURPOSE) != challenge


@pytest.mark.parametrize(
    "other",
    [
        ("another session", *PURPOSE[1:]),
        ("session", "/code-break/10026/sign", "draft"),
        (*PURPOSE[:2], "another draft"),
        PURPOSE[:2],
        ("session/code-break/10018/sign", "", "draft"),
        (),
    ],
)
def test_it_counts_for_nothing_else(challenges: Challenges, other: tuple[str, ...]) -> None:
    challenge = challenges.issue(*PURPOSE)
    with pytest.raises(SignInRefused, match="not for this page"):
        challenges.demand(challenge, *other)


def test_it_runs_out(challenges: Challenges) -> None:
    clock = FakeClock()
    timed = replace(challenges, clock=clock)
    challenge = timed.issue(*PURPOSE)
    clock.advance(seconds=60 * MINUTES - 1)
    timed.demand(challenge, *PURPOSE)
    clock.advance(seconds=1)
    with pytest.raises(SignInRefused, match=f"more than {MINUTES} minutes"):
        timed.demand(challenge, *PURPOSE)


def test_nobody_makes_one_without_the_key(challenges: Challenges) -> None:
    forged = replace(challenges, key=bytes([1]) * 32).issue(*PURPOSE)
    true = challenges.issue(*PURPOSE)
    for wrong in (forged, b"", bytes(56), true[:-1], bytes([true[0] ^ 1]) + true[1:], true + b"\0"):
        with pytest.raises(SignInRefused, match="not for this page"):
            challenges.demand(wrong, *PURPOSE)


def test_its_key_is_shown_to_nobody(challenges: Challenges) -> None:
    assert "key" not in repr(challenges)
