"""The acts of the tables as API calls, and enrolment, eligibility and dispensing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any

import rfc8785
from flask import Response, request
from pydantic import BaseModel, Field, StringConstraints

from randomizer.domain.acts import Act
from randomizer.domain.eligibility import ItemAnswer
from randomizer.services import idempotency
from randomizer.services.care import dispensing, enrolment, stock_takes
from randomizer.services.care.enrolment import Answers
from randomizer.services.views import participant_views, sight, stock_views
from randomizer.web import auth
from randomizer.web.door import this
from randomizer.web.forms import Form
from randomizer.web.site import bodies, second
from randomizer.web.site.act_pages import TABLES, signer
from randomizer.web.site.acts import Call
from randomizer.web.site.api import answers
from randomizer.web.site.api.surface import api
from randomizer.web.site.pages import looking
from randomizer.web.site.participant_fields import LEVEL
from randomizer.web.site.participant_subject import OfParticipant
from randomizer.web.site.stock_acts import OfStockTake
from randomizer.web.surface import answer, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.transactions import UnitOfWork
    from randomizer.services.views.sight import Sight
    from randomizer.web.site.acts import ActPage, Subject

FACTOR = ("password", "code", "second_password", "second_code")
ANSWERS: dict[str, type[BaseModel]] = {
    "participant": answers.ParticipantAnswer,
    "site": answers.SiteAnswer,
    "trial": answers.TrialAnswer,
    "alarm": answers.AlarmAnswer,
    "kit": answers.KitAnswer,
    "shelf": answers.ShelfAnswer,
    "stock_take": answers.StockTakeAnswer,
    "task": answers.TaskAnswer,
    "assessment": answers.ParticipantAnswer,
}
PARTICIPANT = OfParticipant()
STOCK_TAKE = OfStockTake()


class Key(BaseModel):
    """What the act is about."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Once(BaseModel):
    """A key of the client's own, new for every act: sent again with the same key, the act is done once."""

    key: Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[!-~]+$")] = Field(
        alias="Idempotency-Key"
    )


def _register(subject: Subject, page: ActPage) -> None:
    def run(key: str, header: Once, body: BaseModel) -> Response:
        form = entered(body)

        def act(uow: UnitOfWork) -> str:
            loaded = subject.load(sight.of(uow, auth.person()), key)
            page.run(Call(uow, auth.person(), loaded.key, form, signer(form, uow)))
            return loaded.key

        return do(page.act, header, body, act, subject.answer, key=key)

    def with_key(path: Key, header: Once, body: BaseModel) -> Response:
        return run(path.key, header, body)

    def without_key(header: Once, body: BaseModel) -> Response:
        return run("", header, body)

    view = with_key if "<key>" in subject.rule else without_key
    view.__name__ = f"{subject.name}_{page.slug.replace('-', '_')}"
    view.__doc__ = f"{page.title}."
    view.__annotations__ = {"path": Key, "header": Once, "body": page.body, "return": object}
    if view is without_key:
        del view.__annotations__["path"]
    api.post(f"{subject.rule}/{page.slug}", responses={200: ANSWERS[subject.name]})(view)


@api.post("/participants", responses={201: answers.ParticipantAnswer})
def enrol(header: Once, body: bodies.Consent) -> Response:
    """Enrol a participant who has consented."""

    def act(uow: UnitOfWork) -> str:
        return enrolment.consent(uow, auth.person(), body.site, replaces=body.replaces).number

    return do(Act.PARTICIPANT_CONSENTED, header, body, act, PARTICIPANT.answer, status=201)


@api.post("/participants/<key>/eligibility", responses={200: answers.ParticipantAnswer})
def confirm(path: Key, header: Once, body: bodies.Eligibility) -> Response:
    """Confirm every eligibility item and sign."""
    given = Answers(
        items={
            code: ItemAnswer(confirmed=item.confirmed, values=item.values)
            for code, item in body.items.items()
        },
        levels=body.levels,
    )

    def act(uow: UnitOfWork) -> str:
        number = participant_views.find(sight.of(uow, auth.person()), path.key).number
        step_up = auth.step_up(password=body.password, code=body.code, uow=uow)
        enrolment.sign_eligibility(uow, auth.person(), step_up, number, given)
        return number

    return do(Act.ELIGIBILITY_SIGNED, header, body, act, PARTICIPANT.answer, key=path.key)


@api.post("/participants/<key>/dispense", responses={200: answers.ParticipantAnswer})
def dispense(path: Key, header: Once, body: bodies.Scan) -> Response:
    """Hand out the kit that was scanned, if it is the right one."""

    def act(uow: UnitOfWork) -> str:
        number = participant_views.find(sight.of(uow, auth.person()), path.key).number
        beside = second.step_up(uow, entered(body), "second person")
        dispensing.dispense(uow, auth.person(), number, body.kit, second=beside)
        return number

    return do(Act.KIT_DISPENSED, header, body, act, PARTICIPANT.answer, key=path.key)


@api.post("/stock-takes", responses={201: answers.StockTakeAnswer})
def open_stock_take(header: Once, body: bodies.OfSite) -> Response:
    """Begin to count the shelf of a site."""

    def act(uow: UnitOfWork) -> str:
        return str(stock_takes.open_take(uow, auth.person(), body.site).number)

    return do(Act.STOCK_TAKE_OPENED, header, body, act, STOCK_TAKE.answer, status=201)


@api.post("/stock-takes/<key>/count", responses={200: answers.StockTakeAnswer})
def count_kit(path: Key, header: Once, body: bodies.Scan) -> Response:
    """Count the kit that was scanned."""

    def act(uow: UnitOfWork) -> str:
        number = stock_views.find(sight.of(uow, auth.person()), path.key).number
        stock_takes.count(uow, auth.person(), number, body.kit)
        return path.key

    return do(Act.KIT_COUNTED, header, body, act, STOCK_TAKE.answer, key=path.key)


def do(
    act: Act,
    header: Once,
    body: BaseModel,
    run: Callable[[UnitOfWork], str],
    show: Callable[[Sight, str], dict[str, Any]],
    *,
    key: str = "",
    status: int = 200,
) -> Response:
    """Do an act once, commit, and answer with what it was about.

    Args:
        act: The act; the role is checked for a repeated request too.
        header: The client's key.
        body: The request, of which the factor is left out of the comparison.
        run: Does it and gives the key of what it was about.
        show: Gives the answer.
        key: What the request names; it is shown to nobody who may not see it, also not again.
        status: Of the answer.
    """
    auth.demand_act(act)
    person = auth.person()
    if key:
        with looking() as seen:
            show(seen, key)
    kept = idempotency.once(
        this().store,
        person,
        key=header.key,
        request_digest=_digest(body),
        status=status,
        act=lambda uow: text(show(sight.of(uow, person), run(uow))),
    )
    return answer(kept.body, kept.status)


def entered(body: BaseModel) -> Form:
    """A request body as the form that a page would have sent."""
    typed: dict[str, str] = {}
    for name, value in body.model_dump(mode="json").items():
        if isinstance(value, dict):
            typed |= {LEVEL + factor: str(level) for factor, level in value.items()}
        elif isinstance(value, list):
            typed[name] = "\n".join(str(one) for one in value)
        elif isinstance(value, bool):
            typed[name] = "yes" if value else "no"
        else:
            typed[name] = "" if value is None else str(value)
    return Form((), typed)


def _digest(body: BaseModel) -> str:
    asked = {name: value for name, value in body.model_dump(mode="json").items() if name not in FACTOR}
    whole: Any = {"method": request.method, "path": request.path, "body": asked}
    return hashlib.sha256(rfc8785.dumps(whole)).hexdigest()


for _subject, _pages, _ in TABLES:
    for _page in _pages:
        _register(_subject, _page)
