"""Signed blinded assessments as a person may see them, each as it stands now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import DURING, Act
from randomizer.domain.participants import Participant
from randomizer.domain.records import Assessment, Signature
from randomizer.errors import NotFound
from randomizer.services.care import assessments, assessments_due

if TYPE_CHECKING:
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight

LONGEST_KEY = 9  # digits


def find(sight: Sight, typed: str) -> Assessment:
    """The signed assessment of a number.

    Raises:
        NotFound: There is none that this person sees.
    """
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= LONGEST_KEY else -1
    found = sight.uow.find(Assessment, number)
    whose = sight.uow.find(Participant, found.participant) if found else None
    if found is None or whose is None or whose.site not in sight.sites():
        raise NotFound(
            "There is no such blinded assessment.",
            field="assessment",
            next_step="Open the participant's page.",
        )
    return found


def one(sight: Sight, found: Assessment) -> View:
    """A signed assessment as it stands, with its label and site."""
    site = sight.uow.get(Participant, found.participant, what="participant").site
    return sight.show(found, site=site, label=sight.definition.assessment(found.assessment).label)


def due(sight: Sight) -> list[View]:
    """The blinded assessments that this person could sign, are due, and that nobody has signed."""
    found = assessments_due.of(sight.uow, sight.person, sight.trial, sight.definition)
    return [
        sight.show(
            {
                "participant": one.participant.number,
                "site": one.participant.site,
                "assessment": one.plan.code,
                "label": one.plan.label,
                "time_point": one.time_point,
                "due_on": one.window.due_on,
                "closes_on": one.window.closes_on,
                "overdue": one.overdue,
            },
            site=one.participant.site,
            kind="AssessmentDue",
        )
        for one in found
    ]


def assessed(sight: Sight, number: str, site: str) -> list[View]:
    """The blinded assessments of a participant that were signed for, by when they were done.

    Each as it stands, with who corrected it or struck it out; what it was before stands in its entries.
    """
    listed = sorted(sight.uow.all(Assessment, participant=number), key=lambda one: one.done_at)
    entries = [entry for one in listed for entry in (one.number, one.entry)]
    sight.uow.all(Signature, number=entries)  # in one look
    return [view for view in (signed(sight, one, site) for one in listed) if view]


def signed(sight: Sight, found: Assessment, site: str) -> View:
    """A blinded assessment as it stands, and who signed for it; empty where the person may not see it."""
    labels = {one.code: one.label for one in sight.definition.assessments}
    made = sight.uow.get(Signature, found.number, what="signature")
    derived: dict[str, Any] = {
        "label": labels.get(found.assessment, found.assessment),
        "printed_name": made.printed_name,
        "signed_at": made.signed_at,
    }
    if found.entry != found.number:
        changed = sight.uow.get(Signature, found.entry, what="signature")
        derived |= {"changed_by": changed.printed_name, "changed_at": changed.signed_at}
    return sight.show(found, site=site, **derived)


def changeable(sight: Sight, number: str, site: str) -> frozenset[int]:
    """Numbers of the blinded assessments of a participant that somebody blind in these roles may correct."""
    if sight.trial.phase not in DURING[Act.ASSESSMENT_CORRECTED]:
        return frozenset()
    mine = {plan.code for plan in sight.definition.assessments if assessments.signs(sight.person, plan, site)}
    standing = sight.uow.all(Assessment, participant=number, struck=False)
    return frozenset(one.number for one in standing if one.assessment in mine)
