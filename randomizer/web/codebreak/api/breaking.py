"""Tokens, code breaks and their tasks, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response  # noqa: TC002 - read at run time by the API

from randomizer.domain.acts import Act
from randomizer.domain.people import BREAKERS
from randomizer.services.unblinded import code_breaks, unblinding
from randomizer.services.views import answer_times, impact_views, participant_views
from randomizer.web import auth, exchange, signing
from randomizer.web.codebreak import breaking, recovering, showing
from randomizer.web.codebreak import tasks as tasks_
from randomizer.web.codebreak.api.forms import addresses, breaks, duties
from randomizer.web.codebreak.api.surface import api
from randomizer.web.codebreak.pages import demand_breaker, desk, drafts, looking, of_one_length, step_up
from randomizer.web.door import this
from randomizer.web.forms import Form
from randomizer.web.surface import answer, listed, text

if TYPE_CHECKING:
    from randomizer.masking import View
    from randomizer.services.unblinded.answers import Answer
    from randomizer.services.unblinded.calls import Call


exchange.offer_tokens(api)
exchange.offer_trial(api)


@api.post("/tokens/recovery", responses={201: exchange.Token}, security=[{}])
@auth.public
def create_token_by_recovery_code(body: breaks.Recovery) -> Response:
    """Sign in with a recovery code."""
    token = recovering.recovery().sign_in(username=body.username, typed=body.recovery_code)
    return exchange.hand_over(token)


@api.get("/participants/<number>/code-break", responses={200: breaks.BeforeAnswer})
def before(path: addresses.Key) -> Response:
    """Whom a code break would be for, and whether it would tell anything."""
    found, _ = breaking.before_of(path.number)
    drafts().look(auth.person().account, found.participant.number)
    with looking() as seen:
        shown = breaking.before_fields(found, seen)
    own, kept = breaking.earlier_of(path.number), breaks.CodeBreak.model_fields
    earlier = {name: own[name] for name in kept if name in own} if own else None
    return answer(text(shown | {"earlier": earlier}))


@api.post("/participants/<number>/code-break", responses={201: breaks.Shown})
def break_code(path: addresses.Key, header: addresses.Once, body: breaks.Reason) -> Response:  # noqa: ARG001
    """Break the code: intent on record, then the answer."""
    return _broken(path.number, body)


@api.post("/participants/<number>/code-break/recovery", responses={201: breaks.Shown})
def break_code_by_recovery_code(
    path: addresses.Key,
    header: addresses.Once,  # noqa: ARG001
    body: breaks.RecoveryReason,
) -> Response:
    """Break the code, signed with a recovery code: intent on record, then the answer."""
    return _broken(path.number, body)


@api.get("/code-breaks", responses={200: breaks.CodeBreaks})
def own_code_breaks(query: addresses.List) -> Response:
    """The caller's own code breaks."""
    auth.demand_role(BREAKERS, what="see code breaks")
    with looking() as seen:
        own = code_breaks.breaks_of(seen.uow, desk(), seen.person.account)
        rows = [seen.show(one) for one in own]
    return listed(breaks.CodeBreaks, {"rows": rows}, breaks.CodeBreak, as_csv=query.format == "csv")


@api.get("/code-breaks/times", responses={200: breaks.Times})
def times(query: addresses.List) -> Response:
    """How long answers took, the oldest first; never whose they were."""
    with looking() as seen:
        rows = answer_times.of(seen)
    return listed(breaks.Times, {"rows": rows}, breaks.AnswerTime, as_csv=query.format == "csv")


@api.get("/code-breaks/<intent>", responses={200: breaks.Shown})
def shown_before(path: addresses.Intent) -> Response:
    """What the caller was shown."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    return answer(text(shown_fields(unblinding.disclose(desk(), auth.person(), path.intent), path.intent)))


@api.get("/tasks", responses={200: duties.Tasks})
def tasks(query: addresses.List) -> Response:
    """Open tasks."""
    auth.demand_act(Act.IMPACT_SIGNED)
    with looking() as seen:
        rows = tasks_.of(seen)
    return listed(duties.Tasks, {"rows": rows}, exchange.Task, as_csv=query.format == "csv")


@api.get("/tasks/<int:task>", responses={200: duties.TaskAnswer})
def one_task(path: addresses.TaskKey) -> Response:
    """One open task; of an impact assessment, which blinded assessments were signed since, by date."""
    auth.demand_act(Act.IMPACT_SIGNED)
    with looking() as seen:
        told = {"task": tasks_.find(seen, path.task), "impact": impact_views.of(seen, path.task) or None}
    return answer(text(told))


@api.post("/tasks/<int:task>/sign", responses={200: exchange.Task})
def sign_task(path: addresses.TaskKey, header: addresses.Once, body: duties.Done) -> Response:  # noqa: ARG001
    """Sign for a task; a decision on treatment says whether it goes on."""
    return _signed(path.task, body)


@api.post("/tasks/<int:task>/sign/recovery", responses={200: exchange.Task})
def sign_task_by_recovery_code(
    path: addresses.TaskKey,
    header: addresses.Once,  # noqa: ARG001
    body: duties.RecoveryDone,
) -> Response:
    """Sign for a task with a recovery code."""
    return _signed(path.task, body)


def shown_fields(found: Answer, intent: str) -> View:
    """What the caller is shown of an answer; the answer to the request is filled up to one length."""
    showing.report_bent(found)
    with looking() as seen:
        named = seen.show({"intent": intent}, site=found.site, kind="Answer")
        shown = showing.fields_of(found, seen)
    of_one_length()
    return named | shown


def intended(number: str, body: breaks.Reason | breaks.RecoveryReason, call: Call | None = None) -> str:
    """Put on record that the caller breaks a code; returns the identifier of the intent.

    Args:
        number: Participant number.
        body: Reason, words and signature.
        call: Who telephones and how they are told, or None.
    """
    demand_breaker(number)
    person, signed = auth.person(), step_up(Form((), body.model_dump()), number)
    intent = unblinding.intend(
        desk(),
        person,
        signed,
        participant=number,
        reason=body.reason,
        text=body.text,
        call=call,
        page_opened_at=drafts().looked_at(person.account, number),
    )
    drafts().look_away(person.account, number)
    return intent


def _signed(number: int, body: duties.Done | duties.RecoveryDone) -> Response:
    auth.demand_act(Act.IMPACT_SIGNED)
    with looking() as seen:
        tasks_.find(seen, number)  # before a code is used up
    step_up = signing.step_up(Form((), body.model_dump(include={"password", "code", "recovery_code"})))
    given = {
        "why": body.why,
        "treatment": body.treatment,
        tasks_.LISTED: " ".join(map(str, body.assessments)),
    }
    with this().store.writing() as uow:
        done = tasks_.sign(uow, auth.person(), step_up, number, given)
    with looking() as seen:
        return answer(text(seen.show(done, site=participant_views.find(seen, done.participant).site)))


def _broken(number: str, body: breaks.Reason | breaks.RecoveryReason) -> Response:
    intent = intended(number, body)
    return answer(text(shown_fields(unblinding.disclose(desk(), auth.person(), intent), intent)), 201)
