"""The least time of a preparation, on the pages of the preparing pharmacist and for programs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.people import Role
from tests import activated
from tests.desks import booked, randomized
from tests.web.codebreak.test_api import Programs

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance, Rehearsal
    from tests.web.codebreak.guests import Visit


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A sealed trial whose preparations take an hour at least."""
    made = activated.small_definition()
    timed = replace(made, kits=replace(made.kits, preparation_minutes=60))
    return activated.seal_rehearsal(tmp_path_factory.mktemp("timed") / "bundle", definition=timed)


@pytest.fixture(scope="module")
def active_file(tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal) -> tuple[Path, datetime]:
    return activated.file_of(tmp_path_factory.mktemp("active"), rehearsal)


@pytest.mark.promise(18)
def test_the_page_says_from_when_it_can_be_ended_and_keeps_what_was_typed_before(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    sheet = f"/preparation/{number}"
    guest = visit(Role.PREPARER)
    before = guest.send(sheet).text
    assert "60 minutes, whatever is put in" in before
    assert "240 minutes from the beginning" in before
    assert "It can be ended from" not in before
    assert "No preparation is under way." in guest.get(f"{sheet}/not-ready")
    instance.clock.advance(seconds=-instance.clock().second % 60)

    page = guest.send(f"{sheet}/begin", page=sheet).text
    earliest = instance.clock() + timedelta(minutes=60)
    notice = f"It can be ended from {earliest:%-d %b %Y, %H:%M} UTC on"
    assert notice in page
    assert notice in guest.get(f"{sheet}/not-ready")
    assert f"Being prepared until {earliest:%H:%M} UTC" in guest.get("/preparation")
    for path, page_of_it in ((f"{sheet}/not-ready", ""), (f"{sheet}/ready", sheet)):
        early = guest.send(path, {**_filled(page), "note": "thawed at 37 °C"}, page=page_of_it).text
        assert f"Come back at {earliest:%H:%M} UTC" in early
        assert "thawed at 37 °C" in early

    instance.clock.now = earliest
    guest = visit(Role.PREPARER)
    assert "Being prepared until" not in guest.get("/preparation")
    assert "thawed at 37 °C" in guest.get(sheet)
    ready = guest.send(f"{sheet}/ready", _filled(page), page=sheet).text
    assert f"{earliest + timedelta(hours=3):%H:%M} UTC" in ready  # four hours from the beginning


def test_a_program_reads_it_and_is_refused_before(app: Flask, instance: Instance, desk: Desk) -> None:
    number = randomized(instance, desk)
    booked(instance, number)
    preparer = Programs(app, instance)(Role.PREPARER)
    sheet = preparer.post(f"/preparations/{number}/sheet")
    assert (sheet["preparation_minutes"], sheet["earliest_end_at"]) == (60, None)

    begun = preparer.post(f"/preparations/{number}/begin")
    assert begun["earliest_end_at"] > begun["preparation_begun_at"]
    assert preparer.get("/preparations")["rows"][0]["earliest_end_at"] == begun["earliest_end_at"]
    problem = preparer.post(f"/preparations/{number}/end", {"ready": False}, 422)
    assert problem["errors"][0]["field"] == "participant"
    assert problem["next_step"] == f"Come back at {begun['earliest_end_at'][11:16]} UTC and end it then."


def _filled(page: str) -> dict[str, str]:
    """The kit of the sheet, filled with what it says."""
    kit = page.partition('data-number="')[2][:9]
    content = page.partition('<p class="treatment">')[2].partition("<")[0]
    return {"kit": kit, "content": "MEDIUM" if content == "Suspension medium" else "MSC"}
