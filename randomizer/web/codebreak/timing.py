"""How long answers took: chart, table, and the same for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template

from randomizer import masking
from randomizer.services.views import answer_times
from randomizer.web import plots, words
from randomizer.web.codebreak.pages import codebreak, looking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from randomizer.masking import View

READERS = masking.ALLOWED[answer_times.KIND]["seconds"].roles
SECONDS = 60  # of a minute


@codebreak.get("/code-breaks/times")
def times() -> str:
    """Minutes from opening the participant's page to the answer, one dot for each code break."""
    with looking() as seen:
        found = answer_times.of(seen)
        names = {site.code: site.name for site in seen.definition.sites}
    rows = [
        (
            words.moment(one["answered_at"]),
            names[one["site"]],
            words.capital(one["way"]),
            spoken(one["seconds"]),
        )
        for one in found
    ]
    plot = plots.dot_chart(
        [(one["answered_at"].date(), one["seconds"] / SECONDS) for one in found],
        title="From page to answer",
        description=_described(found),
        y_label="Minutes",
        table=(("Answered", "Site", "Told", "Time"), rows),
    )
    return render_template("codebreak/times.html", found=found, plot=plot, said=_described(found))


def spoken(seconds: int) -> str:
    """A time in words: "2 min 05 s"."""
    return f"{seconds // SECONDS} min {seconds % SECONDS:02d} s"


def _described(found: Sequence[View]) -> str:
    if not found:
        return "No answer was timed yet."
    taken = sorted(one["seconds"] for one in found)
    middle = taken[len(taken) // 2]
    return f"{len(taken)} timed; the middle one took {spoken(middle)}, the longest {spoken(taken[-1])}."
