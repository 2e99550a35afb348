"""A reason on record: there where it is needed, and never a book."""

from __future__ import annotations

import pytest

from randomizer.domain import reasons
from randomizer.errors import Refused

pytestmark = pytest.mark.promise(18)


@pytest.mark.parametrize("why", ["", " \n\t "])
def test_a_reason_that_is_missing_says_what_to_do(why: str) -> None:
    with pytest.raises(Refused, match=r"A stop needs its reason\. Nothing was changed\.") as refusal:
        reasons.demand(why, "A stop needs its reason.")
    assert (refusal.value.field, bool(refusal.value.next_step)) == ("why", True)


def test_the_longest_reason_is_taken_and_one_character_more_is_not() -> None:
    reasons.demand("x" * reasons.LONGEST, "missing")
    reasons.demand_short("")
    for check in (lambda why: reasons.demand(why, "missing"), reasons.demand_short):
        with pytest.raises(Refused, match="at most 4000 characters; got 4001") as refusal:
            check("x" * (reasons.LONGEST + 1))
        assert refusal.value.field == "why"
