from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.acts import Act
from randomizer.domain.participants import (
    FROM,
    Ending,
    Participant,
    State,
    demand,
    describe,
    levels_of,
    levels_text,
)
from randomizer.errors import Refused

BASE = Participant(number="10018", site="TLS", consented_at=datetime(2027, 1, 1, tzinfo=UTC))


def participant(state: State, ending: Ending | None = None, period: int = 0) -> Participant:
    return Participant(
        number="10018", site="TLS", consented_at=BASE.consented_at, state=state, ending=ending, period=period
    )


@pytest.mark.parametrize(("act", "state"), list(itertools.product(FROM, State)))
def test_an_act_is_possible_from_its_states_and_refused_from_all_others(act: Act, state: State) -> None:
    if state in FROM[act]:
        demand(participant(state), act)
    else:
        with pytest.raises(Refused, match=f"10018 is ({describe(participant(state))})") as refusal:
            demand(participant(state), act)
        assert "Nothing was changed" in refusal.value.message
        assert refusal.value.next_step


@pytest.mark.parametrize(
    "act", [Act.INFUSION_BOOKED, Act.FIT_SIGNED, Act.KIT_DISPENSED, Act.PREPARATION_BEGUN]
)
@pytest.mark.parametrize("ending", Ending)
def test_nothing_is_booked_prepared_or_handed_out_after_an_early_end(act: Act, ending: Ending) -> None:
    with pytest.raises(Refused, match=f"has ended: {ending}"):
        demand(participant(State.BETWEEN, ending), act)


def test_a_participant_who_was_lost_may_turn_out_to_have_died_but_not_the_reverse() -> None:
    demand(participant(State.BETWEEN, Ending.LOST), Act.DIED)
    with pytest.raises(Refused):
        demand(participant(State.BETWEEN, Ending.DIED), Act.LOST_TO_FOLLOW_UP)


def test_follow_up_after_stopped_treatment_can_be_completed() -> None:
    demand(participant(State.BETWEEN, Ending.TREATMENT_STOPPED), Act.COMPLETED)


def test_states_are_described_with_their_period() -> None:
    assert describe(participant(State.IN_PERIOD, period=1)) == "in period 1"
    assert describe(participant(State.BETWEEN, period=1)) == "between period 1 and period 2"
    assert describe(participant(State.ELIGIBLE)) == "eligible"


CODES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)


@given(levels=st.dictionaries(CODES, CODES, max_size=4))
def test_levels_survive_their_text(levels: dict[str, str]) -> None:
    assert levels_of(levels_text(levels)) == levels


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("act", "state", "said"),
    [
        (Act.HARVESTED, State.CONSENTED, "is consented. To record a harvest, they have to be eligible."),
        (
            Act.FIT_SIGNED,
            State.CLEARED,
            "is harvested and cleared. To sign fit for infusion, they have",
        ),
        (Act.FACTOR_CORRECTED, State.ELIGIBLE, "To correct a factor, they have to be randomized."),
        (Act.DIED, State.COMPLETED, "To record a death, they have to be in treatment or in screening."),
        (Act.PRODUCT_FAILED, State.ELIGIBLE, "they have to be harvested or harvested and cleared."),
    ],
)
def test_a_refusal_says_where_the_participant_is_and_has_to_be(act: Act, state: State, said: str) -> None:
    with pytest.raises(Refused, match=re.escape(said)):
        demand(participant(state), act)
