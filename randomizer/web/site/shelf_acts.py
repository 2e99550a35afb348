"""The act upon several kits of a shelf at once: a temperature that left its limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.errors import Faulty
from randomizer.services import acting
from randomizer.services.care import excursions
from randomizer.services.care.excursions import Excursion
from randomizer.services.views import accountability
from randomizer.web.forms import STILL_HERE, WHY, Field, together
from randomizer.web.site import bodies
from randomizer.web.site.acts import ActPage, Call, Loaded

if TYPE_CHECKING:
    from randomizer.services.views.sight import Sight
    from randomizer.web.forms import Form

LINES = re.compile(r"[\r\n\t]+")  # what a scanner sends after a code; a label's own separator is none of them
LOGGER = (
    Field(
        name="lowest_c",
        label="Lowest temperature",
        unit="°C",
        width="short",
        needed="The lowest temperature is missing: read it off the logger.",
    ),
    Field(
        name="highest_c",
        label="Highest temperature",
        unit="°C",
        width="short",
        needed="The highest temperature is missing: read it off the logger.",
    ),
    Field(
        name="minutes",
        label="Time outside the limits",
        unit="minutes",
        width="short",
        inputmode="numeric",
        needed="The minutes outside the limits are missing.",
    ),
)
EXCURSION = (
    Field(
        name="kits",
        label="Scan every kit that was on this shelf",
        type="textarea",
        hint="One after the other, one in each line. Or type the kit numbers.",
        rows=4,
        needed="Scan the kits that were on the shelf.",
    ),
    *LOGGER,
    WHY,
)


class OfShelf:
    """Acts on kits of a shelf."""

    name = "shelf"
    rule = "/accountability"

    def load(self, sight: Sight, key: str) -> Loaded:  # noqa: ARG002 - the kits are scanned on the page
        """See `Subject`."""
        return Loaded(key="", caption=sight.definition.trial_id.upper(), back="Accountability", facts={})

    def demand(self, sight: Sight, key: str, act: Act) -> None:  # noqa: ARG002
        """See `Subject`."""
        acting.in_phase(sight.uow, act)

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:  # noqa: ARG002
        """See `Subject`."""
        return {"totals": accountability.log(sight)["totals"]}


def logger_shows(form: Form) -> Excursion:
    """What was read off a logger.

    Raises:
        Faulty: One of the three is no whole number, or no logger can show it.
    """
    lowest_c, highest_c, minutes = together(
        lambda: form.degrees("lowest_c"), lambda: form.degrees("highest_c"), lambda: form.whole("minutes")
    )
    shown = Excursion(lowest_c=lowest_c, highest_c=highest_c, minutes=minutes)
    if faults := tuple(shown.faults()):
        raise Faulty(faults, next_step=STILL_HERE)
    return shown


def _record(call: Call) -> object:
    form = call.form
    scanned = [line for line in LINES.split(form.text("kits")) if line.strip()]
    _, shown = together(
        lambda: excursions.demand_kits(call.uow, call.person, scanned), lambda: logger_shows(form)
    )
    return excursions.record(call.uow, call.person, scanned, excursion=shown, why=form.text("why"))


PAGES = (
    ActPage(
        act=Act.KIT_QUARANTINED,
        slug="excursion",
        title="Record a temperature excursion",
        lead="The kits go into quarantine and are not handed out. Where one was ready, ask for another kit.",
        button="Put these kits into quarantine",
        done="The excursion is recorded, and the kits are in quarantine.",
        body=bodies.Excursion,
        asks=lambda _sight, _key: EXCURSION,
        run=_record,
        scans=True,
    ),
)
