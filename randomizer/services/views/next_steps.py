"""What comes next for a participant, who does it, and by when; the same whatever the treatment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from randomizer.domain import windows
from randomizer.domain.acts import DURING, Act
from randomizer.domain.participants import BEFORE_RANDOMIZATION, Participant, State
from randomizer.domain.supply import Kit, PeriodRecord, Product, ProductState
from randomizer.domain.trial import RUNNING, Phase
from randomizer.services.care import replacements
from randomizer.services.care.periods import INFUSED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from randomizer.domain.definition_values import Definition

CLEARING_WAIT = "The clearing person clears the product."
PREPARING_WAIT = "The preparing pharmacist prepares the kit."
ASK = "Ask for another kit"
IN_QUARANTINE = "In quarantine"
SOON_MINUTES = 60  # what runs out within this time is marked


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """One thing to do, or to wait for.

    Args:
        act: The act, or None while somebody at the other door has the turn, or nothing is left.
        what: The act in words, beginning with a verb, or what is waited for.
        due: When it is due; None where nothing sets a time.
        state: The state in one or two words.
        kind: Kind of the status tag: waiting, due, overdue, ready, done, closed, planned, attention.
        period: The period that it is about, 0 for none.
        expires_at: When the kit that waits for it runs out; None where none waits.
    """

    act: Act | None
    what: str
    due: datetime | date | None = None
    state: str = "To do"
    kind: str = "waiting"
    period: int = 0
    expires_at: datetime | None = None


SCREENING = {
    State.CONSENTED: NextStep(act=Act.ELIGIBILITY_SIGNED, what="Confirm eligibility"),
    State.SCREEN_FAILED: NextStep(
        act=Act.RESCREENED, what="Screen again", state="Screen failed", kind="closed"
    ),
    State.ELIGIBLE: NextStep(act=Act.HARVESTED, what="Record the harvest"),
    State.CLEARED: NextStep(
        act=Act.RANDOMIZED, what="Randomize this participant", state="Ready", kind="ready"
    ),
}
NOTHING = NextStep(act=None, what="Nothing is left to do.", state="Ended", kind="closed")
FINISHING = NextStep(act=Act.COMPLETED, what="Record the end of follow-up", state="In follow-up")


def of(
    definition: Definition,
    participant: Participant,
    *,
    periods: Sequence[PeriodRecord],
    products: Sequence[Product],
    expired: Collection[str],
    shipped: Collection[str],
    quarantined: Collection[int],
    alerted: bool,
    phase: Phase,
    now: datetime,
) -> NextStep:
    """The next step of one participant.

    Args:
        definition: The definition.
        participant: The participant.
        periods: Every period of the participant, in order.
        products: Every product of the participant, in order.
        expired: Numbers of the kits whose time has passed, among those that these periods name.
        shipped: Numbers of those that are on their way.
        quarantined: Periods whose kit was ready and lies in quarantine.
        alerted: Whether a quality alert of the kit stands that was handed out.
        phase: Where the trial is in its life.
        now: The current moment.
    """
    step = _by_life(definition, participant, periods, products, now)
    record = next((one for one in periods if one.period == step.period), None)
    if record is not None and step.act is Act.KIT_DISPENSED:
        step = _with_kit(step, record, expired=record.kit in expired, shipped=record.kit in shipped, now=now)
    elif step.act is Act.REPLACEMENT_REQUESTED and step.period in quarantined:
        step = replace(step, state=IN_QUARANTINE)
    elif step.act is Act.INFUSION_RECORDED and alerted:
        step = replace(step, state="Quality alert", kind="attention")
    return step if _goes_on(step, phase) else _stopped(participant, step, phase)


def _with_kit(
    step: NextStep, record: PeriodRecord, *, expired: bool, shipped: bool, now: datetime
) -> NextStep:
    """What comes before a kit is handed out: to ask for another one, or to receive it."""
    if expired and record.asked_at is not None:
        return _asked(record)
    if expired:
        return replace(step, act=Act.REPLACEMENT_REQUESTED, what=ASK, state="Expired", kind="attention")
    if shipped:
        late = record.booked_for is not None and record.booked_for < now
        state, kind = ("Not received", "overdue") if late else ("On its way", "due")
        return replace(step, act=Act.KIT_RECEIVED, what="Receive the kit", state=state, kind=kind)
    return step


def _by_life(
    definition: Definition,
    participant: Participant,
    periods: Sequence[PeriodRecord],
    products: Sequence[Product],
    now: datetime,
) -> NextStep:
    if participant.ending is not None or participant.state is State.COMPLETED:
        return _after_the_end(participant, periods)
    if participant.state in SCREENING:
        return SCREENING[participant.state]
    if participant.state in BEFORE_RANDOMIZATION:
        return _harvested(definition, products)
    record = next((record for record in periods if record.outcome is None), None)
    return FINISHING if record is None else _in_period(definition, record, periods, now)


def _goes_on(step: NextStep, phase: Phase) -> bool:
    # What nobody at this door does is somebody's turn at the other one, while the trial runs.
    return step.kind == NOTHING.kind or phase in (DURING[step.act] if step.act else RUNNING)


def expiring(step: NextStep, kit: Kit | None, now: datetime) -> NextStep:
    """The step with the time that is left for it, where a kit waits to be received or handed out.

    Args:
        step: From `of`.
        kit: The kit that is ready or on its way for its period, if any.
        now: The current moment.
    """
    if kit is None or kit.expires_at is None or step.act not in {Act.KIT_DISPENSED, Act.KIT_RECEIVED}:
        return step
    timed = replace(step, expires_at=kit.expires_at)
    soon = kit.expires_at - now < timedelta(minutes=SOON_MINUTES)
    return replace(timed, state="Expires soon", kind="attention") if soon else timed


def request(record: PeriodRecord) -> NextStep:
    """How a request for another kit stands, for whoever may ask for one.

    Args:
        record: An open period for which somebody asked.
    """
    if record.answered_at is None:
        state, kind = "Asked for", "waiting"
    else:
        state, kind = ("No product", "attention") if record.no_product else ("Answered", "due")
    return NextStep(
        act=None,
        what=replacements.describe(record),
        due=record.available_at or record.booked_for,
        state=state,
        kind=kind,
        period=record.period,
    )


def _stopped(participant: Participant, step: NextStep, phase: Phase) -> NextStep:
    """What the trial's phase leaves of a step: a booking stands, and nothing is given for it any more."""
    state = "Enrolment closed" if phase is Phase.ENROLMENT_CLOSED else f"Trial {phase}"
    if participant.treatable and phase in DURING[Act.TREATMENT_STOPPED]:
        return NextStep(
            act=Act.TREATMENT_STOPPED,
            what="Stop treatment",
            due=step.due,
            state=state,
            kind="attention",
            period=step.period,
        )
    return replace(NOTHING, state=state)


def _after_the_end(participant: Participant, periods: Sequence[PeriodRecord]) -> NextStep:
    in_hand = next((one for one in periods if one.dispensed_at and one.outcome is None), None)
    if in_hand is not None:
        return _infusion(in_hand)
    follow_up = participant.ending is not None and participant.follow_up
    return FINISHING if follow_up and participant.state is not State.COMPLETED else NOTHING


def _harvested(definition: Definition, products: Sequence[Product]) -> NextStep:
    product = products[-1] if products else None
    if product is not None and product.state is ProductState.CLEARED_BY_QP:
        return NextStep(act=Act.PRODUCT_GO, what="Give the sponsor's go", state="Cleared", kind="ready")
    if definition.product_gate:
        return NextStep(act=None, what=CLEARING_WAIT, state="Waiting")
    return SCREENING[State.CLEARED]


def _in_period(
    definition: Definition, record: PeriodRecord, periods: Sequence[PeriodRecord], now: datetime
) -> NextStep:
    if record.dispensed_at is not None:
        return _infusion(record)
    if record.booked_for is None or _never_used(record, now):
        return _to_book(definition, record, periods, now)
    if record.kit:
        return NextStep(
            act=Act.KIT_DISPENSED,
            what="Dispense the kit",
            due=record.booked_for,
            state="Ready",
            kind="ready",
            period=record.period,
        )
    return _before_ready(definition, record, periods, now)


def _never_used(record: PeriodRecord, now: datetime) -> bool:
    """Whether the time of a booking has passed and nothing was prepared for it."""
    idle = record.preparation_begun_at is None
    return idle and record.booked_for is not None and windows.passed(record.booked_for, now)


def _before_ready(
    definition: Definition, record: PeriodRecord, periods: Sequence[PeriodRecord], now: datetime
) -> NextStep:
    late = record.booked_for is not None and record.booked_for < now
    state, kind = ("Overdue", "overdue") if late else ("Booked", "due")
    act: Act | None = None
    what = PREPARING_WAIT
    if record.asked_at is not None and not record.preparing:
        return _asked(record)
    if record.preparation_ended_at is not None:
        act, what, state, kind = Act.REPLACEMENT_REQUESTED, ASK, "Not ready", "attention"
    elif record.preparing:
        state, kind = "Being prepared", "waiting"
    elif record.fit_signed_at is None:
        plan = definition.period(record.period)
        outside = (
            record.booked_for is not None
            and record.deviation_signed_at is None
            and windows.outside(plan, previous_infusion(periods, record), record.booked_for)
        )
        act, what = (
            (Act.DEVIATION_SIGNED, "Sign the deviation")
            if outside
            else (Act.FIT_SIGNED, "Sign fit for infusion")
        )
    return NextStep(act=act, what=what, due=record.booked_for, state=state, kind=kind, period=record.period)


def _asked(record: PeriodRecord) -> NextStep:
    """What follows a request for another kit: wait, or close the period."""
    missed = NextStep(
        act=Act.PERIOD_MISSED,
        what="Record the missed period",
        due=record.booked_for,
        state="No product",
        kind="attention",
        period=record.period,
    )
    if record.no_product:
        return missed
    waits = replacements.describe(record)
    return replace(missed, act=None, what=waits, due=record.available_at, state="Asked for", kind="waiting")


def _infusion(record: PeriodRecord) -> NextStep:
    return NextStep(
        act=Act.INFUSION_RECORDED,
        what="Record the infusion",
        due=record.booked_for,
        state="Handed out",
        kind="due",
        period=record.period,
    )


def _to_book(
    definition: Definition, record: PeriodRecord, periods: Sequence[PeriodRecord], now: datetime
) -> NextStep:
    limits = windows.window(definition.period(record.period), previous_infusion(periods, record))
    what = "Book the infusion again" if record.booked_for else "Book the infusion"
    if limits is None:
        state, kind = ("Booking has passed", "overdue") if record.booked_for else ("Not booked", "waiting")
        return NextStep(
            act=Act.INFUSION_BOOKED,
            what=what,
            due=record.booked_for,
            state=state,
            kind=kind,
            period=record.period,
        )
    today = now.date()
    state, kind = f"From {windows.day(limits.opens_on)}", "planned"
    if today > limits.closes_on:
        state, kind = f"Overdue by {_days((today - limits.closes_on).days)}", "overdue"
    elif today >= limits.opens_on:
        state, kind = f"Until {windows.day(limits.closes_on)}", "due"
    return NextStep(
        act=Act.INFUSION_BOOKED, what=what, due=limits.due_on, state=state, kind=kind, period=record.period
    )


def previous_infusion(periods: Sequence[PeriodRecord], record: PeriodRecord) -> datetime | None:
    """Start of the last infusion actually given before a period, or None."""
    earlier = [one.given_at for one in periods if one.period < record.period and one.outcome in INFUSED]
    return max((at for at in earlier if at is not None), default=None)


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
