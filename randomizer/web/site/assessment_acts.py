"""The acts on one blinded assessment that was signed: correcting it, and striking it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.services.care import assessment_changes
from randomizer.services.views import assessment_views, participant_views
from randomizer.web import exchange, words
from randomizer.web.forms import WHY
from randomizer.web.site import bodies, participant_fields
from randomizer.web.site.acts import ActPage, Call, Loaded
from randomizer.web.site.participant_subject import OfParticipant

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.services.views.sight import Sight
    from randomizer.web.forms import Field


class OfAssessment:
    """Acts on one signed assessment; they lead back to its participant."""

    name = "assessment"
    rule = "/assessments/<key>"

    def load(self, sight: Sight, key: str) -> Loaded:
        """See `Subject`."""
        shown = assessment_views.one(sight, assessment_views.find(sight, key))
        participant = participant_views.find(sight, shown["participant"])
        return Loaded(
            key=str(shown["number"]),
            caption=f"Participant {participant.number} · {sight.definition.site(participant.site).name}",
            back=f"Participant {participant.number}",
            facts={
                "participant": ("Participant", participant.number),
                "assessment": ("As it stands", f"{shown['label']} · {shown['time_point']}"),
                "done": ("Done", words.moment(shown["done_at"])),
            },
            home=participant.number,
        )

    def demand(self, sight: Sight, key: str, act: Act) -> None:
        """See `Subject`."""
        assessment_changes.demand_open_to(sight.uow, sight.person, act, assessment_views.find(sight, key))

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:
        """See `Subject`."""
        shown = assessment_views.one(sight, assessment_views.find(sight, key))
        return OfParticipant().answer(sight, shown["participant"])


def _asked(sight: Sight, key: str) -> tuple[Field, ...]:
    shown = assessment_views.one(sight, assessment_views.find(sight, key))
    return (*participant_fields.assessed(sight, shown["participant"]), WHY)


def _as_it_stands(sight: Sight, key: str) -> dict[str, str]:
    shown = assessment_views.one(sight, assessment_views.find(sight, key))
    done_at: datetime = shown["done_at"]
    exact = "auto" if done_at.second or done_at.microsecond else "minutes"
    return {
        "assessment": shown["assessment"],
        "time_point": shown["time_point"],
        "done_at": done_at.replace(tzinfo=None).isoformat(" ", exact),
    }


def _correct(call: Call) -> object:
    form = call.form
    done_at = form.needed_moment("done_at")
    return assessment_changes.correct(
        call.uow,
        call.person,
        call.sign(),
        int(call.key),
        assessment=form.text("assessment"),
        time_point=form.text("time_point"),
        done_at=done_at,
        why=form.text("why"),
    )


def _strike_out(call: Call) -> object:
    return assessment_changes.strike_out(
        call.uow, call.person, call.sign(), int(call.key), why=call.form.text("why")
    )


PAGES = (
    ActPage(
        act=Act.ASSESSMENT_CORRECTED,
        slug="correct",
        title="Correct this blinded assessment",
        lead="Change what was entered wrongly. What stood before stays on record beside it.",
        button="Sign the correction",
        done="The blinded assessment is corrected.",
        meaning=assessment_changes.CORRECTION_MEANING,
        body=bodies.AssessedAnew,
        asks=_asked,
        filled=_as_it_stands,
        facts=("participant", "assessment", "done"),
        run=_correct,
    ),
    ActPage(
        act=Act.ASSESSMENT_STRUCK,
        slug="strike-out",
        title="Strike out this blinded assessment",
        lead="For an assessment that was never made of this participant, or not without knowledge of the "
        "treatment. It stays on record and counts nowhere.",
        button="Sign and strike it out",
        done="The blinded assessment is struck out.",
        meaning=assessment_changes.STRIKE_MEANING,
        body=exchange.SignedWhy,
        asks=lambda _sight, _key: (WHY,),
        facts=("participant", "assessment", "done"),
        run=_strike_out,
    ),
)
