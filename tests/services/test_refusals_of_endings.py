"""What is refused of endings and of the whole trial: what it says, and that nothing was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from randomizer.domain.acts import Act
from randomizer.errors import NotFound
from randomizer.services import alarms, conduct
from randomizer.services.care import endings
from tests.activated import SECOND_SITE, SITE
from tests.services.refusing import (
    INVESTIGATOR,
    MANAGER,
    SPONSOR,
    WRONG_ENDING,
    case,
    demand_refused,
    person_at,
)

if TYPE_CHECKING:
    from tests.stages import Stage


pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(18)]

CASES = {
    # endings
    "died without a reason": case(
        endings.end,
        INVESTIGATOR,
        Act.DIED,
        person_at("between"),
        says="Give the reason",
        named={"why": "", "follow_up": False},
        about="why",
    ),
    "died twice": case(
        endings.end, INVESTIGATOR, Act.DIED, person_at("died"), says="has ended: died", named=WRONG_ENDING
    ),
    "withdrawn after death": case(
        endings.end,
        INVESTIGATOR,
        Act.CONSENT_WITHDRAWN,
        person_at("died"),
        says="has ended: died",
        named=WRONG_ENDING,
    ),
    "stopped before randomization": case(
        endings.end,
        INVESTIGATOR,
        Act.TREATMENT_STOPPED,
        person_at("cleared"),
        says="To stop treatment, they have to be in treatment",
        named=WRONG_ENDING,
    ),
    "lost after completion": case(
        endings.end,
        INVESTIGATOR,
        Act.LOST_TO_FOLLOW_UP,
        person_at("completed"),
        says="is completed",
        named=WRONG_ENDING,
    ),
    "completed with an open period": case(
        endings.complete, INVESTIGATOR, person_at("between"), says="has an open period"
    ),
    "completed after death": case(endings.complete, INVESTIGATOR, person_at("died"), says="ended: died"),
    "in error without a reason": case(
        endings.randomized_in_error, INVESTIGATOR, person_at("between"), "", says="Say why", about="why"
    ),
    "in error before randomization": case(
        endings.randomized_in_error, INVESTIGATOR, person_at("cleared"), "x", says="is harvested and cleared"
    ),
    "the levels on record": case(
        endings.correct_factor,
        INVESTIGATOR,
        person_at("between"),
        {"course": "relapsing"},
        "misread",
        says="on record already",
        about="levels",
    ),
    "no such factor": case(
        endings.correct_factor,
        INVESTIGATOR,
        person_at("between"),
        {"age": "old"},
        "misread",
        says="no stratification factor",
        about="age",
    ),
    "a factor without a reason": case(
        endings.correct_factor,
        INVESTIGATOR,
        person_at("between"),
        {"course": "progressive"},
        " ",
        says="Say how",
        about="why",
    ),
    "transferred to the same site": case(
        endings.transfer, MANAGER, person_at("between"), SITE, "moved", says="already at site", about="site"
    ),
    "transferred to a planned site": case(
        endings.transfer, MANAGER, person_at("between"), "EX2", "moved", says="EX2 is planned", about="site"
    ),
    "transferred without a reason": case(
        endings.transfer, MANAGER, person_at("between"), SECOND_SITE, "", says="needs its reason", about="why"
    ),
    "transferred with a kit in hand": case(
        endings.transfer, MANAGER, person_at("dispensed"), SECOND_SITE, "moved", says="was handed out"
    ),
    "transferred with a kit ready": case(
        endings.transfer, MANAGER, person_at("ready"), SECOND_SITE, "moved", says="being prepared or ready"
    ),
    "transferred after death": case(
        endings.transfer, MANAGER, person_at("died"), SECOND_SITE, "moved", says="has ended: died"
    ),
    # the trial
    "opened twice": case(
        conduct.open_site, SPONSOR, SITE, says="open already", about="site", signed=True
    ),
    "no site to open": case(
        conduct.open_site, SPONSOR, "XXX", says="no site XXX", about="site", error=NotFound, signed=True
    ),
    "closed while planned": case(
        conduct.close_site, SPONSOR, "EX2", "never", says="EX2 is planned", about="site"
    ),
    "closed without a reason": case(conduct.close_site, SPONSOR, SITE, "", says="reason", about="why"),
    "enrolment closed for no reason": case(
        conduct.close_enrolment, MANAGER, "", says="Give the reason", about="why"
    ),
    "terminated for no reason": case(
        conduct.terminate, SPONSOR, "", says="Give the reason", about="why", signed=True
    ),
    "no such alarm": case(
        alarms.clear, MANAGER, 999, "seen", says="no alarm 999", about="alarm", error=NotFound
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_refusal_names_field_and_rule_and_changes_nothing(stage: Stage, name: str) -> None:
    demand_refused(stage, CASES[name])
