"""The parts that both doors are furnished with: forms, words, statuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.datastructures import MultiDict

from randomizer import errors
from randomizer.errors import Exhausted, Faulty, HardStop, RandomizerError, Refused, Tampered
from randomizer.web import auth, problems, words
from randomizer.web.forms import PASSWORD, WHY, Field, Form, together
from randomizer.web.throttle import TriedTooOften

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
WHEN = Field(name="when", label="Start", unit="UTC")
VOLUME = Field(name="volume", label="Volume")


def posted(**typed: str) -> Form:
    return Form.posted((WHEN, VOLUME, WHY), MultiDict(typed))


@pytest.mark.parametrize("typed", ["2027-02-30 10:00", "30 Feb 2027, 10:00", "2027-01-10 25:00"])
def test_a_day_that_does_not_exist_is_called_so(typed: str) -> None:
    with pytest.raises(Refused, match="There is no such day or time as ") as refusal:
        posted(when=typed).moment("when")
    assert refusal.value.field == "when"


def test_all_that_is_empty_is_named_at_once() -> None:
    with pytest.raises(Faulty) as refusal:
        posted(when="x", why=" ").demand_filled(PASSWORD)
    assert refusal.value.faults == (("why", "Reason is missing."), ("password", "Password is missing."))
    posted(why="rain").demand_filled()


def test_all_that_cannot_be_read_is_named_at_once_in_the_order_of_the_page() -> None:
    form = posted(when="noon", volume="much")
    with pytest.raises(Faulty) as refusal:
        together(lambda: form.whole("volume"), lambda: form.moment("when"))
    form.refuse(refusal.value)
    assert [name for name, _ in form.summary] == ["when", "volume", None]  # at last what to do next
    assert together(lambda: 1, lambda: None) == [1, None]


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-27T14:30",
        "2026-11-27 14:30",
        "27 Nov 2026, 14:30",
        " 27 nov 2026 14:30 UTC ",
        "2026-11-27T15:30+01:00",
        "2026-11-27T14:30:00Z",
    ],
)
def test_a_moment_is_taken_as_people_write_it(typed: str) -> None:
    assert posted(when=typed).needed_moment("when") == datetime(2026, 11, 27, 14, 30, tzinfo=UTC)


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    "typed", ["tomorrow", "2026-11-27", "27/11/2026 14:30", "2026-13-01", "0001-01-01T00:00+14:00", ":"]
)
def test_what_is_no_moment_is_refused_by_name(typed: str) -> None:
    with pytest.raises(Refused, match="Start must be a date and a time") as refused:
        posted(when=typed).moment("when")
    assert refused.value.field == "when"


def test_a_missing_moment_and_numbers() -> None:
    assert posted().moment("when") is None
    with pytest.raises(Refused, match="Start is missing"):
        posted().needed_moment("when")
    assert posted(volume="50").whole("volume") == 50
    assert posted().whole("volume") == 0
    for typed in ("-1", "5.5", "٣", "9" * 10):
        with pytest.raises(Refused, match="Volume must be a whole number"):
            posted(volume=typed).whole("volume")


@pytest.mark.promise(18)
def test_a_refusal_stands_at_its_field_or_on_top() -> None:
    form = posted(when="x")
    form.refuse(Faulty((("when", "Too early."), ("elsewhere", "Closed.")), next_step="Wait."))
    assert form.summary == [("when", "Too early."), (None, "Closed."), (None, "Wait.")]
    assert form.shown(WHEN) == "x"


def test_a_secret_is_never_sent_back() -> None:
    form = Form.posted((PASSWORD,), MultiDict({"password": " with spaces "}))
    assert form.text("password") == " with spaces "
    assert form.shown(PASSWORD) == ""


def test_every_error_has_a_status_and_none_is_a_crash() -> None:
    samples: list[RandomizerError] = [
        Refused("no"),
        Faulty((("a", "b"),)),
        Exhausted("none"),
        HardStop("stop", scanned="1", next_step="call"),
        Tampered("Slot 1"),
        errors.NotAllowed("no"),
        errors.NotFound("no"),
        errors.Conflict("no"),
        errors.SignInRefused("no"),
        errors.StepUpRefused("no"),
        TriedTooOften("no", wait_seconds=1),
        errors.Busy("no"),
    ]
    assert [problems.status_of(one) for one in samples] == [
        422,
        422,
        409,
        409,
        503,
        403,
        404,
        409,
        401,
        403,
        429,
        503,
    ]


@pytest.mark.parametrize("path", ["https://a.example/", "//a.example", "/\\a.example", "", "a", "x:y"])
def test_a_path_that_leads_elsewhere_is_dropped(path: str) -> None:
    assert auth.safe_path(path) == ""
    assert auth.safe_path("/participants?page=2") == "/participants?page=2"


def test_words_for_time() -> None:
    assert words.moment(NOON) == "27 Nov 2026, 12:00 UTC"
    assert words.due(NOON, NOON.date()) == "12:00"
    assert words.due(NOON.date(), NOON.date()) == "27 Nov 2026"
    assert words.left(NOON + timedelta(minutes=61), NOON) == "in 1 hour 1 minute"
    assert words.left(NOON + timedelta(hours=2), NOON) == "in 2 hours"
    assert words.left(NOON + timedelta(seconds=30), NOON) == "in 0 minutes"
    assert words.left(NOON - timedelta(seconds=1), NOON) == "over"
