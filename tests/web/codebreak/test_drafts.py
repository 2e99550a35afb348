from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from randomizer.services.sessions import SESSION_HOURS
from randomizer.web.codebreak.drafts import MOST_OF_A_PERSON, Drafts
from randomizer.web.forms import Form

pytestmark = pytest.mark.requirement("code-break door")

DOCTOR, OTHER = 3, 4
SAID = "found unconscious"


class Around:
    """Clock and randomness of a door."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
        self.drawn = 0
        self.drafts = Drafts(lambda: self.now, self.draw)

    def draw(self, count: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(count)


@pytest.fixture
def around() -> Around:
    return Around()


@pytest.mark.promise(18)
def test_what_was_typed_waits_for_its_author_alone(around: Around) -> None:
    drafts = around.drafts
    kept = drafts.keep(DOCTOR, "10013", reason="emergency", text=SAID)
    assert drafts.find(DOCTOR, "10013") == kept
    assert drafts.find(OTHER, "10013") is None
    assert drafts.find(DOCTOR, "10021") is None
    assert SAID not in repr(kept)


def test_the_same_words_are_the_same_draft_and_others_take_its_place(around: Around) -> None:
    drafts = around.drafts
    first = drafts.keep(DOCTOR, "10013", reason="emergency", text=SAID)
    assert drafts.keep(DOCTOR, "10013", reason="emergency", text=SAID) == first
    second = drafts.keep(DOCTOR, "10013", reason="emergency", text="fever")
    assert second.number != first.number
    assert drafts.find(DOCTOR, "10013") == second


@pytest.mark.promise(8)
def test_a_draft_is_signed_once_and_its_words_are_forgotten(around: Around) -> None:
    drafts = around.drafts
    kept = drafts.keep(DOCTOR, "10013", reason="emergency", text=SAID)
    assert drafts.intent_of(DOCTOR, kept.number) == ""
    drafts.sign(kept, "ab" * 16)
    assert drafts.find(DOCTOR, "10013") is None
    assert drafts.intent_of(DOCTOR, kept.number) == "ab" * 16
    assert drafts.intent_of(OTHER, kept.number) == ""
    again = drafts.keep(DOCTOR, "10013", reason="emergency", text=SAID)
    assert again.number != kept.number


def test_a_refusal_stays_until_the_person_begins_anew(around: Around) -> None:
    drafts = around.drafts
    form = Form((), {}, {"code": "It does not fit."}, ["Enter the next one."])
    drafts.refuse(drafts.keep(DOCTOR, "10013", reason="emergency", text=SAID), form)
    found = drafts.find(DOCTOR, "10013")
    assert found is not None
    assert (found.errors, found.general) == ((("code", "It does not fit."),), ("Enter the next one.",))
    drafts.calm(found)
    calm = drafts.find(DOCTOR, "10013")
    assert calm is not None
    assert (calm.text, calm.errors, calm.general) == (SAID, (), ())


def test_drafts_end_with_the_longest_session_and_are_bounded(around: Around) -> None:
    drafts = around.drafts
    drafts.keep(OTHER, "10013", reason="emergency", text=SAID)
    numbers = [str(10000 + place) for place in range(MOST_OF_A_PERSON + 2)]
    for number in numbers:
        around.now += timedelta(seconds=1)
        drafts.keep(DOCTOR, number, reason="emergency", text=SAID)
    held = [number for number in numbers if drafts.find(DOCTOR, number)]
    assert held == numbers[2:]
    assert drafts.find(OTHER, "10013")
    around.now += timedelta(hours=SESSION_HOURS)
    assert drafts.find(OTHER, "10013") is None
