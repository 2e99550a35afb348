"""Code breaks for somebody who telephones, for programs: by voice, by a one-time page, by a colleague."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response  # noqa: TC002 - read at run time by the API

from randomizer.domain.acts import Act
from randomizer.domain.records import Way
from randomizer.services.unblinded import unblinding
from randomizer.services.unblinded.calls import Call
from randomizer.web import auth, exchange
from randomizer.web.codebreak import breaking, calling
from randomizer.web.codebreak.api import breaking as own
from randomizer.web.codebreak.api.forms import addresses, breaks, calls
from randomizer.web.codebreak.api.surface import api
from randomizer.web.codebreak.pages import desk, looking, step_up
from randomizer.web.door import this
from randomizer.web.forms import Form
from randomizer.web.surface import answer, text

if TYPE_CHECKING:
    from randomizer.masking import View


@api.get("/participants/<number>/code-break/colleagues", responses={200: calls.Colleagues})
def colleagues(path: addresses.Key) -> Response:
    """Who else can be asked to open a code break of this participant."""
    found, _ = breaking.before_of(path.number)
    named = calling.choices_at(found.participant.site).colleagues
    return answer(text({"rows": [{"number": number, "printed_name": name} for number, name in named]}))


@api.post("/participants/<number>/code-break/call", responses={201: calls.Told})
def break_for_caller(path: addresses.Key, header: addresses.Once, body: calls.CalledReason) -> Response:  # noqa: ARG001
    """Break the code for somebody who telephones: intent on record, then the answer on its way to them."""
    return _told(path.number, body)


@api.post("/participants/<number>/code-break/call/recovery", responses={201: calls.Told})
def break_for_caller_by_recovery_code(
    path: addresses.Key,
    header: addresses.Once,  # noqa: ARG001
    body: calls.CalledRecoveryReason,
) -> Response:
    """Break the code for somebody who telephones, signed with a recovery code."""
    return _told(path.number, body)


@api.get("/code-breaks/waiting", responses={200: calls.WaitingBreaks})
def waiting() -> Response:
    """Code breaks that wait for the caller to open them."""
    auth.demand_act(Act.CODE_BREAK_DISCLOSED)
    kept = calls.Waiting.model_fields
    rows = [{name: one[name] for name in kept if name in one} for one in calling.waiting_breaks()]
    return answer(text({"rows": rows}))


@api.get("/code-breaks/<intent>/asked", responses={200: calls.Asked})
def asked(path: addresses.Intent) -> Response:
    """What became of a code break for somebody else; its code again while it stands."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    return answer(text(_asked(path.intent)))


@api.post("/code-breaks/<intent>/code", responses={200: calls.Asked})
def another_code(path: addresses.Intent, header: addresses.Once) -> Response:  # noqa: ARG001
    """Make another code for the one-time page; the one before counts no more."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    calling.make_another(path.intent)
    return answer(text(_asked(path.intent)))


@api.post("/code-breaks/<intent>/open", responses={200: breaks.Shown})
def open_for(path: addresses.Intent, header: addresses.Once, body: exchange.Signed) -> Response:  # noqa: ARG001
    """Open the answer of a code break that a colleague made for the caller."""
    return _opened(path.intent, body)


@api.post("/code-breaks/<intent>/open/recovery", responses={200: breaks.Shown})
def open_by_recovery_code(
    path: addresses.Intent,
    header: addresses.Once,  # noqa: ARG001
    body: breaks.RecoverySigned,
) -> Response:
    """Open the answer of a code break that a colleague made for the caller, signed with a recovery code."""
    return _opened(path.intent, body)


def _told(number: str, body: calls.CalledReason | calls.CalledRecoveryReason) -> Response:
    call = Call(
        way=Way[body.way.upper()],
        name=body.caller_name,
        function=body.caller_function,
        telephone=body.caller_telephone,
        colleague=body.colleague,
    )
    intent = own.intended(number, body, call)
    calling.begin(intent, call)
    shown = None
    if call.way is Way.VOICE:
        shown = own.shown_fields(unblinding.disclose(desk(), auth.person(), intent), intent)
    return answer(text({"asked": _asked(intent), "answer": shown}), 201)


def _asked(intent: str) -> View:
    found, shown, opens = calling.mine(intent)
    told: dict[str, object] = {
        "intent": intent,
        "participant": found.participant,
        "way": found.way.name.lower(),
        "reader": calling.name_of(found.reader) if found.reader else None,
        "shown": shown,
        "opens": opens,
    }
    page = calling.codes().standing(intent) if found.way is Way.PAGE else None
    if page is not None:
        told |= {"address": calling.address(), "code_until": page.until, "code_closed": page.closed}
        told |= {} if page.closed else {"code": page.code}
    with looking() as seen:
        return seen.show(told, site=found.site, kind="Asked")


def _opened(intent: str, body: exchange.Signed | breaks.RecoverySigned) -> Response:
    auth.demand_act(Act.CODE_BREAK_DISCLOSED)
    person = auth.person()
    with this().store.reading() as uow:
        number = calling.for_me(uow, intent).participant  # before a code is used up
    found = unblinding.disclose(desk(), person, intent, step_up(Form((), body.model_dump()), number))
    return answer(text(own.shown_fields(found, intent)))
