"""What the pages of the acts on one participant ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import request

from randomizer.domain.definition_values import SITE_FACTOR
from randomizer.domain.fitness import PregnancyTest
from randomizer.domain.supply import Arrival, Outcome
from randomizer.services.care import assessments
from randomizer.services.views import enrolment_views, participant_views
from randomizer.web import words
from randomizer.web.forms import MOMENT, WHY, Field
from randomizer.web.site.shelf_acts import LOGGER

if TYPE_CHECKING:
    from randomizer.services.views.sight import Sight

LEVEL = "level_"
BOOKED_FOR = Field(
    name="booked_for",
    label="Start of the infusion",
    hint=MOMENT,
    unit="UTC",
    width="half",
    needed="Start of the infusion is missing: give a date and a time, in UTC.",
)
FITNESS = (
    Field(name="no_infection", label="There is no sign of an infection", type="checkbox"),
    Field(
        name="pregnancy_test",
        label="Pregnancy test",
        type="radio",
        options=((PregnancyTest.NEGATIVE, "Negative"), (PregnancyTest.DOES_NOT_APPLY, "Does not apply")),
    ),
    Field(name="consent_stands", label="The participant still consents", type="checkbox"),
)
RECEIPT = (
    Field(
        name="kit",
        label="Scan the kit",
        hint="Or type the kit number.",
        inputmode="numeric",
        width="half",
        needed="Scan the kit that has come.",
    ),
    Field(
        name="arrival",
        label="How did it come?",
        type="radio",
        options=(
            (Arrival.SOUND, "Sound", "Label and package are whole, and the temperature was kept."),
            (Arrival.DAMAGED, "Damaged", "It is set aside; ask for another one."),
            (Arrival.EXCURSION, "Too warm or too cold", "It goes into quarantine; ask for another one."),
        ),
        needed="Say how the kit came.",
    ),
    *(replace(one, hint="Only if the temperature was not kept.", needed="") for one in LOGGER),
)
OUTCOME = Field(
    name="outcome",
    label="What became of the kit?",
    type="radio",
    options=(
        (Outcome.GIVEN, "Given", "All of it was infused."),
        (Outcome.PARTLY_GIVEN, "Partly given", "The infusion was stopped early."),
        (Outcome.NOT_GIVEN, "Not given", "Nothing was infused."),
    ),
)
INFUSION = (
    OUTCOME,
    Field(name="given_at", label="Start of the infusion", hint=MOMENT, unit="UTC", width="half"),
    Field(
        name="stopped_at",
        label="Stopped at",
        unit="UTC",
        width="half",
        hint="Only if it was stopped early.",
    ),
    Field(
        name="volume_ml",
        label="Volume given",
        unit="mL",
        width="short",
        inputmode="numeric",
        hint="Only if it was stopped early.",
    ),
    Field(name="why", label="Reason", type="textarea", hint="Needed unless all of it was given."),
)
FOLLOW_UP = Field(
    name="follow_up",
    label="Do follow-up visits go on?",
    type="radio",
    options=(("yes", "Yes"), ("no", "No")),
    needed="Say whether follow-up visits go on.",
)


def reason(_sight: Sight, _key: str) -> tuple[Field, ...]:
    """The reason alone."""
    return (WHY,)


def what_is_wrong(_sight: Sight, _key: str) -> tuple[Field, ...]:
    """Why another kit is needed."""
    hint = "Damaged, expired, not ready. Goes on record with your name."
    return (replace(WHY, label="What is wrong?", hint=hint),)


def new_site(sight: Sight, key: str) -> tuple[Field, ...]:
    """The new site, of those that are open, and the reason."""
    present = participant_views.find(sight, key).site
    options = tuple(pair for pair in enrolment_views.open_sites(sight) if pair[0] != present)
    return (
        Field(
            name="site",
            label="New site",
            type="radio",
            options=options,
            needed="Choose the new site.",
        ),
        WHY,
    )


def true_levels(sight: Sight, key: str) -> tuple[Field, ...]:
    """The true level of each factor, and the reason."""
    participant_views.find(sight, key)
    asked = tuple(
        Field(
            name=LEVEL + factor.code,
            label=factor.name,
            type="radio",
            hint="The true level. Leave it open if it was right.",
            options=tuple((level.code, level.name) for level in factor.levels),
        )
        for factor in sight.definition.factors
        if factor.code != SITE_FACTOR
    )
    return (*asked, WHY)


def donation(_sight: Sight, _key: str) -> tuple[Field, ...]:
    """The donation identifier, twice."""
    hint = "Scan or type it from the donation's label."
    return (
        Field(
            name="identifier",
            label="Donation identifier",
            hint=hint,
            width="half",
            needed="The donation identifier is missing.",
        ),
        Field(
            name="again",
            label="Donation identifier, once more",
            hint=hint,
            width="half",
            needed="The donation identifier is missing here.",
        ),
    )


def assessed(sight: Sight, key: str) -> tuple[Field, ...]:
    """Which blinded assessment was made and when, of those that this person signs."""
    site = participant_views.find(sight, key).site
    plans = [one for one in sight.definition.assessments if assessments.signs(sight.person, one, site)]
    points = dict.fromkeys(point for one in plans for point in one.time_points)
    return (
        Field(
            name="assessment",
            label="Which assessment?",
            type="radio",
            options=tuple((one.code, one.label) for one in plans),
            needed="Choose the assessment.",
        ),
        Field(
            name="time_point",
            label="For which time point?",
            type="radio",
            options=tuple((point, words.capital(point)) for point in points),
            needed="Choose the time point.",
        ),
        Field(
            name="done_at",
            label="When was it done?",
            hint=MOMENT,
            unit="UTC",
            width="half",
            needed="Say when it was done: give a date and a time, in UTC.",
        ),
    )


def chosen(_sight: Sight, _key: str) -> dict[str, str]:
    """Which assessment and time point the worklist led to."""
    return {name: request.args[name] for name in ("assessment", "time_point") if name in request.args}


def follow_up_and_reason(_sight: Sight, _key: str) -> tuple[Field, ...]:
    """Whether visits go on, and the reason."""
    return (FOLLOW_UP, WHY)


def follow_up_and_maybe_reason(_sight: Sight, _key: str) -> tuple[Field, ...]:
    """Whether visits go on; nobody needs to give a reason."""
    return (FOLLOW_UP, Field(name="why", label="Reason", type="textarea", hint="Nobody needs to give one."))
