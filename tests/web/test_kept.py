"""A form that was refused waits for its owner's next look at the page, and for nobody else's."""

from __future__ import annotations

import pytest

from randomizer.errors import HardStop, Refused
from randomizer.web.forms import CODE, Field, Form
from randomizer.web.kept import MOST_OF_A_PERSON, KeptForms
from tests.activated import FakeClock

pytestmark = pytest.mark.promise(18)

NOTE = Field(name="note", label="Note")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def forms(clock: FakeClock) -> KeptForms:
    return KeptForms(clock)


def refuse(forms: KeptForms, account: int = 1, page: str = "/lock", note: str = "typed") -> None:
    form = Form((NOTE, CODE), {"note": note, "code": "123456", "password": "secret"})
    forms.refuse(account, page, form, Refused("Too short.", field="note", next_step="Write more."))


def test_why_it_was_refused_is_told_once_and_what_was_typed_stays(forms: KeptForms) -> None:
    refuse(forms)
    first, second = forms.take(1, "/lock"), forms.take(1, "/lock")
    assert first
    assert second
    assert first.form((NOTE,)).summary == [("note", "Too short."), (None, "Write more.")]
    assert second.form((NOTE,)).summary == []
    assert second.form((NOTE,)).text("note") == "typed"
    assert "typed" not in repr(first)
    forms.drop(1, "/lock")
    assert forms.take(1, "/lock") is None


def test_no_secret_waits_and_nobody_else_sees_it(forms: KeptForms) -> None:
    refuse(forms)
    assert forms.take(2, "/lock") is None
    assert forms.take(1, "/clearance") is None
    kept = forms.take(1, "/lock")
    assert kept
    assert dict(kept.typed) == {"note": "typed"}


def test_a_hard_stop_is_kept_whole(forms: KeptForms) -> None:
    stop = HardStop("Wrong kit.", scanned="1", needed="2", next_step="Put it aside.")
    forms.refuse(1, "/sheet", Form.blank((NOTE,)), stop)
    first, second = forms.take(1, "/sheet"), forms.take(1, "/sheet")
    assert first
    assert second
    assert (first.stop, second.stop) == (stop, None)


def test_it_waits_no_longer_than_a_session_and_the_oldest_gives_way(
    forms: KeptForms, clock: FakeClock
) -> None:
    for number in range(MOST_OF_A_PERSON + 1):
        refuse(forms, page=f"/{number}")
    refuse(forms, account=2)
    assert forms.take(1, "/0") is None
    assert forms.take(1, "/1")
    assert forms.take(2, "/lock")
    clock.advance(hours=12)
    assert forms.take(1, "/1") is None
