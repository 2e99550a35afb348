"""Breaking the code of one participant: intent, durable in two sinks; then the answer, on record."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

from keys.errors import KeysError
from randomizer.domain import windows
from randomizer.domain.acts import MAY, Act
from randomizer.domain.participants import Participant
from randomizer.domain.people import SERVICE, demand
from randomizer.domain.records import CodeBreak, Way
from randomizer.domain.sealed_texts import SHOWN_BYTES, fill, read
from randomizer.domain.trial import Allocation
from randomizer.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    RandomizerError,
    Refused,
    Stopped,
    Tampered,
    Unwritable,
)
from randomizer.services import accounts, trail, trials
from randomizer.services.sealed.bindings import shown_binding
from randomizer.services.signatures import demand_fresh, sign
from randomizer.services.unblinded import answers, attempts, calls, intents
from randomizer.services.unblinded.answers import Answer
from randomizer.services.unblinded.code_breaks import (
    ask_afterwards,
    enter_disclosure,
    enter_intent,
    meaning_of,
    reconcile,
    signed_values,
)
from randomizer.services.unblinded.opening import open_slot
from randomizer.services.unblinded.sinks import DISCLOSED, Intent

if TYPE_CHECKING:
    from datetime import datetime

    from randomizer.domain.definition_values import Definition
    from randomizer.domain.people import Person
    from randomizer.services.signatures import StepUp
    from randomizer.services.unblinded.calls import Call
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork


def intend(
    desk: Desk,
    person: Person,
    step_up: StepUp,
    *,
    participant: str,
    reason: str,
    text: str = "",
    call: Call | None = None,
    page_opened_at: datetime | None = None,
) -> str:
    """Put on record, before anything opens, that somebody breaks the code of a participant.

    Args:
        desk: The code-break host's own.
        person: Investigator of the site, on-call clinician or safety physician.
        step_up: Their re-authentication.
        participant: Participant number.
        reason: Code of a reason of the definition.
        text: The reason in their own words.
        call: Who asks and how they are told, where the answer is not for the person themselves.
        page_opened_at: When the page of the participant was opened, or None.

    Returns:
        Identifier of the intent; `disclose` takes it, or `tell_caller` where it goes by a one-time page.

    Raises:
        Faulty: It does not say who telephones; every fault by field.
        NotAllowed: No role of the person fits; the attempt is on record.
        NotFound: There is no such participant.
        Refused: The reason is unknown, or the participant is not randomized.
        StepUpRefused: The re-authentication does not count.
        Stopped: No sink takes the intent; nothing opens.
    """
    try:
        intent = _check(desk, person, step_up, participant=participant, reason=reason, call=call)
    except RandomizerError as refusal:
        attempts.deny(desk, person, participant, refusal.code)
        raise
    said = " ".join(part for part in (call.words() if call else "", text.strip()) if part)
    intent = replace(intent, text=said, page_opened_at=page_opened_at)
    filed = desk.file.try_append(intent.to_line())
    try:
        _enter_signed(desk, person, step_up, intent)
    except Unwritable:
        if not filed:
            raise Stopped(
                "The intent could not be put on record, neither in the database nor on this host's disk. "
                "Nothing was opened.",
                next_step="Use the sealed emergency pack of the site, and call the trial office.",
            ) from None
        desk.file.waiting = True
    return intent.intent


def disclose(desk: Desk, person: Person, intent: str, step_up: StepUp | None = None) -> Answer:
    """Open the slot of a durable intent and give the answer to its reader, once what it says is on record.

    Asking again gives what was shown, as it was shown.

    Args:
        desk: The code-break host's own.
        person: Whoever is to be shown it: who intended it, or the colleague that they named.
        intent: Identifier from `intend`.
        step_up: The re-authentication of a colleague, who has signed nothing yet.

    Raises:
        NotAllowed: The answer is for somebody else, or they may break no code of this site any more.
        NotFound: No sink holds the intent.
        Refused: It is too old.
        StepUpRefused: A colleague's re-authentication is missing, or does not count.
        Stopped: What would be shown can't be put on record; nothing is shown.
        Tampered: Something disagrees with its entry or with the certificate; nothing is opened.
    """
    with desk.store.reading() as uow:
        found = intents.read(uow, desk, intent)
        if found.reader != person.account:
            raise NotAllowed("The answer of this code break is for another person. Nothing was shown.")
        demand(person, MAY[Act.CODE_BREAK_DISCLOSED], found.site, what=Act.CODE_BREAK_DISCLOSED.doing)
        shown = _shown(uow, desk, intent)
        if shown is not None:
            return shown
        if found.reader != found.account:
            demand_fresh(step_up, person, uow.clock())
        answer, definition = _open(uow, desk, found)
    try:
        _put_on_record(desk, person, found, answer, definition)
    except Conflict:
        with desk.store.reading() as uow:
            shown = _shown(uow, desk, intent)
        if shown is None:
            raise
        return shown  # another tab was quicker, and what it was shown is the answer
    return answer


def tell_caller(desk: Desk, intent: str) -> Answer:
    """Open the slot of a durable intent for whoever telephoned, once; call it when their code fits.

    Args:
        desk: The code-break host's own.
        intent: Identifier from `intend`, whose answer goes by a one-time page.

    Raises:
        NotAllowed: Its answer goes another way, or who broke the code may do so no more.
        NotFound: No sink holds the intent.
        Refused: It is too old, or was shown before.
        Stopped, Tampered: As for `disclose`.
    """
    with desk.store.reading() as uow:
        found = intents.read(uow, desk, intent)
        operator = accounts.person(uow, found.account)
        demand(operator, MAY[Act.CODE_BREAK_DISCLOSED], found.site, what=Act.CODE_BREAK_DISCLOSED.doing)
        if found.way is not Way.PAGE:
            raise NotAllowed("The answer of this code break goes another way. Nothing was shown.")
        if intents.was_shown(uow, desk, intent):
            raise _shown_once()
        answer, definition = _open(uow, desk, found)
    try:
        _put_on_record(desk, SERVICE, found, answer, definition)
    except Conflict:  # another code of the same page was quicker
        raise _shown_once() from None
    return answer


def _open(uow: UnitOfWork, desk: Desk, intent: Intent) -> tuple[Answer, Definition]:
    if uow.clock() > intents.open_until(intent.intended_at):
        raise Refused(
            f"This code break was begun {windows.minute(intent.intended_at)} and is no longer open. "
            "Nothing was opened.",
            next_step="Begin again with the participant's number.",
        )
    _, definition = trials.current(uow)
    return answers.build(uow, desk, open_slot(uow, desk, intent.intent), definition), definition


def _enter_signed(desk: Desk, person: Person, step_up: StepUp, intent: Intent) -> None:
    try:
        with desk.store.writing() as uow:
            with trail.act(
                uow,
                Act.CODE_BREAK_INTENT,
                person,
                site=intent.site,
                participant=intent.participant,
                why=intent.text,
            ) as act:
                about = f"participant {intent.participant}"
                sign(act, step_up, meaning=meaning_of(intent.way), about=about, values=signed_values(intent))
                enter_intent(act, intent)
            _ask_colleague(uow, person, intent)
    except Conflict:
        with desk.store.writing() as uow:
            if uow.find(CodeBreak, intent.intent) is None:
                raise
            _ask_colleague(uow, person, intent)  # another request has brought the intent in from the file


def _ask_colleague(uow: UnitOfWork, person: Person, intent: Intent) -> None:
    if intent.reader not in {calls.NOBODY, person.account}:
        calls.ask(uow, person, intent.reader)


def _shown_once() -> Refused:
    return Refused(
        "This answer was shown once, and once only. Nothing was shown now.",
        next_step="Telephone again to whoever gave you the code.",
    )


def _check(
    desk: Desk, person: Person, step_up: StepUp, *, participant: str, reason: str, call: Call | None
) -> Intent:
    with desk.store.reading() as uow:
        _, definition = trials.current(uow)
        found = uow.get(Participant, participant, what="participant")
        role = demand(
            person, MAY[Act.CODE_BREAK_INTENT], found.site, what="break the code of this participant"
        )
        now = uow.clock()
        demand_fresh(step_up, person, now)
        if reason not in {one.code for one in definition.code_break.reasons}:
            raise Refused("Choose a reason from the list. Nothing was opened.", field="reason")
        if uow.find(Allocation, participant) is None:
            raise Refused(
                f"Participant {participant} is not randomized, so there is nothing to open.",
                field="participant",
            )
        if call is not None:
            calls.demand(uow, person, call, found.site)
        return Intent(
            intent=uow.entropy(16).hex(),
            participant=participant,
            site=found.site,
            account=person.account,
            printed_name=person.printed_name,
            role=role,
            reason=reason,
            text="",
            intended_at=now,
            way=call.way if call else Way.OWN,
            reader=calls.reader_of(person, call),
        )


def _shown(uow: UnitOfWork, desk: Desk, intent: str) -> Answer | None:
    stored = uow.find(CodeBreak, intent)
    if stored is not None and stored.disclosed_at is not None:
        sealed = stored.shown
    else:
        line = desk.file.disclosure(intent)
        if line is None:
            return None
        sealed = b64decode(line["shown"])
    try:
        bound = shown_binding(desk.pins.trial_id, intent)
        return Answer.of_values(read(desk.keys.open_record(sealed, bound)))
    except (KeysError, ValueError, KeyError):
        raise Tampered(f"CodeBreak {intent}") from None


def _put_on_record(
    desk: Desk, person: Person, intent: Intent, answer: Answer, definition: Definition
) -> None:
    bound = shown_binding(desk.pins.trial_id, intent.intent)
    sealed = desk.keys.seal_record(fill(answer.to_values(), SHOWN_BYTES), bound, desk.store.entropy)
    try:
        reconcile(desk)
        with desk.store.writing() as uow:
            with trail.act(
                uow, Act.CODE_BREAK_DISCLOSED, person, site=intent.site, participant=intent.participant
            ) as act:
                enter_disclosure(act, intent, sealed=sealed, at=act.at, definition=definition)
            ask_afterwards(uow, intent)
    except (Unwritable, NotFound):  # the intent itself may still wait in the file
        _file(desk, intent.intent, sealed)


def _file(desk: Desk, intent: str, sealed: bytes) -> None:
    at = desk.store.clock().isoformat()
    line = {"what": DISCLOSED, "intent": intent, "at": at, "shown": b64encode(sealed).decode()}
    with desk.file.turn:
        if desk.file.disclosure(intent) is not None:
            raise Conflict("The answer of this code break was shown already. Nothing was changed.")
        if not desk.file.try_append(line):
            raise Stopped(
                "What would be shown could not be put on record, so it is not shown.",
                next_step="Use the sealed emergency pack of the site, and call the trial office.",
            ) from None
        desk.file.waiting = True
