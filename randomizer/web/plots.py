"""Plots as inline SVG with title, description and the numbers as a table; pure: values in, markup out.

No style attribute and no script: colours come from the classes in `static/style.css`, so the markup lives
under a content security policy without unsafe-inline. Nothing may be drawn per treatment on the blinded side.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

X = date | datetime | int | float  # one kind per chart; datetimes are UTC, aware

WIDTH: Final = 640  # user units; the drawing scales with the page
HEIGHT: Final = 300
LEFT: Final = 64
RIGHT: Final = 16
TOP: Final = 48
BOTTOM: Final = 48
ROW: Final = 76  # one window: its label above its bar
BAR: Final = 22
GAPS: Final = 3  # between the ticks along the bottom
OPEN_TABLE_ROWS: Final = 12  # a longer table is folded
NARROW_COLUMNS: Final = 3  # as many fit on a phone side by side
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NOTHING: Final = "Nothing to draw yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of days in which something can be done.

    Args:
        label: Whose window, and of what: "1042 · period 2".
        opens: First day on which it can be done.
        closes: Last day of the visit window.
        booked: The day it is booked for, if it is.
        given: The day it was done, if it was.
    """

    label: str
    opens: date
    closes: date
    booked: date | None = None
    given: date | None = None


def step_chart(
    points: Sequence[tuple[X, float]], *, title: str, description: str, x_label: str, y_label: str
) -> Markup:
    """Draw a value that holds until the next point: a count over time.

    Args:
        points: (when or where, value) in rising order; values are zero or more.
        title: Heading of the figure; its id comes from it, so it differs between the figures of a page.
        description: One sentence that says what the drawing shows, for whoever can't see it.
        x_label: What runs along the bottom; first column of the table, and drawn unless it is days.
        y_label: What is counted; second column of the table.
    """
    figure = _figure(title)
    if not points:
        _child(figure, "p", NOTHING)
        return _markup(figure)
    along = "" if isinstance(points[0][0], date) else x_label
    svg = _svg(figure, HEIGHT + (36 if along else 0), title, description)
    across = _Axis(_place(points[0][0]), _place(points[-1][0]), LEFT, WIDTH - RIGHT)
    up = _grid(svg, max(y for _, y in points), y_label)
    path = f"M{LEFT} {up.at(points[0][1]):.1f}"
    path += "".join(f"H{across.at(_place(x)):.1f}V{up.at(y):.1f}" for x, y in points[1:])
    _child(svg, "path", None, {"class": "area", "d": f"{path}V{up.at(0):.1f}H{LEFT}Z"})
    _child(svg, "path", None, {"class": "value", "d": path})
    _mark(svg, across.at(_place(points[-1][0])), up.at(points[-1][1]))
    _bottom(svg, across, points[0][0], HEIGHT - BOTTOM + 32)
    if along:
        _text(svg, WIDTH - RIGHT, HEIGHT + 24, along, anchor="end")
    _table(figure, title, (x_label, y_label), [(_words(x), _plain(y)) for x, y in points])
    return _markup(figure)


def dot_chart(
    points: Sequence[tuple[date, float]],
    *,
    title: str,
    description: str,
    y_label: str,
    table: tuple[tuple[str, ...], Sequence[tuple[str, ...]]],
) -> Markup:
    """Draw single measurements, each on its day.

    Args:
        points: (when, value) in rising order of time; values are zero or more.
        title: Heading of the figure; its id comes from it, so it differs between the figures of a page.
        description: One sentence that says what the drawing shows, for whoever can't see it.
        y_label: What is measured.
        table: Headings, and a row for each point with all that is told of it.
    """
    figure = _figure(title)
    if not points:
        _child(figure, "p", NOTHING)
        return _markup(figure)
    svg = _svg(figure, HEIGHT, title, description)
    across = _Axis(_place(points[0][0]), _place(points[-1][0]), LEFT, WIDTH - RIGHT)
    up = _grid(svg, max(y for _, y in points), y_label)
    for x, y in points:
        _mark(svg, across.at(_place(x)), up.at(y))
    _bottom(svg, across, points[0][0], HEIGHT - BOTTOM + 32)
    _table(figure, title, *table)
    return _markup(figure)


def window_chart(
    windows: Sequence[Window], *, title: str, description: str, today: date | None = None
) -> Markup:
    """Draw windows as bars under one another, with the booked and the given day on them.

    Args:
        windows: In the order in which they are shown.
        title: Heading of the figure; its id comes from it, so it differs between the figures of a page.
        description: One sentence that says what the drawing shows, for whoever can't see it.
        today: Drawn as a dashed line when given.
    """
    figure = _figure(title)
    if not windows:
        _child(figure, "p", NOTHING)
        return _markup(figure)
    days = [day for w in windows for day in (w.opens, w.closes, w.booked, w.given, today) if day]
    foot = len(windows) * ROW + 12
    svg = _svg(figure, foot + 40, title, description)
    across = _Axis(min(days).toordinal(), max(days).toordinal(), 12, WIDTH - 12)
    _line(svg, (0, foot), (WIDTH, foot), "axis")
    for row, window in enumerate(windows):
        _bar(svg, window, across, row * ROW)
    if today:
        place = across.at(today.toordinal())
        _line(svg, (place, 0), (place, foot), "today")
    for row, window in enumerate(windows):
        _day(svg, window, across, row * ROW)
    _bottom(svg, across, min(days), foot + 32)
    legend = "Bar: window. Ring: booked. Filled: given." + (" Dashed line: today." if today else "")
    _child(figure, "p", legend, {"class": "legend"})
    rows = [(w.label, *(_words(day) for day in (w.opens, w.closes, w.booked, w.given))) for w in windows]
    _table(figure, title, ("Participant", "Opens", "Closes", "Booked", "Given"), rows)
    return _markup(figure)


@dataclass(frozen=True, slots=True)
class _Axis:
    """A straight map from values (low, high) to user units (start, end)."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        span = self.high - self.low
        return self.start + (self.end - self.start) * ((value - self.low) / span if span else 0)


def _grid(svg: ET.Element, highest: float, label: str) -> _Axis:
    """Draw the lines that values are read against; returns the axis from the bottom up."""
    ticks = _ticks(highest)
    up = _Axis(0, ticks[-1], HEIGHT - BOTTOM, TOP)
    _text(svg, 0, 20, label)
    for tick in ticks:
        _line(svg, (LEFT, up.at(tick)), (WIDTH - RIGHT, up.at(tick)), "grid" if tick else "axis")
        _text(svg, LEFT - 10, up.at(tick) + 6, _plain(tick), anchor="end")
    return up


def _bar(svg: ET.Element, window: Window, across: _Axis, top: float) -> None:
    first, last = across.at(window.opens.toordinal()), across.at(window.closes.toordinal())
    sizes = {"x": first, "y": top + 36, "width": max(last - first, 4), "height": BAR, "rx": 3}
    _child(svg, "rect", None, {"class": "window", **{key: f"{size:.1f}" for key, size in sizes.items()}})


def _day(svg: ET.Element, window: Window, across: _Axis, top: float) -> None:
    """Write the label of a window, and mark its booked or given day, over whatever lies beneath."""
    first = across.at(window.opens.toordinal())
    late = first > WIDTH / 2
    _text(svg, WIDTH - 12 if late else first, top + 26, window.label, anchor="end" if late else "start")
    day = window.given or window.booked
    if day:
        _mark(svg, across.at(day.toordinal()), top + 36 + BAR / 2, hollow=window.given is None)


def _bottom(svg: ET.Element, across: _Axis, kind: X, y: float) -> None:
    """Write the values along the bottom; those between the first and the last leave a narrow page."""
    if across.low == across.high:
        _text(svg, across.start, y, _words(kind))
        return
    for step in range(GAPS + 1):
        value = across.low + (across.high - across.low) * step / GAPS
        anchor = {0: "start", GAPS: "end"}.get(step, "middle")
        words = _words(_value(value, kind))
        _text(svg, across.at(value), y, words, anchor=anchor, minor=anchor == "middle")


def _place(x: X) -> float:
    if isinstance(x, datetime):
        return x.timestamp()
    return x.toordinal() if isinstance(x, date) else x


def _value(place: float, kind: X) -> X:
    """Turn a place on the axis back into a value of the kind that the chart shows."""
    if isinstance(kind, datetime):
        return datetime.fromtimestamp(place, UTC)
    return date.fromordinal(round(place)) if isinstance(kind, date) else round(place, 1)


def _words(x: X | None) -> str:
    if x is None:
        return "none"
    if not isinstance(x, date):
        return _plain(x)
    day = f"{x.day} {MONTHS[x.month - 1]} {x.year}"
    return f"{day}, {x:%H:%M}" if isinstance(x, datetime) else day


def _plain(value: float) -> str:
    return f"{value:g}"


def _ticks(highest: float) -> list[float]:
    """Return round values from zero to at or above the highest, at most six."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * 5 >= highest:
                count = max(1, -int(-highest // step))
                return [float(step * n) for n in range(count + 1)]
        size *= 10


def _slug(title: str) -> str:
    return "plot-" + "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())


def _figure(title: str) -> ET.Element:
    figure = ET.Element("figure", {"class": "plot"})
    _child(figure, "figcaption", title)
    return figure


def _svg(figure: ET.Element, height: float, title: str, description: str) -> ET.Element:
    name = _slug(title)
    labels = {"role": "img", "aria-labelledby": f"{name}-title {name}-desc"}
    svg = _child(figure, "svg", None, {"viewBox": f"0 0 {WIDTH} {height:g}", **labels})
    _child(svg, "title", title, {"id": f"{name}-title"})
    _child(svg, "desc", description, {"id": f"{name}-desc"})
    return svg


def _table(figure: ET.Element, title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Put the numbers under the drawing, folded when they are many, as cards on a phone when they are wide.

    The roles are named because a table shown as cards is no longer a table to a screen reader.
    """
    details = _child(figure, "details", None, {"open": "open"} if len(rows) <= OPEN_TABLE_ROWS else {})
    _child(details, "summary", "The numbers as a table")
    wide = {"class": "cards", "role": "table"} if len(columns) > NARROW_COLUMNS else {"role": "table"}
    table = _child(details, "table", None, wide)
    _child(table, "caption", title, {"class": "visually-hidden"})
    head = _child(_child(table, "thead", None, {"role": "rowgroup"}), "tr", None, {"role": "row"})
    for column in columns:
        _child(head, "th", column, {"scope": "col", "role": "columnheader"})
    body = _child(table, "tbody", None, {"role": "rowgroup"})
    for row in rows:
        line = _child(body, "tr", None, {"role": "row"})
        for column, cell in zip(columns, row, strict=True):
            names = {"role": "cell"} if len(line) else {"scope": "row", "role": "rowheader"}
            _child(line, "td" if len(line) else "th", cell, {**names, "data-label": column})


def _child(
    parent: ET.Element, tag: str, text: str | None = None, attributes: dict[str, str] | None = None
) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes or {})
    element.text = text
    return element


def _text(
    svg: ET.Element, x: float, y: float, words: str, *, anchor: str = "start", minor: bool = False
) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    _child(svg, "text", words, {**place, "class": "minor"} if minor else place)


def _line(svg: ET.Element, start: tuple[float, float], end: tuple[float, float], name: str) -> None:
    places = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    _child(svg, "line", None, {"class": name, **{key: f"{place:.1f}" for key, place in places.items()}})


def _mark(svg: ET.Element, x: float, y: float, *, hollow: bool = False) -> None:
    name = "mark hollow" if hollow else "mark"
    _child(svg, "circle", None, {"class": name, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "8"})


def _markup(figure: ET.Element) -> Markup:
    return Markup(ET.tostring(figure, encoding="unicode", method="html"))  # noqa: S704 - the tree escapes
