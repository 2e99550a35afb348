from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from randomizer.services.verification.report import Status, Verdict
from randomizer.services.verification.steps import PACKS_ISSUED, STEPS
from randomizer.services.verification.steps_certificate import Pins
from randomizer.services.verification.verify import verify

if TYPE_CHECKING:
    from tests.services.verification.forging import Forged

pytestmark = pytest.mark.requirement("verify")


WITNESS_STEPS = {"checkpoints.witnessed", "order.witnessed-before-first-allocation"}


@pytest.mark.promise(15)
def test_a_whole_record_holds_against_the_pins(record: Path, pins: Pins) -> None:
    report = verify(record, pins)

    assert [
        (one.step, one.record, one.sentence) for one in report.results if one.status is Status.FAILS
    ] == []
    assert report.verdict is Verdict.OK
    assert {one.step for one in report.results if one.status is Status.NOT_CHECKED} == {
        *WITNESS_STEPS,
        PACKS_ISSUED,  # a rehearsal asks for no pack
    }
    assert [one.step for one in report.results] == [step.id for step in STEPS]


@pytest.mark.promise(15)
def test_without_pins_the_verdict_is_not_pinned(record: Path, pins: Pins) -> None:
    assert verify(record, Pins()).verdict is Verdict.NOT_PINNED
    assert verify(record, Pins(log_key=pins.log_key)).verdict is Verdict.NOT_PINNED
    assert verify(record, Pins(certificate_digest=pins.certificate_digest)).verdict is Verdict.NOT_PINNED


@pytest.mark.promise(15)
def test_the_public_record_alone_is_checked_as_far_as_it_goes(record: Path, pins: Pins) -> None:
    shutil.rmtree(record / "release")

    report = verify(record, pins)

    assert report.verdict is Verdict.OK
    for step, result in zip(STEPS, report.results, strict=True):
        if step.needs == "release":
            assert (result.status, result.sentence) == (Status.NOT_CHECKED, "Needs the release.")
        elif step.needs == "public":
            assert result.status is Status.HOLDS


def test_taking_a_record_apart_and_putting_it_together_changes_nothing(forged: Forged, pins: Pins) -> None:
    forged.write_rows()
    forged.write_schedule()
    forged.write_trail()

    assert verify(forged.directory, pins).verdict is Verdict.OK


def test_a_sealing_that_was_replaced_consistently_only_fails_the_pins(forged: Forged, pins: Pins) -> None:
    forged.certificate["sealed_at"] = "2026-12-24T08:00:00Z"
    forged.write_certificate()

    assert verify(forged.directory, Pins()).verdict is Verdict.NOT_PINNED
    assert verify(forged.directory, pins).failed == (
        "pins.certificate",
        "pins.ceremony-key",
        "certificate.signature",
    )


def test_every_step_stands_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "verification.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z.-]+)` \| (public|release|pins) \|", text, re.MULTILINE)

    assert documented == [(step.id, step.needs) for step in STEPS]
