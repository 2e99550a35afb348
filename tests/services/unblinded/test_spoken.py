"""Spoken codes: what somebody who guesses, or who floods, gets and does not get."""

from __future__ import annotations

from datetime import timedelta

import pytest

from randomizer.domain.numbers import damm
from randomizer.errors import Refused
from randomizer.services.unblinded.spoken import DIGITS, MINUTES, NAMING, TRIES, SpokenCodes
from tests.activated import FakeClock, entropy_of

pytestmark = [pytest.mark.promise(6), pytest.mark.requirement("code-break door")]

INTENT, OTHER = "ab" * 16, "cd" * 16
FITS_NOT = "does not fit, was used, or has ended"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def codes(clock: FakeClock) -> SpokenCodes:
    return SpokenCodes(clock, entropy_of("spoken"))


def another_proof(code: str, shift: int = 1) -> str:
    """A code of the same page, with a check digit that is right."""
    digits = f"{code[: DIGITS - 2]}{(int(code[DIGITS - 2]) + shift) % 10}"
    return f"{digits}{damm(digits)}"


def refused(codes: SpokenCodes, typed: str, said: str = FITS_NOT) -> None:
    with pytest.raises(Refused, match=said) as refusal:
        codes.take(typed)
    assert refusal.value.next_step


def test_a_code_opens_its_code_break_once(codes: SpokenCodes) -> None:
    page = codes.give(INTENT)
    assert len(page.code) == DIGITS
    assert page.code not in repr(page)
    spaced = " ".join(page.code[at : at + 4] for at in range(0, DIGITS, 4))
    assert codes.take(spaced) == INTENT
    assert codes.standing(INTENT) is None
    refused(codes, page.code)


def test_it_ends_after_a_quarter_of_an_hour(codes: SpokenCodes, clock: FakeClock) -> None:
    page = codes.give(INTENT)
    clock.now = page.until - timedelta(seconds=1)
    assert codes.standing(INTENT) is not None
    clock.advance(seconds=1)
    assert page.until - clock.now == timedelta(0)
    assert codes.standing(INTENT) is None
    refused(codes, page.code)
    assert timedelta(minutes=MINUTES) == timedelta(minutes=15)


def test_five_wrong_proofs_close_a_page_for_whoever_has_the_code_too(codes: SpokenCodes) -> None:
    page, other = codes.give(INTENT), codes.give(OTHER)
    for shift in range(1, TRIES + 1):
        assert not codes.standing(INTENT).closed  # type: ignore[union-attr]
        refused(codes, another_proof(page.code, shift))
    assert codes.standing(INTENT).closed  # type: ignore[union-attr]
    refused(codes, page.code)
    assert codes.take(other.code) == OTHER  # another page keeps its own tries
    again = codes.give(INTENT)
    assert codes.take(again.code) == INTENT


def test_a_new_code_takes_the_place_of_the_one_before(codes: SpokenCodes) -> None:
    first, second = codes.give(INTENT), codes.give(INTENT)
    refused(codes, first.code)
    assert codes.take(second.code) == INTENT


def test_a_digit_that_was_misheard_costs_no_try(codes: SpokenCodes) -> None:
    page = codes.give(INTENT)
    for at in range(DIGITS):
        wrong = f"{page.code[:at]}{(int(page.code[at]) + 1) % 10}{page.code[at + 1 :]}"
        refused(codes, wrong, "One digit of this code is wrong")
    for typed in ("", "12", page.code[:-1], f"{page.code}0", "x" * DIGITS):
        refused(codes, typed, "has 16 digits")
    standing = codes.standing(INTENT)
    assert standing is not None
    assert standing.wrong == 0


def test_a_flood_of_guesses_spends_the_tries_of_no_page_that_it_cannot_name(codes: SpokenCodes) -> None:
    page = codes.give(INTENT)
    draw = entropy_of("guesses")
    for _ in range(2000):
        digits = f"{int.from_bytes(draw(8), 'big') % 10**15:015d}"
        if digits[:NAMING] != page.code[:NAMING]:
            refused(codes, f"{digits}{damm(digits)}")
    assert codes.take(page.code) == INTENT


def test_codes_are_drawn_evenly(codes: SpokenCodes) -> None:
    drawn = "".join(codes.give(INTENT).code[:-1] for _ in range(400))
    expected = len(drawn) / 10
    assert all(abs(drawn.count(digit) - expected) < expected / 4 for digit in "0123456789")
