"""A participant's life, from consent to its end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from randomizer.domain.acts import Act
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class State(StrEnum):
    """Where a participant is; the period number stands beside it."""

    CONSENTED = "consented"
    SCREEN_FAILED = "screen failed"
    ELIGIBLE = "eligible"
    HARVESTED = "harvested"
    CLEARED = "product cleared"
    RANDOMIZED = "randomized"
    IN_PERIOD = "in period"
    BETWEEN = "between"
    COMPLETED = "completed"


class Ending(StrEnum):
    """Why treatment ended early; follow-up may go on."""

    TREATMENT_STOPPED = "treatment stopped"
    WITHDRAWN = "consent withdrawn"
    LOST = "lost to follow-up"
    DIED = "died"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One participant under one number for the whole trial.

    Args:
        number: Digits with a check digit; kept over re-screening and site transfer.
        site: Site code where the participant is treated now.
        attempt: 1-based screening attempt.
        state: Where the participant is.
        period: The current or last period, 0 before randomization.
        levels: Factor levels as randomized, sorted "factor=level" joined by ";"; empty before eligibility.
        corrected_levels: The true levels where a wrong factor was found later; empty otherwise.
        stratum: Stratum code, empty before eligibility is signed.
        ending: Why treatment ended early, if it did.
        follow_up: Whether visits go on after an early end.
        randomized_in_error: Whether the investigator stated so; the slot stays used.
        replaces: Number of the participant whose place this one takes, or "".
        consented_at: When consent was given.
        ended_at: When treatment ended early or the trial was completed.
        entry: Number of the last entry about this record.
    """

    KEY: ClassVar = ("number",)
    number: str
    site: str
    attempt: int = 1
    state: State = State.CONSENTED
    period: int = 0
    levels: str = ""
    corrected_levels: str = ""
    stratum: str = ""
    ending: Ending | None = None
    follow_up: bool = True
    randomized_in_error: bool = False
    replaces: str = ""
    consented_at: datetime
    ended_at: datetime | None = None
    entry: int = 0

    @property
    def treatable(self) -> bool:
        """Whether a further infusion can be booked, prepared or given."""
        return self.ending is None and self.state in TREATABLE


TREATABLE = frozenset({State.RANDOMIZED, State.IN_PERIOD, State.BETWEEN})
BEFORE_RANDOMIZATION = frozenset({State.CONSENTED, State.ELIGIBLE, State.HARVESTED, State.CLEARED})

FROM: Mapping[Act, frozenset[State]] = {
    Act.ELIGIBILITY_SIGNED: frozenset({State.CONSENTED}),
    Act.SCREEN_FAILED: BEFORE_RANDOMIZATION,
    Act.RESCREENED: frozenset({State.SCREEN_FAILED}),
    Act.HARVESTED: frozenset({State.ELIGIBLE}),
    Act.PRODUCT_CLEARED: frozenset({State.HARVESTED}),
    Act.PRODUCT_GO: frozenset({State.HARVESTED}),
    Act.PRODUCT_FAILED: frozenset({State.HARVESTED, State.CLEARED}),
    Act.RANDOMIZED_IN_ERROR: TREATABLE | {State.COMPLETED},
    Act.FACTOR_CORRECTED: TREATABLE | {State.COMPLETED},
    Act.INFUSION_BOOKED: TREATABLE,
    Act.BOOKING_CANCELLED: TREATABLE,
    Act.DEVIATION_SIGNED: TREATABLE,
    Act.FIT_SIGNED: TREATABLE,
    Act.PREPARATION_BEGUN: TREATABLE,
    Act.REPLACEMENT_REQUESTED: TREATABLE,
    Act.REPLACEMENT_ANSWERED: TREATABLE,
    Act.KIT_RECEIVED: TREATABLE,
    Act.KIT_DISPENSED: TREATABLE,
    Act.DISPENSATION_UNDONE: frozenset({State.IN_PERIOD}),
    Act.PERIOD_MISSED: TREATABLE,
    Act.TREATMENT_STOPPED: TREATABLE,
    Act.CONSENT_WITHDRAWN: BEFORE_RANDOMIZATION | TREATABLE,
    Act.LOST_TO_FOLLOW_UP: BEFORE_RANDOMIZATION | TREATABLE,
    Act.DIED: BEFORE_RANDOMIZATION | TREATABLE,
    Act.COMPLETED: TREATABLE,
    Act.ASSESSMENT_SIGNED: TREATABLE | {State.COMPLETED},
    Act.SITE_TRANSFERRED: BEFORE_RANDOMIZATION | {State.SCREEN_FAILED} | TREATABLE,
}
"""The states from which each act is possible."""

ENDINGS: Mapping[Act, Ending] = {
    Act.TREATMENT_STOPPED: Ending.TREATMENT_STOPPED,
    Act.CONSENT_WITHDRAWN: Ending.WITHDRAWN,
    Act.LOST_TO_FOLLOW_UP: Ending.LOST,
    Act.DIED: Ending.DIED,
}

_MAY_FOLLOW = {
    # Stopping treatment does not end the participant: all that ends more can still come.
    Ending.TREATMENT_STOPPED: frozenset(
        {Act.CONSENT_WITHDRAWN, Act.LOST_TO_FOLLOW_UP, Act.DIED, Act.COMPLETED}
    ),
    Ending.WITHDRAWN: frozenset({Act.DIED}),
    # Somebody who was lost may turn out to have died, or come back and finish follow-up.
    Ending.LOST: frozenset({Act.DIED, Act.CONSENT_WITHDRAWN, Act.COMPLETED}),
    Ending.DIED: frozenset(),
}
_FOLLOWED_UP = frozenset({Ending.TREATMENT_STOPPED, Ending.WITHDRAWN})
_WHILE_FOLLOWED_UP = frozenset(
    {Act.CONSENT_WITHDRAWN, Act.LOST_TO_FOLLOW_UP, Act.COMPLETED, Act.SITE_TRANSFERRED}
)
"""What can still come to somebody whose treatment has ended and whose visits go on."""

_RECORDS_ONLY = frozenset(
    {
        Act.RANDOMIZED_IN_ERROR,
        Act.FACTOR_CORRECTED,
        Act.PERIOD_MISSED,
        Act.BOOKING_CANCELLED,
        Act.DISPENSATION_UNDONE,
        # An image taken before somebody died is read afterwards.
        Act.ASSESSMENT_SIGNED,
    }
)


def demand(participant: Participant, act: Act) -> None:
    """Refuse an act that the participant's life does not admit.

    Args:
        participant: As read from the store.
        act: What is to happen.

    Raises:
        Refused: The state or an early end rules it out; the sentence says which.
    """
    demand_state(participant, act, FROM[act])
    if participant.ending is None or act in _RECORDS_ONLY or act in _MAY_FOLLOW[participant.ending]:
        return
    if participant.ending in _FOLLOWED_UP and participant.follow_up and act in _WHILE_FOLLOWED_UP:
        return
    demand_not_ended(participant)


def demand_state(participant: Participant, act: Act, states: frozenset[State]) -> None:
    """Refuse an act that needs a participant who is elsewhere in their life.

    Args:
        participant: As read from the store.
        act: What is to happen.
        states: Where the participant may be.

    Raises:
        Refused: The participant is somewhere else.
    """
    if participant.state not in states:
        raise Refused(
            f"Participant {participant.number} is {describe(participant)}. "
            f"To {act.doing}, they have to be {_any_of(states)}. Nothing was changed.",
            field="participant",
            next_step="Open the participant's page to see what comes next.",
        )


def demand_not_ended(participant: Participant) -> None:
    """Refuse what needs a participant who goes on.

    Raises:
        Refused: Treatment has ended early.
    """
    if participant.ending is None:
        return
    raise Refused(
        f"The treatment of participant {participant.number} has ended: {participant.ending}. "
        "Nothing was changed.",
        field="participant",
        next_step="If this is a mistake, call the trial office.",
    )


def describe(participant: Participant) -> str:
    """The state in words, with the period where there is one."""
    if participant.state is State.IN_PERIOD:
        return f"in period {participant.period}"
    if participant.state is State.BETWEEN:
        return f"between period {participant.period} and period {participant.period + 1}"
    return _STATE_WORDS.get(participant.state, participant.state)


_STATE_WORDS = {State.CLEARED: "harvested and cleared"}
"""What follows "is" of a participant, where the state itself does not."""

_GROUPS = (
    (TREATABLE | {State.COMPLETED}, "randomized"),
    (TREATABLE, "in treatment"),
    (BEFORE_RANDOMIZATION, "in screening"),
)
"""States that one word stands for, the widest first."""


def _any_of(states: frozenset[State]) -> str:
    words, rest = [], states
    for group, word in _GROUPS:
        if group <= rest:
            words.append(word)
            rest -= group
    words += [_STATE_WORDS.get(state, state) for state in State if state in rest]
    return " or ".join(words)


def levels_text(levels: Mapping[str, str]) -> str:
    """Factor levels as one sorted text, e.g. "course=relapsing;site=TLS"."""
    return ";".join(f"{factor}={level}" for factor, level in sorted(levels.items()))


def levels_of(text: str) -> dict[str, str]:
    """The mapping that `levels_text` wrote."""
    return dict(pair.split("=", 1) for pair in text.split(";") if pair)
