"""The acts on sites, on the trial and on alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.domain.records import Alarm
from randomizer.domain.trial import SiteStatus
from randomizer.errors import NotFound
from randomizer.services import acting, alarms, conduct
from randomizer.web import exchange, words
from randomizer.web.forms import WHY
from randomizer.web.site import bodies
from randomizer.web.site.acts import ActPage, Loaded

if TYPE_CHECKING:
    from randomizer.services.views.sight import Sight
    from randomizer.web.forms import Field


class OfSite:
    """Acts on one site."""

    name = "site"
    rule = "/sites/<key>"

    def load(self, sight: Sight, key: str) -> Loaded:
        """See `Subject`."""
        status = sight.show(sight.uow.get(SiteStatus, key, what="site"), site=key)
        plan = sight.definition.site(key)
        return Loaded(
            key=key,
            caption=plan.name,
            back="Sites",
            facts={
                "site": ("Site", f"{plan.name} ({key})"),
                "country": ("Country", plan.country),
                "state": ("State", words.capital(str(status["state"]))),
            },
        )

    def demand(self, sight: Sight, key: str, act: Act) -> None:
        """See `Subject`."""
        conduct.demand_possible(sight.uow, act, key)

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:
        """See `Subject`."""
        return {"site": sight.show(sight.uow.get(SiteStatus, key, what="site"), site=key)}


class OfTrial:
    """Acts on the trial itself."""

    name = "trial"
    rule = "/trial"

    def load(self, sight: Sight, key: str) -> Loaded:  # noqa: ARG002 - there is one trial
        """See `Subject`."""
        return Loaded(
            key="",
            caption=sight.definition.trial_id.upper(),
            back="Enrolment",
            facts={
                "trial": ("Trial", sight.definition.title),
                "phase": ("Phase", words.capital(str(sight.show(sight.trial)["phase"]))),
            },
        )

    def demand(self, sight: Sight, key: str, act: Act) -> None:  # noqa: ARG002
        """See `Subject`."""
        acting.in_phase(sight.uow, act)

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:  # noqa: ARG002 - there is one trial
        """See `Subject`."""
        return {"trial": sight.show(sight.trial)}


class OfAlarm:
    """Acts on one alarm."""

    name = "alarm"
    rule = "/alarms/<key>"

    def load(self, sight: Sight, key: str) -> Loaded:
        """See `Subject`."""
        alarm = sight.show(_alarm(sight, key))
        return Loaded(
            key=key,
            caption=f"Alarm {key}",
            back="Alarms",
            facts={
                "kind": ("What", words.capital(str(alarm["kind"]))),
                "about": ("About", alarm.get("about", words.NONE)),
                "raised": ("Raised", words.moment(alarm["raised_at"])),
            },
        )

    def demand(self, sight: Sight, key: str, act: Act) -> None:  # noqa: ARG002 - an alarm has one
        """See `Subject`."""
        alarms.demand_standing(_alarm(sight, key))

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:
        """See `Subject`."""
        return {"alarm": sight.show(_alarm(sight, key))}


def _alarm(sight: Sight, key: str) -> Alarm:
    if not (key.isascii() and key.isdigit() and len(key) < 10):  # noqa: PLR2004
        raise NotFound("There is no such alarm.", next_step="Open the list of alarms.")
    return sight.uow.get(Alarm, int(key), what="alarm")


def _why(_sight: Sight, _key: str) -> tuple[Field, ...]:
    return (WHY,)


SITE_PAGES = (
    ActPage(
        act=Act.SITE_OPENED,
        slug="open",
        title="Open this site",
        lead="From now on the site can enrol and treat.",
        button="Sign and open this site",
        done="The site is open.",
        meaning=conduct.OPEN_MEANING,
        body=exchange.Signed,
        facts=("site", "country", "state"),
        run=lambda call: conduct.open_site(call.uow, call.person, call.sign(), call.key),
    ),
    ActPage(
        act=Act.SITE_CLOSED,
        slug="close",
        title="Close this site",
        lead="Nobody is enrolled or randomized here any more. Participants are treated to their end.",
        button="Close this site",
        done="The site is closed.",
        body=bodies.Why,
        asks=_why,
        facts=("site", "country", "state"),
        run=lambda call: conduct.close_site(call.uow, call.person, call.key, call.form.text("why")),
    ),
)
TRIAL_PAGES = (
    ActPage(
        act=Act.ENROLMENT_CLOSED,
        slug="close-enrolment",
        title="Close enrolment",
        lead="Nobody new is enrolled. Participants already harvested can still be randomized.",
        button="Close enrolment",
        done="Enrolment is closed.",
        body=bodies.Why,
        asks=_why,
        facts=("trial", "phase"),
        run=lambda call: conduct.close_enrolment(call.uow, call.person, call.form.text("why")),
    ),
    ActPage(
        act=Act.TRIAL_TERMINATED,
        slug="terminate",
        title="Terminate the trial early",
        lead="Nobody is enrolled, randomized or treated any more. What has begun is recorded to its end. "
        "This cannot be undone.",
        button="Sign and terminate the trial",
        done="The trial is terminated.",
        meaning=conduct.TERMINATE_MEANING,
        body=exchange.SignedWhy,
        asks=_why,
        facts=("trial", "phase"),
        run=lambda call: conduct.terminate(call.uow, call.person, call.sign(), call.form.text("why")),
    ),
)
ALARM_PAGES = (
    ActPage(
        act=Act.ALARM_CLEARED,
        slug="clear",
        title="Clear this alarm",
        lead="Allocation goes on when no alarm about a record stands.",
        button="Clear this alarm",
        done="The alarm is cleared.",
        body=bodies.Why,
        asks=_why,
        facts=("kind", "about", "raised"),
        run=lambda call: alarms.clear(call.uow, call.person, int(call.key), call.form.text("why")),
    ),
)
