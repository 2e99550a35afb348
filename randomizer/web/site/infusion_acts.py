"""The acts on the infusions of one participant, but for dispensing, which has pages of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for

from randomizer.domain import scans
from randomizer.domain.acts import Act
from randomizer.domain.fitness import Fitness
from randomizer.domain.supply import Arrival, Outcome
from randomizer.errors import Refused
from randomizer.services.care import assessments, booking, infusions, kits, receipts, replacements
from randomizer.web import exchange
from randomizer.web.forms import Form, together
from randomizer.web.site import bodies, participant_fields
from randomizer.web.site.acts import ActPage, Call
from randomizer.web.site.shelf_acts import LOGGER, logger_shows

if TYPE_CHECKING:
    from randomizer.services.care.excursions import Excursion


def _record(call: Call) -> object:
    form = call.form
    outcome, given_at, stopped_at, volume_ml = together(
        lambda: _outcome(form),
        lambda: form.moment("given_at"),
        lambda: form.moment("stopped_at"),
        lambda: form.whole("volume_ml"),
    )
    return infusions.record(
        call.uow,
        call.person,
        call.key,
        outcome=outcome,
        given_at=given_at,
        stopped_at=stopped_at,
        volume_ml=volume_ml,
        why=form.text("why"),
    )


def _receive(call: Call) -> object:
    form = call.form
    try:
        arrival = Arrival(form.text("arrival"))
    except ValueError as error:
        raise Refused("Say how the kit came. Nothing was changed.", field="arrival") from error
    scanned, excursion = form.text("kit"), _excursion(form)
    return receipts.receive(call.uow, call.person, call.key, scanned, arrival=arrival, excursion=excursion)


def _excursion(form: Form) -> Excursion | None:
    """What the logger shows, or None where nothing was entered."""
    return logger_shows(form) if any(form.text(one.name) for one in LOGGER) else None


def _fitness(form: Form) -> Fitness:
    return Fitness(
        no_infection=form.yes("no_infection"),
        pregnancy_test=form.text("pregnancy_test"),
        consent_stands=form.yes("consent_stands"),
    )


def _sign_fit(call: Call) -> object:
    fitness = _fitness(call.form)
    fitness.demand()  # before a code is used up
    return booking.sign_fit(call.uow, call.person, call.sign(), call.key, fitness)


def _assess(call: Call) -> object:
    form = call.form
    done_at = form.needed_moment("done_at")
    return assessments.sign_assessment(
        call.uow,
        call.person,
        call.sign(),
        call.key,
        assessment=form.text("assessment"),
        time_point=form.text("time_point"),
        done_at=done_at,
    )


def _outcome(form: Form) -> Outcome:
    try:
        return Outcome(form.text("outcome"))
    except ValueError as error:
        raise Refused("Say what became of the kit.", field="outcome") from error


PAGES = (
    ActPage(
        act=Act.INFUSION_BOOKED,
        slug="book",
        title="Book the infusion",
        lead="Fit for infusion is signed for this time; a booking that is moved is signed for anew.",
        button="Book the infusion",
        done="The infusion is booked. What the investigator signs next stands below.",
        body=bodies.Booking,
        asks=lambda _sight, _key: (participant_fields.BOOKED_FOR,),
        facts=("participant", "period", "booked", "window", "earliest"),
        run=lambda call: booking.book(call.uow, call.person, call.key, call.form.needed_moment("booked_for")),
    ),
    ActPage(
        act=Act.BOOKING_CANCELLED,
        slug="cancel-booking",
        title="Cancel the booking",
        lead="Once the preparation has begun, the prepared kit is to be destroyed.",
        button="Cancel the booking",
        done="The booking is cancelled.",
        body=bodies.Why,
        asks=participant_fields.reason,
        facts=("participant", "period", "booked"),
        run=lambda call: booking.cancel(call.uow, call.person, call.key, call.form.text("why")),
    ),
    ActPage(
        act=Act.DEVIATION_SIGNED,
        slug="deviation",
        title="Sign the deviation",
        lead="The booking lies outside the visit window. Sign for it before the preparation begins.",
        button="Sign the deviation",
        done="The deviation is signed.",
        meaning=booking.DEVIATION_MEANING,
        body=exchange.SignedWhy,
        asks=participant_fields.reason,
        facts=("participant", "period", "booked", "window"),
        run=lambda call: booking.sign_deviation(
            call.uow, call.person, call.sign(), call.key, call.form.text("why")
        ),
    ),
    ActPage(
        act=Act.FIT_SIGNED,
        slug="fit",
        title="Sign fit for infusion",
        lead="Seen today, before the kit is prepared. The preparation begins only after this.",
        button="Sign fit for infusion",
        done="Fit for infusion is signed. The preparation can begin.",
        meaning=booking.FIT_MEANING,
        body=bodies.Fit,
        asks=lambda _sight, _key: participant_fields.FITNESS,
        checks=lambda form: _fitness(form).demand(),
        facts=("participant", "period", "booked", "window"),
        run=_sign_fit,
    ),
    ActPage(
        act=Act.KIT_RECEIVED,
        slug="receive",
        title="Receive the kit",
        lead="The kit has come. Once it is received it can be handed out.",
        button="Receive this kit",
        done="The receipt is recorded.",
        body=bodies.Receipt,
        asks=lambda _sight, _key: participant_fields.RECEIPT,
        facts=("participant", "period", "booked"),
        run=_receive,
        scans=True,
        onward=lambda form: url_for("site.receive", kit=scans.kit_number(form.text("kit"))),
    ),
    ActPage(
        act=Act.REPLACEMENT_REQUESTED,
        slug="replacement",
        title="Ask for another kit",
        lead="The preparing pharmacist answers when it is available, or that there is no product for this "
        "period.",
        button="Ask for another kit",
        done="Another kit is asked for. The answer stands below.",
        body=bodies.Why,
        asks=participant_fields.what_is_wrong,
        facts=("participant", "period", "booked"),
        run=lambda call: replacements.ask(call.uow, call.person, call.key, call.form.text("why")),
    ),
    ActPage(
        act=Act.INFUSION_RECORDED,
        slug="infusion",
        title="Record the infusion",
        lead="This closes the period.",
        button="Record the infusion",
        done="The infusion is recorded and the period is closed.",
        body=bodies.Infusion,
        asks=lambda _sight, _key: participant_fields.INFUSION,
        facts=("participant", "period", "dispensed"),
        run=_record,
    ),
    ActPage(
        act=Act.DISPENSATION_UNDONE,
        slug="undo-dispensation",
        title="Undo the dispensation",
        lead="Only for a kit that was handed out in error and came back with nothing administered. It is "
        "never handed out again; another kit can be prepared for the booking.",
        button="Sign and undo the dispensation",
        done="The dispensation is undone, and the kit is recorded as returned.",
        meaning=kits.UNDONE_MEANING,
        body=exchange.SignedWhy,
        asks=participant_fields.reason,
        facts=("participant", "period", "dispensed"),
        run=lambda call: kits.undo_dispensation(
            call.uow, call.person, call.sign(), call.key, call.form.text("why")
        ),
    ),
    ActPage(
        act=Act.ASSESSMENT_SIGNED,
        slug="assessment",
        title="Sign a blinded assessment",
        lead="Sign only what you made yourself. Its result belongs in the data base of the trial.",
        button="Sign the assessment",
        done="The blinded assessment is signed.",
        meaning=assessments.ASSESSMENT_MEANING,
        body=bodies.Assessed,
        asks=participant_fields.assessed,
        filled=participant_fields.chosen,
        facts=("participant", "site"),
        run=_assess,
    ),
    ActPage(
        act=Act.PERIOD_MISSED,
        slug="missed",
        title="Record a missed period",
        lead="The period is closed without an infusion. A booking or preparation for it stops at once.",
        button="Record the missed period",
        done="The missed period is recorded.",
        body=bodies.Why,
        asks=participant_fields.reason,
        facts=("participant", "period", "booked"),
        run=lambda call: infusions.miss(call.uow, call.person, call.key, call.form.text("why")),
    ),
)
