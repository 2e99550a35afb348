from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from randomizer.services.verification.report import Verdict
from randomizer.services.verification.steps import STEPS
from randomizer.services.verification.steps_certificate import Pins
from randomizer.services.verification.verify import verify
from tests.services.verification import (
    allocation_defects,
    defects,
    rotation_defects,
    trail_defects,
    value_defects,
)

if TYPE_CHECKING:
    from tests.services.verification.defects import Defect
    from tests.services.verification.forging import Forged

pytestmark = pytest.mark.requirement("verify")


ALL = defects.DEFECTS


def test_every_step_that_needs_no_pin_is_failed_by_some_defect() -> None:
    modules = {defect.bend.__module__ for defect in ALL.values()}
    kinds = (allocation_defects, defects, rotation_defects, trail_defects, value_defects)
    assert modules == {kind.__name__ for kind in kinds}

    caught = {step for defect in ALL.values() for step in defect.steps}
    assert caught == {step.id for step in STEPS if step.needs != "pins"}


@pytest.mark.promise(15)
@pytest.mark.parametrize("defect", ALL.values(), ids=ALL)
def test_a_record_with_one_defect_fails_exactly_its_steps(forged: Forged, defect: Defect) -> None:
    defect.bend(forged)
    if defect.public_only:
        shutil.rmtree(forged.release)

    report = verify(forged.directory, Pins())

    assert report.failed == defect.steps
    assert report.verdict is Verdict.FAILED
    for result in report.results:
        if result.step in defect.steps:
            assert result.sentence
            assert result.record.startswith(("public/", "release/"))
