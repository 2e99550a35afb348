from __future__ import annotations

import pytest

from randomizer.domain.acts import MAY, Act, demand
from randomizer.domain.people import Person, Role
from randomizer.domain.trial import OPEN, Kind, Phase, Trial
from randomizer.errors import NotAllowed, Refused


def person(*grants: tuple[Role, str]) -> Person:
    return Person(account=1, username="x", printed_name="X", grants=frozenset(grants))


@pytest.mark.parametrize("act", Act)
def test_an_act_is_read_back_by_its_value_and_has_words_of_its_own(act: Act) -> None:
    assert Act(act.value) is act
    assert str(act) == act.value
    assert act.doing
    assert act.doing != act.value


@pytest.mark.promise(18)
@pytest.mark.promise(20)
@pytest.mark.parametrize("act", [act for act in Act if Role.OUTCOMES_ASSESSOR not in MAY[act]])
def test_a_refusal_names_no_act_by_its_entry(act: Act) -> None:
    with pytest.raises(NotAllowed) as refusal:
        demand(person((Role.OUTCOMES_ASSESSOR, "TLS")), act, "TLS")
    assert refusal.value.message.startswith(f"Your role cannot {act.doing}. Who can: ")
    assert all(role in refusal.value.message for role in MAY[act])
    assert f"({act.value})" not in refusal.value.message
    assert refusal.value.next_step


@pytest.mark.promise(18)
def test_a_role_at_another_site_is_told_so() -> None:
    act = Act.CODE_BREAK_INTENT
    assert demand(person((Role.INVESTIGATOR, "TLS")), act, "TLS") is Role.INVESTIGATOR
    with pytest.raises(NotAllowed, match="You cannot break a code here: your role is for another site"):
        demand(person((Role.INVESTIGATOR, "TLS")), act, "EX2")


@pytest.mark.promise(18)
def test_a_phase_is_said_in_words() -> None:
    trial = Trial(kind=Kind.REHEARSAL, phase=Phase.LOCKED, definition="{}", definition_digest="")
    expected = (
        "To book an infusion, the trial has to be active or closed to enrolment or terminated; it is locked"
    )
    with pytest.raises(Refused, match=expected):
        trial.demand(OPEN, what=Act.INFUSION_BOOKED.doing)
