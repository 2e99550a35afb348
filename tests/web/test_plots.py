"""Plots: what they draw, what they say, and that they escape."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from randomizer.web.plots import Window, X, dot_chart, step_chart, window_chart

START = date(2026, 3, 2)


def chart(points: list[tuple[X, float]], title: str = "Randomized") -> ET.Element:
    drawn = step_chart(points, title=title, description="It rises.", x_label="Seconds", y_label="Count")
    return ET.fromstring(drawn)  # noqa: S314 - our own markup


def texts(figure: ET.Element) -> list[str]:
    return [element.text or "" for element in figure.iter("text")]


def cells(figure: ET.Element) -> list[list[str]]:
    return [[cell.text or "" for cell in row] for row in figure.iter("tr")][1:]


def test_the_table_holds_every_point() -> None:
    figure = chart([(START, 1), (START + timedelta(days=40), 3)])
    assert cells(figure) == [["2 Mar 2026", "1"], ["11 Apr 2026", "3"]]


def test_the_drawing_is_named_and_described() -> None:
    svg = next(chart([(START, 1)]).iter("svg"))
    names = {element.get("id"): element.text for element in svg if element.get("id")}
    assert svg.get("role") == "img"
    assert [names[name] for name in (svg.get("aria-labelledby") or "").split()] == ["Randomized", "It rises."]


def test_no_point_is_said_in_words() -> None:
    figure = chart([])
    assert list(figure.iter("svg")) == []
    assert [p.text for p in figure.iter("p")] == ["Nothing to draw yet."]


def test_a_long_table_is_folded_and_a_short_one_open() -> None:
    short, long = ([(START + timedelta(days=day), day) for day in range(count)] for count in (3, 144))
    assert [next(chart(list(points)).iter("details")).get("open") for points in (short, long)] == [
        "open",
        None,
    ]


def test_days_need_no_label_and_seconds_have_one() -> None:
    assert "Seconds" not in texts(chart([(START, 1), (START + timedelta(days=9), 2)]))
    assert "Seconds" in texts(chart([(0, 12), (5, 40)]))


def test_hours_are_written_with_their_minutes() -> None:
    at = datetime(2026, 11, 27, 14, 32, tzinfo=UTC)
    assert cells(chart([(at, 1), (at + timedelta(hours=1), 2)]))[0] == ["27 Nov 2026, 14:32", "1"]


def test_what_is_written_is_escaped() -> None:
    drawn = step_chart([(0, 1)], title="<b>", description="&", x_label="<i>", y_label='"')
    assert "<b>" not in drawn
    assert "<i>" not in drawn
    assert "style" not in drawn


@given(st.lists(st.integers(min_value=0, max_value=100_000), min_size=1, max_size=40))
def test_every_value_lies_inside_the_drawing_under_round_ticks(values: list[int]) -> None:
    figure = chart(list(enumerate(sorted(values))))
    width, height = (float(part) for part in (next(figure.iter("svg")).get("viewBox") or "").split()[2:])
    dot = next(figure.iter("circle"))
    assert 0 <= float(dot.get("cx", "-1")) <= width
    assert 0 <= float(dot.get("cy", "-1")) <= height
    lines = [line for line in figure.iter("line") if line.get("class") in ("grid", "axis")]
    assert 2 <= len(lines) <= 6


def test_a_window_shows_its_day_filled_when_given_and_hollow_when_booked() -> None:
    opens, closes = date(2026, 11, 13), date(2026, 12, 11)
    windows = [
        Window(label="1042", opens=opens, closes=closes, given=date(2026, 11, 27)),
        Window(label="1043", opens=opens, closes=closes, booked=date(2026, 12, 1)),
        Window(label="1047", opens=opens, closes=closes),
    ]
    drawn = window_chart(windows, title="Windows", description="Three.", today=date(2026, 11, 20))
    figure = ET.fromstring(drawn)  # noqa: S314 - our own markup
    assert [mark.get("class") for mark in figure.iter("circle")] == ["mark", "mark hollow"]
    assert len([line for line in figure.iter("line") if line.get("class") == "today"]) == 1
    assert cells(figure)[2] == ["1047", "13 Nov 2026", "11 Dec 2026", "none", "none"]


def test_a_window_of_one_day_is_still_drawn() -> None:
    drawn = window_chart([Window(label="1042", opens=START, closes=START)], title="W", description="One.")
    figure = ET.fromstring(drawn)  # noqa: S314 - our own markup
    assert float(next(figure.iter("rect")).get("width", "0")) > 0
    assert "Dashed" not in drawn


def test_single_measurements_are_dots_with_all_that_is_told_of_them() -> None:
    days = [START + timedelta(days=day) for day in (0, 3, 40)]
    rows = [(str(day), "Toulouse") for day in days]
    drawn = dot_chart(
        [(day, 2.5) for day in days],
        title="Times",
        description="Three.",
        y_label="Minutes",
        table=(("When", "Site"), rows),
    )
    figure = ET.fromstring(drawn)  # noqa: S314 - our own markup
    assert len(list(figure.iter("circle"))) == len(days)
    assert cells(figure) == [list(row) for row in rows]
    nothing = dot_chart([], title="Times", description="", y_label="", table=((), ()))
    assert "Nothing to draw yet." in nothing
