"""Judging eligibility: all findings at once, each a sentence with field and rule."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from randomizer.domain.eligibility import ItemAnswer, judge, judge_value

if TYPE_CHECKING:
    from randomizer.domain.definition import Check, Definition

pytestmark = pytest.mark.requirement("eligibility")
TODAY = date(2026, 11, 27)
FITTING = {
    "age_years": "35",
    "disease_years": "5.5",
    "edss": "4.0",
    "last_immunosuppressant": "never",
    "last_interferon_glatiramer": "2026-01-01",
    "last_corticosteroid": "31",
    "last_relapse": "Never",
    "egfr": "95",
}


def answers(mesems: Definition, **changed: str) -> dict[str, ItemAnswer]:
    values = FITTING | changed
    return {
        item.code: ItemAnswer(
            confirmed=True, values={check.field: values[check.field] for check in item.checks}
        )
        for item in mesems.eligibility
    }


def check_of(mesems: Definition, field: str) -> Check:
    return next(check for item in mesems.eligibility for check in item.checks if check.field == field)


def test_a_fitting_participant_has_no_finding(mesems: Definition) -> None:
    assert judge(mesems.items_for("TLS"), answers(mesems), on=TODAY) == ()


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("age_years", "52", "Age must be between 18 and 50 years; got 52."),
        ("age_years", "17.9", "Age must be between 18 and 50 years; got 17.9."),
        ("age_years", "", "Age is missing. It must be between 18 and 50 years."),
        ("age_years", "abc", "Age must be a number with a decimal point, such as 3.5; got 'abc'."),
        ("age_years", "3,5", "Age must be a number with a decimal point, such as 3.5; got '3,5'."),
        ("age_years", "nan", "Age must be a number with a decimal point, such as 3.5; got 'nan'."),
        ("age_years", "520", "Age cannot be 520 years: check what was typed."),
        ("age_years", "-1", "Age cannot be -1 years: check what was typed."),
        ("edss", "2.5", "EDSS must be between 3.0 and 6.5 points; got 2.5."),
        ("edss", "11", "EDSS cannot be 11 points: check what was typed."),
        ("egfr", "59.9", "eGFR must be at least 60 mL/min/1.73 m²; got 59.9."),
        (
            "last_immunosuppressant",
            "2.9",
            "Last immunosuppressant must be at least 3 months ago; got 2.9 months.",
        ),
        (
            "last_immunosuppressant",
            "2026-08-28",
            "Last immunosuppressant must be at least 3 months ago; got 28 Aug 2026, on 27 Nov 2026.",
        ),
        (
            "last_interferon_glatiramer",
            "1",
            "Last interferon beta or glatiramer acetate must be more than 1 month ago; got 1 month.",
        ),
        (
            "last_interferon_glatiramer",
            "2026-10-27",
            (
                "Last interferon beta or glatiramer acetate must be more than 1 month ago; "
                "got 27 Oct 2026, on 27 Nov 2026."
            ),
        ),
        ("last_corticosteroid", "30", "Last corticosteroid must be more than 30 days ago; got 30 days."),
        (
            "last_relapse",
            "2026-11-28",
            "Last relapse cannot lie in the future; got 28 Nov 2026, today is 27 Nov 2026.",
        ),
        (
            "last_relapse",
            "2026-02-30",
            "Last relapse must be a date as YYYY-MM-DD, a number of days, or \"never\"; got '2026-02-30'.",
        ),
        ("last_relapse", "-3", "Last relapse cannot be -3 days ago: check what was typed."),
    ],
)
def test_a_value_that_does_not_hold_is_one_sentence(
    mesems: Definition, field: str, value: str, sentence: str
) -> None:
    findings = judge(mesems.items_for("TLS"), answers(mesems, **{field: value}), on=TODAY)

    assert [(finding.field, finding.sentence) for finding in findings] == [(field, sentence)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("age_years", "18"),
        ("age_years", "50"),
        ("disease_years", "2"),
        ("disease_years", "10.0"),
        ("edss", "6.5"),
        ("egfr", "60"),
        ("last_immunosuppressant", "3"),
        ("last_immunosuppressant", "2026-08-27"),
        ("last_interferon_glatiramer", "1.1"),
        ("last_interferon_glatiramer", "2026-10-26"),
        ("last_corticosteroid", "2026-10-27"),
        ("last_relapse", "61"),
    ],
)
def test_the_edge_holds(mesems: Definition, field: str, value: str) -> None:
    assert judge_value(check_of(mesems, field), value, on=TODAY) == ""


def test_less_than_three_months_and_at_most_one_month_differ_on_the_day(mesems: Definition) -> None:
    three_months_to_the_day = judge_value(check_of(mesems, "last_immunosuppressant"), "3", on=TODAY)
    one_month_to_the_day = judge_value(check_of(mesems, "last_interferon_glatiramer"), "1", on=TODAY)

    assert three_months_to_the_day == ""
    assert one_month_to_the_day != ""


def test_a_month_after_the_31st_ends_with_the_shorter_month(mesems: Definition) -> None:
    check = check_of(mesems, "last_interferon_glatiramer")

    assert judge_value(check, "2026-01-31", on=date(2026, 2, 28)) != ""
    assert judge_value(check, "2026-01-31", on=date(2026, 3, 1)) == ""


def test_a_date_without_a_day_of_judging_is_refused(mesems: Definition) -> None:
    assert "must be a date" in judge_value(check_of(mesems, "last_relapse"), "2026-01-01")


def test_what_is_not_confirmed_or_not_answered_is_found(mesems: Definition) -> None:
    given_answers = answers(mesems) | {"IN03": ItemAnswer(confirmed=False)}
    del given_answers["EX10"]

    found = judge(mesems.items_for("TLS"), given_answers, on=TODAY)

    assert [(finding.item, finding.field) for finding in found] == [("IN03", "IN03"), ("EX10", "EX10")]
    assert found[0].sentence.startswith("Inclusion criterion IN03 is not confirmed as met: Diagnosed")
    assert found[1].sentence.startswith("Exclusion criterion EX10 is not confirmed as absent: Another")


def test_answers_to_unknown_items_and_fields_are_found(mesems: Definition) -> None:
    given_answers = answers(mesems) | {
        "XX": ItemAnswer(confirmed=True),
        "IN03": ItemAnswer(confirmed=True, values={"weight": "70"}),
    }

    assert [finding.sentence for finding in judge(mesems.items_for("TLS"), given_answers, on=TODAY)] == [
        "Criterion IN03 asks for no value 'weight'.",
        "There is no criterion XX at this site.",
    ]


def test_everything_is_found_at_once(mesems: Definition) -> None:
    items = mesems.items_for("TLS")
    checks = sum(len(item.checks) for item in items)

    assert len(judge(items, {}, on=TODAY)) == len(items) + checks


@given(text=st.text(), day=st.dates())
def test_any_text_is_judged(mesems: Definition, text: str, day: date) -> None:
    for item in mesems.eligibility:
        for check in item.checks:
            assert isinstance(judge_value(check, text, on=day), str)


@given(last=st.dates(), day=st.dates())
def test_any_dates_are_judged_and_later_days_never_hold_back_more(
    mesems: Definition, last: date, day: date
) -> None:
    check = check_of(mesems, "last_immunosuppressant")
    earlier, later = sorted((day, max(day, last)))

    if judge_value(check, last.isoformat(), on=earlier) == "":
        assert judge_value(check, last.isoformat(), on=later) == ""
