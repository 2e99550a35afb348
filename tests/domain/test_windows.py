from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.definition_values import PeriodPlan
from randomizer.domain.windows import day, demand_interval, outside, window
from randomizer.errors import Refused

PLAN = PeriodPlan(
    number=2, interval_days=168, minimum_interval_days=154, window_before_days=7, window_after_days=21
)
GIVEN = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)


def test_the_window_counts_from_the_infusion_actually_given() -> None:
    limits = window(PLAN, GIVEN)
    assert limits is not None
    assert limits.due_on == date(2027, 5, 14)
    assert limits.not_before == date(2027, 4, 30)
    assert (limits.opens_on, limits.closes_on) == (date(2027, 5, 7), date(2027, 6, 4))


def test_without_an_infusion_before_there_is_no_window() -> None:
    assert window(PLAN, None) is None
    demand_interval(PLAN, None, GIVEN)
    assert not outside(PLAN, None, GIVEN)


@pytest.mark.promise(19)
def test_a_day_too_early_is_refused_with_the_first_possible_date() -> None:
    with pytest.raises(Refused) as refusal:
        demand_interval(PLAN, GIVEN, datetime(2027, 4, 29, 23, 59, tzinfo=UTC))
    assert refusal.value.message == (
        "Period 2 can be given from 30 Apr 2027 (154 days after the infusion on 27 Nov 2026); "
        "got 29 Apr 2027. Nothing was changed."
    )
    assert refusal.value.next_step == "Choose 30 Apr 2027 or later."
    demand_interval(PLAN, GIVEN, datetime(2027, 4, 30, 0, 0, tzinfo=UTC))


@given(days=st.integers(0, 400))
def test_a_day_is_too_early_in_the_window_or_outside_it(days: int) -> None:
    moment = GIVEN + timedelta(days=days)
    try:
        demand_interval(PLAN, GIVEN, moment)
    except Refused:
        assert days < 154
    else:
        assert days >= 154
    assert outside(PLAN, GIVEN, moment) == (not 161 <= days <= 189)


def test_the_minimum_interval_cuts_the_window() -> None:
    tight = PeriodPlan(
        number=2, interval_days=168, minimum_interval_days=166, window_before_days=7, window_after_days=0
    )
    limits = window(tight, GIVEN)
    assert limits is not None
    assert limits.opens_on == limits.not_before


def test_dates_read_as_people_write_them() -> None:
    assert day(date(2027, 5, 4)) == "4 May 2027"
