"""The meter: how well sequences could be guessed by now. For the unblinded statistician alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from randomizer import masking
from randomizer.services.unblinded import meter as metering
from randomizer.web import plots, words
from randomizer.web.codebreak.pages import codebreak, desk, looking

if TYPE_CHECKING:
    from collections.abc import Sequence


READERS = masking.ALLOWED[metering.KIND]["guesses"].roles


@codebreak.get("/meter")
def meter() -> str:
    """Expected rates of correct guesses, now and over time."""
    with looking() as seen:
        found = metering.read(seen, desk())
    points = list({one["at"].date(): percent(one["rate"]) for one in found["history"]}.items())
    plot = plots.step_chart(
        points,
        title="Expected rate of correct guesses",
        description=_described(points),
        x_label="Day",
        y_label="Percent",
    )
    rows = [(words.capital(one["knowing"]), one["count"], spoken(one["rate"])) for one in found["guesses"]]
    return render_template(
        "codebreak/meter.html",
        found=found,
        rows=rows,
        design=rows[0][2],
        broken=rows[1][2],
        worst=rows[-1][2],
        surest=spoken(found["surest"]),
        plot=plot,
    )


def percent(rate: float) -> float:
    """Percent with one decimal."""
    return round(100 * rate, 1)


def spoken(rate: float | None) -> str:
    """A rate in words: "66.7 %"."""
    return words.NONE if rate is None else f"{percent(rate):.1f} %"


def _described(points: Sequence[tuple[object, float]]) -> str:
    if not points:
        return "Nobody is randomized yet."
    return f"It begins at {points[0][1]:g} % and stands at {points[-1][1]:g} %."
