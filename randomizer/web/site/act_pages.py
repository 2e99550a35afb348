"""The pages of all acts in the tables: a form, what is signed, one button; refused, it comes back as was."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import redirect, render_template, request, url_for

from randomizer.errors import Conflict, NotFound, Refused, StepUpRefused, Stopped, Tampered, Unwritable
from randomizer.web import auth, idle, problems, signing, words
from randomizer.web.door import this
from randomizer.web.forms import Form, together
from randomizer.web.site.acts import Call
from randomizer.web.site.assessment_acts import PAGES as ASSESSMENT_PAGES
from randomizer.web.site.assessment_acts import OfAssessment
from randomizer.web.site.ending_acts import PAGES as ENDING_PAGES
from randomizer.web.site.enrolment_acts import PAGES as ENROLMENT_PAGES
from randomizer.web.site.infusion_acts import PAGES as INFUSION_PAGES
from randomizer.web.site.kit_acts import PAGES as KIT_PAGES
from randomizer.web.site.kit_acts import OfKit
from randomizer.web.site.pages import looking, site
from randomizer.web.site.participant_subject import OfParticipant
from randomizer.web.site.shelf_acts import PAGES as SHELF_PAGES
from randomizer.web.site.shelf_acts import OfShelf
from randomizer.web.site.stock_acts import PAGES as STOCK_PAGES
from randomizer.web.site.stock_acts import OfStockTake
from randomizer.web.site.task_acts import PAGES as TASK_PAGES
from randomizer.web.site.task_acts import OfTask
from randomizer.web.site.trial_acts import ALARM_PAGES, SITE_PAGES, TRIAL_PAGES, OfAlarm, OfSite, OfTrial
from randomizer.web.throttle import TriedTooOften

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from randomizer.errors import RandomizerError
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import UnitOfWork
    from randomizer.services.views.sight import Sight
    from randomizer.web.forms import Field
    from randomizer.web.site.acts import ActPage, Loaded, Subject

SHOWN_AGAIN = (Refused, StepUpRefused, TriedTooOften, Conflict, Stopped, Unwritable)
"""Refusals that leave the person on the form, with all that was typed."""

PARTICIPANT_PAGES = (*ENROLMENT_PAGES, *INFUSION_PAGES, *ENDING_PAGES)
"""In the order in which a participant's page offers them."""

TABLES: tuple[tuple[Subject, tuple[ActPage, ...], str], ...] = (
    (OfParticipant(), PARTICIPANT_PAGES, "site.participant"),
    (OfSite(), SITE_PAGES, "site.sites"),
    (OfTrial(), TRIAL_PAGES, "site.progress"),
    (OfAlarm(), ALARM_PAGES, "site.alarms"),
    (OfKit(), KIT_PAGES, "site.kit"),
    (OfShelf(), SHELF_PAGES, "site.stock"),
    (OfStockTake(), STOCK_PAGES, "site.stock_take"),
    (OfTask(), TASK_PAGES, "site.tasks"),
    (OfAssessment(), ASSESSMENT_PAGES, "site.participant"),
)
"""What acts are about, the acts, and the page to go to afterwards."""
OWN_PAGES = frozenset({"site.participant", "site.kit", "site.stock_take"})
"""Pages of one thing each, named by its key."""


def endpoint(subject: Subject, page: ActPage) -> str:
    """Name of an act's endpoint within the blueprint, such as "participant_book"."""
    return f"{subject.name}_{page.slug.replace('-', '_')}"


def signer(form: Form, uow: UnitOfWork) -> Callable[[], StepUp]:
    """What re-authenticates the person who is signed in, with what a form brought."""
    return lambda: signing.step_up(form, uow)


def status_of_refusal(form: Form, error: RandomizerError) -> int:
    """Put a refusal into the form; returns the status of the page that shows it again.

    Raises:
        Tampered: A bent record is no matter of the form.
    """
    if isinstance(error, Tampered):
        raise error
    form.refuse(error)
    return problems.status_of(error)


def _register(subject: Subject, page: ActPage, home: str) -> None:
    def view(key: str = "") -> str | Response | tuple[str, int]:
        auth.demand_act(page.act)
        with looking() as sight:
            loaded = subject.load(sight, key)
            blocked = _in_the_way(subject, sight, key, page)
            fields, filled = page.asks(sight, key), page.filled(sight, key)
        back = loaded.home or loaded.key
        if request.method == "GET":
            if blocked is not None:
                return closed(page.title, loaded, blocked, _home(home, back))
            return _shown(page, loaded, idle.form(fields, filled | _scanned(page, fields)), home)
        form = Form.posted(fields, request.form)
        signing.read(form)
        try:
            if blocked is not None:
                raise blocked
            beside = signing.needed(form) if page.meaning else ()
            together(partial(page.checks, form), partial(form.demand_filled, *beside))
            with this().store.writing() as uow:
                page.run(Call(uow, auth.person(), loaded.key, form, signer(form, uow)))
        except SHOWN_AGAIN as error:
            status = status_of_refusal(form, error)
            return _shown(page, loaded, form, home, blocked), status
        onward = page.onward(form) if page.onward else _home(home, back, done=page.slug)
        return redirect(onward, code=303)

    site.add_url_rule(
        f"{subject.rule}/{page.slug}",
        endpoint=endpoint(subject, page),
        view_func=view,
        methods=["GET", "POST"],
    )


def _scanned(page: ActPage, fields: tuple[Field, ...]) -> dict[str, str]:
    """What was scanned before the page was opened, for the field that takes a scan."""
    name = fields[0].name if page.scans else ""
    return {name: request.args[name]} if name in request.args else {}


def _in_the_way(subject: Subject, sight: Sight, key: str, page: ActPage) -> RandomizerError | None:
    try:
        subject.demand(sight, key, page.act)
    except Tampered:
        raise
    except (Refused, NotFound, Stopped) as error:
        return error
    return None


def closed(title: str, loaded: Loaded, error: RandomizerError, back: str) -> tuple[str, int]:
    """The page of an act that cannot succeed now: why, and what to do instead of a form.

    Args:
        title: Of the act's page.
        loaded: What the act is about.
        error: What stands in the way.
        back: Where the person goes on.
    """
    page = render_template("site/closed.html", title=title, loaded=loaded, error=error, back=back)
    return page, problems.status_of(error)


def _shown(
    page: ActPage, loaded: Loaded, form: Form, home: str, blocked: RandomizerError | None = None
) -> str:
    return render_template(
        "site/act.html",
        page=page,
        loaded=loaded,
        facts=[fact for name, fact in loaded.facts.items() if name.split()[0] in page.facts],
        form=form,
        blocked=blocked,
        back=_home(home, loaded.home or loaded.key),
        signer=auth.person(),
        roles=", ".join(sorted(auth.person().roles)),
        at=words.moment(this().store.clock()),
    )


def _home(home: str, key: str, **query: str) -> str:
    values: dict[str, Any] = {"key": key} if home in OWN_PAGES else {}
    return url_for(home, **(values | query))


def done_sentence(slug: str) -> str:
    """What a record's page says after an act, or ""."""
    return next((page.done for _, pages, _ in TABLES for page in pages if page.slug == slug), "")


for _subject, _pages, _home_page in TABLES:
    for _page in _pages:
        _register(_subject, _page, _home_page)
