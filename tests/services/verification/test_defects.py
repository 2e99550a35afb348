"""That the defects are as many as there are steps; what both verifiers say of each is in tests/standalone."""

from __future__ import annotations

import pytest

from randomizer.services.verification.steps import STEPS
from tests.services.verification import (
    allocation_defects,
    defects,
    fact_defects,
    finer_defects,
    rotation_defects,
    trail_defects,
    value_defects,
)

pytestmark = pytest.mark.requirement("verify")


ALL = defects.DEFECTS


def test_every_step_that_needs_no_pin_is_failed_by_some_defect() -> None:
    modules = {defect.bend.__module__ for defect in ALL.values()}
    kinds = (
        allocation_defects,
        defects,
        fact_defects,
        finer_defects,
        rotation_defects,
        trail_defects,
        value_defects,
    )
    assert modules == {kind.__name__ for kind in kinds}

    caught = {step for defect in ALL.values() for step in defect.steps}
    assert caught == {step.id for step in STEPS if step.needs != "pins"}
