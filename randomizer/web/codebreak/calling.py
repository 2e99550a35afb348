"""Code breaks for somebody who telephones: what is asked, spoken code, one-time page, colleague."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.records import Way
from randomizer.errors import Busy, NotAllowed, Refused, Stopped
from randomizer.services import accounts
from randomizer.services.unblinded import calls, code_breaks, intents, spoken, unblinding
from randomizer.services.unblinded.calls import Call
from randomizer.services.unblinded.code_breaks import BREAK_MEANING
from randomizer.services.views import sight
from randomizer.web import auth, problems, signing
from randomizer.web.codebreak import recovering, showing
from randomizer.web.codebreak.pages import (
    SHOWN_AGAIN,
    again,
    codebreak,
    desk,
    done,
    form_of,
    looking,
    of_one_length,
    signer,
    step_up,
)
from randomizer.web.door import this
from randomizer.web.forms import CODE, PASSWORD, Field, Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from randomizer.masking import View
    from randomizer.services.transactions import UnitOfWork
    from randomizer.services.unblinded.sinks import Intent
    from randomizer.services.unblinded.spoken import SpokenCodes

pages = Blueprint("telling", __name__)
EXTENSION = "spoken"
CALLER = "caller"
"""What the address of the reason says where somebody telephones."""

WHO = (
    Field(name="caller_name", label="Who telephones?", hint="Name, as they spell it.", width="half"),
    Field(name="caller_function", label="Their function", hint="And where they work.", width="half"),
    Field(
        name="caller_telephone",
        label="Number to call back",
        hint="Best by the switchboard of the hospital.",
        inputmode="tel",
        width="half",
    ),
)
SPOKEN = Field(
    name=spoken.FIELD,
    label="One-time code",
    hint="16 digits, as they were read out to you. Spaces do not matter.",
    secret=True,
    inputmode="numeric",
    autocomplete="off",
    width="half",
)
HOW = (
    (Way.VOICE.name, "I tell them on the telephone", "You are shown the answer, and count as unblinded."),
    (Way.PAGE.name, "They open a one-time page", "You read out a code of 16 digits. You stay blind."),
    (Way.COLLEAGUE.name, "A colleague opens it at this door", "You stay blind."),
)

USUAL = {"way": Way.VOICE.name}
"""What is chosen before anybody chooses: nobody who needs an answer now waits for a tap more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What can be asked for at one site.

    Args:
        colleagues: Number and name of everybody else who can break a code there.
    """

    colleagues: tuple[tuple[int, str], ...]

    def fields(self) -> tuple[Field, ...]:
        """Who telephones, and how they are told."""
        options = tuple(one for one in HOW if one[0] != Way.COLLEAGUE.name or self.colleagues)
        how = Field(name="way", label="How are they told?", type="radio", options=options)
        listed = tuple((str(number), name) for number, name in self.colleagues)
        whom = Field(
            name="colleague",
            label="Which colleague?",
            type="select",
            options=(("", "Nobody"), *listed),
            hint="Only where a colleague opens it.",
            width="half",
        )
        return (*WHO, how, *((whom,) if listed else ()))

    def values(self, typed: Mapping[str, str]) -> list[tuple[str, str]]:
        """What is signed of a call."""
        call = call_of(typed)
        told = {name: label for name, label, _ in HOW}[call.way.name]
        if call.way is Way.COLLEAGUE:
            told = f"{told}: {dict(self.colleagues)[call.colleague]}"
        who = f"{call.name}, {call.function}, {call.telephone}"
        return [("Asked by", who), ("Told", told)]


def choices_at(site: str) -> Choices:
    """What can be asked for at a site."""
    with looking() as seen:
        found = calls.colleagues(seen.uow, seen.person, site)
        named = [
            seen.show({"number": number, "printed_name": name}, site=site, kind="Colleague")
            for number, name in found
        ]
    return Choices(colleagues=tuple((one["number"], one["printed_name"]) for one in named if one))


def call_of(typed: Mapping[str, str]) -> Call:
    """The call that was typed."""
    way = typed.get("way", "")
    colleague = typed.get("colleague", "")
    return Call(
        way=Way[way] if way in Way.__members__ else Way.VOICE,
        name=typed.get("caller_name", ""),
        function=typed.get("caller_function", ""),
        telephone=typed.get("caller_telephone", ""),
        colleague=int(colleague) if colleague.isdecimal() else calls.NOBODY,
    )


def faults_of(typed: Mapping[str, str], choices: Choices) -> dict[str, str]:
    """What is wrong with a call as typed, by field."""
    found = dict(calls.faults(call_of(typed)))
    if typed.get("way") not in {name for name, _, _ in HOW}:
        found["way"] = "Choose how they are told."
    elif typed["way"] == Way.COLLEAGUE.name and call_of(typed).colleague not in dict(choices.colleagues):
        found["colleague"] = "Choose the colleague who opens it."
    return found


def codes() -> SpokenCodes:
    """The one-time pages that stand."""
    return cast("SpokenCodes", current_app.extensions[EXTENSION])


def begin(intent: str, call: Call | None) -> None:
    """Make the spoken code of a code break whose answer goes by a one-time page."""
    if call is not None and call.way is Way.PAGE:
        codes().give(intent)


def elsewhere(intent: str) -> Response | None:
    """Where a person is led who asks for an answer that is not theirs to read yet, or not at all."""
    with this().store.reading() as uow:
        found = intents.read(uow, desk(), intent)
        shown = intents.was_shown(uow, desk(), intent)
    account = auth.person().account
    if found.account == account != found.reader:
        return redirect(url_for("codebreak.asked", intent=intent), code=303)
    if found.reader == account != found.account and not shown:
        return redirect(url_for("codebreak.open_for", intent=intent), code=303)
    return None


def waiting() -> list[tuple[str, str, str]]:
    """Participant, who asks, and the address, of each code break that waits for this person to open it."""
    return [
        (one["participant"], one["printed_name"], url_for("codebreak.open_for", intent=one["intent"]))
        for one in waiting_breaks()
    ]


def waiting_breaks() -> list[View]:
    """Each code break that waits for this person to open it, with the printed name of who asks."""
    person = auth.person()
    with this().store.reading() as uow:
        seen = sight.of(uow, person)
        return [
            seen.show(one)
            | seen.show({"printed_name": accounts.person(uow, one.account).printed_name}, kind="Colleague")
            for one in code_breaks.breaks_of(uow, desk(), person.account)
            if one.account != person.account
            and one.disclosed_at is None
            and intents.can_be_shown(one, uow.clock())
        ]


@codebreak.get("/code-break/asked/<intent>")
def asked(intent: str) -> str:
    """What became of a code break for somebody else: the code to read out, or who has still to open it."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    found, shown, opens = mine(intent)
    return render_template(
        "codebreak/asked.html",
        found=found,
        shown=shown,
        opens=opens,
        page=codes().standing(intent) if found.way is Way.PAGE else None,
        by_page=found.way is Way.PAGE,
        reader=name_of(found.reader) if found.reader else "",
        address=address().split("://", 1)[1],
    )


@codebreak.post("/code-break/asked/<intent>")
def give_again(intent: str) -> Response:
    """Make another code, where the first was lost or closed; it counts no more."""
    auth.demand_act(Act.CODE_BREAK_INTENT)
    make_another(intent)
    return redirect(url_for("codebreak.asked", intent=intent), code=303)


def make_another(intent: str) -> None:
    """Make another code of this person's code break.

    Raises:
        NotAllowed: It is another person's.
        Refused: It goes another way, was opened, or is too old.
    """
    found, shown, opens = mine(intent)
    if found.way is not Way.PAGE or shown or not opens:
        raise Refused(
            "This code break gives no code any more. Nothing was opened.",
            next_step="Break the code again, with the participant's number.",
        )
    codes().give(intent)


def address() -> str:
    """Where a one-time page is opened."""
    return url_for("telling.page", _external=True)


@codebreak.route("/code-break/open/<intent>", methods=["GET", "POST"])
def open_for(intent: str) -> str | Response:
    """A colleague opens the answer of a code break that somebody else made for them."""
    auth.demand_act(Act.CODE_BREAK_DISCLOSED)
    person = auth.person()
    with this().store.reading() as uow:
        found = for_me(uow, intent)
        if intents.was_shown(uow, desk(), intent):
            return redirect(url_for("codebreak.answer", intent=intent), code=303)
        operator = accounts.person(uow, found.account).printed_name
        definition = sight.of(uow, person).definition
    if request.method == "POST":
        form = Form.posted((PASSWORD, CODE, recovering.CODE), request.form)
        signing.read(form)
        try:
            unblinding.disclose(desk(), person, intent, step_up(form, found.participant))
        except SHOWN_AGAIN as error:
            return again(form, error, request.path)
        return done(request.path, url_for("codebreak.answer", intent=intent))
    reasons = {one.code: one.text for one in definition.code_break.reasons}
    return render_template(
        "codebreak/open.html",
        form=form_of((recovering.CODE,)),
        recovery=recovering.CODE,
        number=found.participant,
        values=[
            ("Participant", found.participant),
            ("Site", definition.site(found.site).name),
            ("Asked by", operator),
            ("Reason", reasons.get(found.reason, found.reason)),
        ],
        meaning=BREAK_MEANING,
        signer=signer(),
    )


@pages.route("/answer", methods=["GET", "POST"])
@auth.public
def page() -> str | tuple[str, int]:
    """The one-time page: a code that was read out shows one answer, once, to whoever has no account."""
    if request.method == "GET":
        return render_template("codebreak/one-time.html", form=Form.blank((SPOKEN,)))
    form = Form.posted((SPOKEN,), request.form)
    try:
        _demand_nobody_signed_in()
        intent = codes().take(form.text(spoken.FIELD))
        answer = unblinding.tell_caller(desk(), intent)
    except (Refused, NotAllowed, Stopped, Busy) as refused:
        form.refuse(refused)
        return render_template("codebreak/one-time.html", form=form), problems.status_of(refused)
    showing.report_bent(answer)
    with this().store.reading() as uow:
        found = intents.read(uow, desk(), intent)
        # The policy shows an answer to roles: it is shown here as to who broke the code.
        seen = sight.of(uow, accounts.person(uow, found.account))
        shown = showing.fields_of(answer, seen)
        definition = seen.definition
    of_one_length()
    return render_template("codebreak/told.html", **showing.on_page(shown, definition, answer.site))


def _demand_nobody_signed_in() -> None:
    """Whoever is signed in would see the answer and be blind on record."""
    if auth.signed_in():
        raise Refused(
            "Somebody is signed in here, so this page opens nothing. The code still counts.",
            next_step="Sign out at the start page first, then type the code again.",
        )


def for_me(uow: UnitOfWork, intent: str) -> Intent:
    """A code break that somebody else made for this person to open.

    Raises:
        NotAllowed: It is for another person.
        NotFound: There is none.
    """
    found = intents.read(uow, desk(), intent)
    account = auth.person().account
    if found.reader != account or found.account == account:
        raise NotAllowed("This code break is for another person. Nothing was shown.")
    return found


def mine(intent: str) -> tuple[Intent, bool, bool]:
    """A code break of this person's, whether its answer was shown, and whether it can still be.

    Raises:
        NotAllowed: It is another person's.
        NotFound: There is none.
    """
    with this().store.reading() as uow:
        found = intents.read(uow, desk(), intent)
        if found.account != auth.person().account:
            raise NotAllowed("This code break is another person's. Nothing was shown.")
        shown = intents.was_shown(uow, desk(), intent)
        return found, shown, not shown and uow.clock() <= intents.open_until(found.intended_at)


def name_of(account: int) -> str:
    """The printed name of an account."""
    with this().store.reading() as uow:
        return accounts.person(uow, account).printed_name
