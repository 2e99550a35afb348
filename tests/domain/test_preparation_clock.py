from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from randomizer.domain import preparation_clock
from randomizer.errors import Refused

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition, KitPolicy

BEGUN = datetime(2027, 1, 7, 9, 40, 30, tzinfo=UTC)


@pytest.fixture
def kits(mesems: Definition) -> KitPolicy:
    """An hour at least."""
    return replace(mesems.kits, preparation_minutes=60)


def test_a_preparation_can_be_ended_from_the_next_full_minute_on(kits: KitPolicy) -> None:
    on_the_minute = BEGUN.replace(second=0)
    assert preparation_clock.earliest_end(kits, BEGUN) == datetime(2027, 1, 7, 10, 41, tzinfo=UTC)
    assert preparation_clock.earliest_end(kits, on_the_minute) == on_the_minute + timedelta(hours=1)
    assert preparation_clock.earliest_end(kits, None) is None


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("ready", "changed", "next_step"),
    [
        (True, "Nothing was declared ready.", "Come back at 10:41 UTC; the kit keeps its place until then."),
        (False, "Nothing was changed.", "Come back at 10:41 UTC and end it then."),
    ],
)
def test_before_that_it_is_refused_with_the_time_to_come_back_at(
    kits: KitPolicy, *, ready: bool, changed: str, next_step: str
) -> None:
    earliest = datetime(2027, 1, 7, 10, 41, tzinfo=UTC)
    with pytest.raises(Refused, match="from 7 Jan 2027, 10:41 UTC on") as refusal:
        preparation_clock.demand_long_enough(kits, BEGUN, earliest - timedelta(seconds=1), ready=ready)
    assert refusal.value.message.endswith(changed)
    assert refusal.value.next_step == next_step
    preparation_clock.demand_long_enough(kits, BEGUN, earliest, ready=ready)


def test_no_content_gets_older_than_a_kit_keeps(kits: KitPolicy) -> None:
    """Whenever it was filled, waited for or declared ready, the content is younger than its preparation."""
    until = BEGUN + timedelta(minutes=kits.expiry_minutes)
    for minutes in (61, 90, kits.expiry_minutes - 1):
        ready_at = BEGUN + timedelta(minutes=minutes)
        assert preparation_clock.expiry(kits, BEGUN, ready_at) == until
        preparation_clock.demand_time_left(kits, BEGUN, ready_at)
    with pytest.raises(Refused, match="this one until 7 Jan 2027, 13:40 UTC"):
        preparation_clock.demand_time_left(kits, BEGUN, until)


def test_where_no_time_is_set_a_kit_is_ready_at_once_and_keeps_from_then(mesems: Definition) -> None:
    ready_at = BEGUN + timedelta(minutes=5)
    expires_at = ready_at + timedelta(minutes=mesems.kits.expiry_minutes)
    assert preparation_clock.earliest_end(mesems.kits, BEGUN) is None
    preparation_clock.demand_long_enough(mesems.kits, BEGUN, BEGUN, ready=True)
    preparation_clock.demand_time_left(mesems.kits, BEGUN, BEGUN + timedelta(days=2))
    assert preparation_clock.expiry(mesems.kits, BEGUN, ready_at) == expires_at
