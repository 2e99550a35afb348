"""The table of what can become of a kit."""

from __future__ import annotations

import pytest

from randomizer.domain import kit_moves
from randomizer.domain.acts import Act
from randomizer.domain.kit_moves import CAME_FROM, MOVES
from randomizer.domain.supply import Kit, KitState
from randomizer.errors import Refused

pytestmark = pytest.mark.requirement("life")


def kit(state: KitState) -> Kit:
    return Kit(number="222471255", slot=3, period=1, state=state)


@pytest.mark.promise(19)
def test_every_state_is_reached_and_only_ready_kits_go_out() -> None:
    reached = {KitState.RESERVED}
    while True:
        more = {after for before, afters in MOVES.values() if before & reached for after in afters}
        if more <= reached:
            break
        reached |= more
    assert reached == set(KitState)
    assert MOVES[Act.KIT_DISPENSED] == (frozenset({KitState.READY}), frozenset({KitState.DISPENSED}))


@pytest.mark.promise(16)
def test_a_kit_that_was_out_never_becomes_ready_again() -> None:
    for out in (KitState.DISPENSED, KitState.MISSING, KitState.DAMAGED, KitState.EXPIRED):
        reached = {(KitState.READY, out)}
        while more := {step for at in reached for step in steps(*at)} - reached:
            reached |= more
        assert not {state for _, state in reached} & {KitState.RESERVED, KitState.READY}


def steps(before: KitState, now: KitState) -> set[tuple[KitState, KitState]]:
    """State and next state that a kit can come to, from a state and the one before it."""
    found = set()
    for act, (starts, afters) in MOVES.items():
        if now in starts and (act not in CAME_FROM or before in CAME_FROM[act]):
            found |= {(now, after) for after in afters}
    return found


def test_a_kit_that_waited_is_lifted_out_of_quarantine() -> None:
    lifted = set()
    for state in KitState:
        try:
            kit_moves.demand_came_from(Act.QUARANTINE_LIFTED, kit(KitState.QUARANTINED), state)
        except Refused as refusal:
            assert f"was {state} before it was quarantined" in refusal.message  # noqa: PT017 - of each state
        else:
            lifted.add(state)
    assert lifted == {KitState.SHIPPED, KitState.READY}


@pytest.mark.promise(18)
@pytest.mark.parametrize("act", MOVES)
@pytest.mark.parametrize("state", KitState)
def test_what_the_table_does_not_hold_is_refused_in_plain_words(act: Act, state: KitState) -> None:
    before, after = MOVES[act]
    to = min(after)
    if state in before:
        kit_moves.demand_move(act, kit(state), to)
        return
    with pytest.raises(Refused) as refusal:
        kit_moves.demand(act, kit(state))
    assert refusal.value.message.startswith(f"Kit 222 471 255 is {state}. To {act.doing}, it has to be ")
    assert all(one in refusal.value.message for one in before)
    assert refusal.value.next_step


def test_an_act_that_moves_no_kit_is_a_fault_of_the_code() -> None:
    with pytest.raises(ValueError, match="makes no kit"):
        kit_moves.demand_move(Act.INFUSION_BOOKED, kit(KitState.READY), KitState.DISPENSED)
    kit_moves.demand_move(Act.INFUSION_BOOKED, kit(KitState.READY), KitState.READY)


def test_destroyed_and_administered_kits_stay_what_they_are() -> None:
    for state in (KitState.DESTROYED, KitState.ADMINISTERED):
        assert kit_moves.moves_from(state) == frozenset()
