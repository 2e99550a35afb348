"""The doors do the same work whatever a kit holds, and answers that unblind have one length."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from randomizer.domain.supply import Outcome
from randomizer.services.care import infusions
from randomizer.web.codebreak.padding import ANSWER_BYTES
from tests import desks
from tests.games import sealings
from tests.games.leaks import CATALOGUE, worked
from tests.games.leaks.secret import Secret
from tests.games.seeing import Recording, watched
from tests.games.sizes import FULL
from tests.games.working import ANY_ENCODING, STEPS, Work, told_apart, work_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from werkzeug.test import TestResponse

    from tests.games.leaks.secret import Leak
    from tests.games.sealings import Sealing, World
    from tests.games.seeing import Watched

    Worlds = Callable[[str], World]

SCHEDULES = ("as generated", "exchanged")
CATCHES = tuple(name for name in CATALOGUE if name in vars(worked))
"""Leaks that this game must catch."""
SHOWS = {
    "in_a_line_more": "hand out",
    "in_a_query_more": "receive",
    "in_the_length_of_an_answer": "break the code",
}
"""By which step a leak has shown; any other one shows in what is prepared. At full size all is done."""


@pytest.fixture(scope="module")
def booked(tmp_path_factory: pytest.TempPathFactory, sealed: dict[str, Sealing]) -> dict[str, Sealing]:
    """The trial over each schedule, with one participant who is booked for now."""
    place = tmp_path_factory.mktemp("booked")
    found = {}
    for name in (*SCHEDULES, "another"):
        with sealings.world(sealed[name], place / name) as made:
            desks.booked(made.instance, desks.randomized(made.instance, made.desk))
            found[name] = sealings.kept(sealed[name], made, place / f"{name}, booked")
    return found


@pytest.fixture(scope="module")
def _warm(tmp_path_factory: pytest.TempPathFactory, booked: dict[str, Sealing]) -> None:
    """What is compiled and kept once in a process is work of the first visitor alone."""
    with sealings.world(booked["another"], tmp_path_factory.mktemp("warm") / "world") as made:
        work_of(made)


@pytest.fixture(scope="module")
def works(_warm: None, tmp_path_factory: pytest.TempPathFactory, booked: dict[str, Sealing]) -> list[Work]:
    """The work over a schedule and over its exchange."""
    found = []
    for name in SCHEDULES:
        with sealings.world(booked[name], tmp_path_factory.mktemp("work") / name) as made:
            found.append(work_of(made))
    return found


@pytest.mark.promise(1)
@pytest.mark.requirement("games")
def test_the_work_is_line_by_line_the_same_for_both_treatments(
    works: list[Work], record_property: Callable[[str, object], None]
) -> None:
    assert told_apart(*works) == []
    done = f"{len(works[0].lines)} lines, {len(works[0].answers())} answers"
    record_property("figures", {"sizes": done, "trials": 2, "statistic": "0 differ", "bound": "0"})


def test_the_work_that_is_compared_is_that_of_both_doors(works: list[Work]) -> None:
    for work in works:
        assert len(work.lines) > 50_000
        assert work.files() >= REACHED
    told = [b"".join(work.answers().values()).decode() for work in works]
    assert [(CELLS in one, MEDIUM in one) for one in told] == [(True, True)] * 2  # a sequence has both
    assert told[0] != told[1]


CELLS, MEDIUM = "Autologous mesenchymal stem cells", "Suspension medium"
REACHED = {
    "services/unblinded/preparation.py",
    "services/unblinded/opening.py",
    "services/unblinded/answers.py",
    "services/care/dispensing.py",
    "services/views/participant_views.py",
    "web/codebreak/templates/codebreak/sheet.html",
    "web/codebreak/templates/codebreak/answer.html",
    "web/site/templates/site/dispensed.html",
    "web/site/slips.py",
    "web/surface.py",
    "envelope.py",
    "merkle.py",
}
"""Some of the files that must have been at work, from their package on."""


@pytest.mark.promise(7)
def test_an_answer_has_one_length_whatever_it_says_and_is_never_compressed(world: Worlds) -> None:
    """Before anything was given, after each infusion, and while a kit is out: as page and as call."""
    said = []
    for name in SCHEDULES:
        own = world(name)
        number = desks.randomized(own.instance, own.desk)
        with watched(own, Recording()) as doors:
            for stage in STAGES:
                stage(own, number)
                said += _broken(doors.at_codebreak(Role.ON_CALL), number)
    assert len({answer.get_data() for answer in said}) > len(SCHEDULES) * len(STAGES)
    assert {len(answer.get_data()) for answer in said} == {ANSWER_BYTES}
    assert {answer.headers["Content-Length"] for answer in said} == {str(ANSWER_BYTES)}
    assert {answer.headers.get("Content-Encoding") for answer in said} == {None}
    assert all("no-transform" in answer.headers["Cache-Control"] for answer in said)


def _nothing_given(_own: World, _number: str) -> None:
    pass


def _first_given(own: World, number: str) -> None:
    desks.infused(own.instance, own.desk, number)


def _second_out(own: World, number: str) -> None:
    desks.wait_for_the_next_period(own.instance)
    desks.dispensed(own.instance, own.desk, number)


def _both_given(own: World, number: str) -> None:
    moment = own.instance.clock.advance(seconds=60)
    own.instance.act(infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.GIVEN, given_at=moment)


STAGES = (_nothing_given, _first_given, _second_out, _both_given)


def _broken(clinician: Watched, number: str) -> list[TestResponse]:
    clinician.client.environ_base |= ANY_ENCODING
    reason = {"reason": "emergency"}
    told = clinician.tell(f"/participants/{number}/code-break", reason, 201, sign=True)
    return [told, clinician.get(f"/code-break/answer/{told.get_json()['intent']}", 200)]


@pytest.mark.promise(1)
@pytest.mark.promise(7)
@pytest.mark.requirement("games")
@pytest.mark.parametrize("name", CATCHES)
@pytest.mark.usefixtures("_warm")
def test_a_seeded_leak_is_reached_and_caught(
    booked: dict[str, Sealing], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    leak: Leak = CATALOGUE[name]
    works = []
    for schedule in SCHEDULES:
        with sealings.world(booked[schedule], tmp_path / schedule) as own, monkeypatch.context() as patch:
            secret = Secret(own)
            until = STEPS[-1] if FULL else SHOWS.get(name, STEPS[0])
            works.append(work_of(own, spoil=partial(leak, patch, secret), until=until))
        assert secret.uses, "the work did not reach the leak"
    assert told_apart(*works)
