"""Numbers: what a check digit catches, and what a person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.numbers import (
    damm,
    differences,
    draw_numbers,
    group3,
    parse_number,
    parse_participant_number,
    participant_number,
    with_check,
)
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.requirement("numbers")
PAYLOADS = st.integers(1, 10**8 - 1)


def test_the_published_example_of_damm() -> None:
    assert damm("572") == 4
    assert damm("5724") == 0


@given(PAYLOADS, st.data())
def test_any_single_wrong_digit_is_caught(payload: int, data: st.DataObject) -> None:
    number = with_check(payload)
    at = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[at]]))

    assert damm(number[:at] + wrong + number[at + 1 :]) != 0


@given(PAYLOADS)
def test_any_swap_of_neighbours_is_caught(payload: int) -> None:
    number = with_check(payload)
    for at in range(len(number) - 1):
        if number[at] != number[at + 1]:
            assert damm(number[:at] + number[at + 1] + number[at] + number[at + 2 :]) != 0


def test_groups_of_three() -> None:
    assert group3("482119037") == "482 119 037"
    assert group3("10013") == "10013"


def test_a_number_is_read_as_people_write_it() -> None:
    number = with_check(48211903)

    assert parse_number(f" {number[:3]} {number[3:6]}\u00a0{number[6:]}\n", 9) == number
    assert parse_number("-".join(number), 9) == number


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The kit number is missing."),
        (" - ", "The kit number is missing."),
        ("12345678", "A kit number has 9 digits; got 8: 123 456 78."),
        ("1" * 21, "A kit number is shorter; got 21 digits."),
        ("12345678x", "A kit number has digits only; got '12345678x'."),
        ("١٢٣٤٥٦٧٨٩", "A kit number has digits only; got '١٢٣٤٥٦٧٨٩'."),
        ("12345678\x00", "A kit number has digits only; got '12345678?'."),
        (
            "482119030",
            "The check digit of kit number 482 119 030 does not fit: a digit is wrong or two are swapped.",
        ),
    ],
)
def test_what_is_wrong_is_named(text: str, sentence: str) -> None:
    assert damm("482119030") != 0
    with pytest.raises(Refused) as caught:
        parse_number(text, 9)

    assert (caught.value.message, caught.value.field) == (sentence, "kit")


@given(st.text())
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        assert damm(parse_number(text, 9)) == 0
    except Refused as refused:
        assert refused.field == "kit"  # noqa: PT017 - both endings are right


def test_differences_are_named_digit_by_digit() -> None:
    assert differences("482119037", "482919037") == (4,)
    assert differences("4821", "482119") == (5, 6)
    assert differences("4821", "4821") == ()


def test_participant_numbers_grow_and_come_back() -> None:
    numbers = [participant_number(n) for n in (1, 2, 8999, 9000, 998_999)]

    assert [len(number) for number in numbers] == [5, 5, 5, 6, 7]
    assert [parse_participant_number(number) for number in numbers] == numbers
    assert numbers[0].startswith("1001")
    for n in (0, 999_000):
        with pytest.raises(Refused, match="1 to 998999"):
            participant_number(n)


@pytest.mark.parametrize("text", ["", "1001", "12345678", "10010", "1001a"])
def test_a_wrong_participant_number_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_participant_number(text)

    assert caught.value.field == "participant"


def test_numbers_are_drawn_uniformly_among_those_of_full_length(listed: Callable[[list[int]], Any]) -> None:
    draws = listed([0, 89, 0, 5])

    numbers = draw_numbers(3, 3, draws.below)

    assert draws.asked == [90, 90, 90, 90]  # the second 0 was drawn before and is thrown away
    assert [number[:2] for number in numbers] == ["10", "99", "15"]


def test_more_numbers_than_half_of_all_are_refused(listed: Callable[[list[int]], Any]) -> None:
    with pytest.raises(ValueError, match="at most 45 numbers of 3 digits, got 46"):
        draw_numbers(46, 3, listed([]).below)


@pytest.mark.parametrize("typed", ["", "abc", "1014", "10146", "9" * 30, "<b>10145</b>"])
def test_a_number_that_is_refused_comes_with_a_next_step(typed: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_participant_number(typed)
    assert "label" in (refusal.value.next_step or "")
    with pytest.raises(Refused) as refusal:
        parse_number(typed, 9)
    assert "label" in (refusal.value.next_step or "")
