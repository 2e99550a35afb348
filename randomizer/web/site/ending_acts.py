"""The acts that end what one participant takes part in, or correct what was said at the randomization."""

from __future__ import annotations

from typing import Any

from randomizer.domain.acts import Act
from randomizer.services.care import endings
from randomizer.web.site import bodies, participant_fields
from randomizer.web.site.acts import ActPage, Call


def _correct(call: Call) -> object:
    levels = {
        name.removeprefix(participant_fields.LEVEL): level
        for name, level in call.form.typed.items()
        if name.startswith(participant_fields.LEVEL) and level
    }
    return endings.correct_factor(call.uow, call.person, call.key, levels, call.form.text("why"))


def _ending(act: Act) -> Any:  # noqa: ANN401 - a function of one Call
    def run(call: Call) -> object:
        follow_up = call.form.yes("follow_up")
        why = call.form.text("why")
        return endings.end(call.uow, call.person, act, call.key, why=why, follow_up=follow_up)

    return run


PAGES = (
    ActPage(
        act=Act.TREATMENT_STOPPED,
        slug="stop-treatment",
        title="Stop treatment",
        lead="No further infusion is given. Bookings and open preparations stop at once.",
        button="Stop treatment",
        done="Treatment is stopped.",
        body=bodies.Ending,
        asks=participant_fields.follow_up_and_reason,
        facts=("participant", "site", "state"),
        run=_ending(Act.TREATMENT_STOPPED),
    ),
    ActPage(
        act=Act.CONSENT_WITHDRAWN,
        slug="withdrawal",
        title="Record withdrawal of consent",
        lead="Bookings and open preparations stop at once. A code break stays possible.",
        button="Record the withdrawal",
        done="The withdrawal is recorded.",
        body=bodies.Ending,
        asks=participant_fields.follow_up_and_maybe_reason,
        facts=("participant", "site", "state"),
        run=_ending(Act.CONSENT_WITHDRAWN),
    ),
    ActPage(
        act=Act.LOST_TO_FOLLOW_UP,
        slug="lost",
        title="Record as lost to follow-up",
        lead="Reminders, bookings and open preparations stop at once.",
        button="Record as lost to follow-up",
        done="The participant is recorded as lost to follow-up.",
        body=bodies.Why,
        asks=participant_fields.reason,
        facts=("participant", "site", "state"),
        run=_ending(Act.LOST_TO_FOLLOW_UP),
    ),
    ActPage(
        act=Act.DIED,
        slug="death",
        title="Record the death",
        lead="Reminders, bookings and open preparations stop at once. A code break stays possible.",
        button="Record the death",
        done="The death is recorded.",
        body=bodies.Why,
        asks=participant_fields.reason,
        facts=("participant", "site", "state"),
        run=_ending(Act.DIED),
    ),
    ActPage(
        act=Act.COMPLETED,
        slug="complete",
        title="Record the end of follow-up",
        lead="The participant has come to the end of the last follow-up.",
        button="Record the end of follow-up",
        done="The end of follow-up is recorded.",
        body=bodies.Nothing,
        facts=("participant", "site", "state"),
        run=lambda call: endings.complete(call.uow, call.person, call.key),
    ),
    ActPage(
        act=Act.RANDOMIZED_IN_ERROR,
        slug="randomized-in-error",
        title="Record a randomization in error",
        lead="The slot stays used and the participant is followed up.",
        button="Record the randomization in error",
        done="The randomization in error is recorded.",
        body=bodies.Why,
        asks=participant_fields.reason,
        facts=("participant", "site", "state"),
        run=lambda call: endings.randomized_in_error(call.uow, call.person, call.key, call.form.text("why")),
    ),
    ActPage(
        act=Act.FACTOR_CORRECTED,
        slug="correct-factor",
        title="Correct a factor",
        lead="The stratum stays as randomized. The true level stands beside it.",
        button="Record the true level",
        done="The true level is recorded.",
        body=bodies.Correction,
        asks=participant_fields.true_levels,
        facts=("participant", "site", "level"),
        run=_correct,
    ),
    ActPage(
        act=Act.SITE_TRANSFERRED,
        slug="transfer",
        title="Transfer to another site",
        lead="Number, stratum and slot stay.",
        button="Transfer this participant",
        done="The participant is transferred.",
        body=bodies.Transfer,
        asks=participant_fields.new_site,
        facts=("participant", "site", "state"),
        run=lambda call: endings.transfer(
            call.uow, call.person, call.key, call.form.text("site"), call.form.text("why")
        ),
    ),
)
