"""What a code break leaves in the database, at once or later from the file of intents. Opens nothing."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import rfc8785
import structlog

from randomizer.domain import windows
from randomizer.domain.acts import Act
from randomizer.domain.participants import Participant
from randomizer.domain.people import SERVICE, Role
from randomizer.domain.records import CodeBreak, Signature, Task, TaskKind, Telling, Way
from randomizer.errors import Conflict, RandomizerError
from randomizer.services import afterwards, exposure, notices, trail, trials
from randomizer.services.unblinded import spent_codes
from randomizer.services.unblinded.sinks import ABORTED, DENIED, DISCLOSED, INTENT, Intent
from randomizer.services.unblinded.spent_codes import SPENT

if TYPE_CHECKING:
    from randomizer.domain.definition_values import Definition
    from randomizer.services.trail import OpenAct
    from randomizer.services.unblinded.desk import Desk
    from randomizer.store.work import UnitOfWork

BREAK_MEANING = "I break the code of this participant; what I learn, I need for their care or safety."
CALL_MEANING = (
    "I break the code of this participant for somebody who needs the answer for their care or safety."
)
RECONCILED = "reconciled"
UNOPENED = {DENIED: Act.CODE_BREAK_DENIED, ABORTED: Act.CODE_BREAK_ABORTED}
"""Lines of what opened nothing; each has an id, by which it is entered once."""


def signed_values(intent: Intent) -> dict[str, Any]:
    """What the person who breaks a code signs; the reason in their own words stands beside it."""
    return {
        "intent": intent.intent,
        "participant": intent.participant,
        "reason": intent.reason,
        "told": str(intent.way),
    }


def meaning_of(way: Way) -> str:
    """What the signature under a code break states."""
    return BREAK_MEANING if way is Way.OWN else CALL_MEANING


def site_of(uow: UnitOfWork, number: str) -> str:
    """Site of the participant whose number was typed, or "" where there is none."""
    found = uow.find(Participant, number)
    return found.site if found else ""


def enter_intent(act: OpenAct, intent: Intent) -> CodeBreak:
    """Add the record of an intent, and to whom its answer goes."""
    begun = act.add(_begun(intent))
    act.add(
        Telling(
            intent=intent.intent,
            participant=intent.participant,
            role=intent.role,
            way=intent.way,
            reader=intent.reader,
            page_opened_at=intent.page_opened_at,
        )
    )
    return begun


def enter_disclosure(
    act: OpenAct, intent: Intent, *, sealed: bytes, at: datetime, definition: Definition
) -> None:
    """Record that an answer was shown, open the impact assessment, and queue the blinded notices.

    While the assessment of an earlier code break of this participant for the same reader is open, it covers
    this one too, and the entry names it: docs/decisions/0008-one-open-assessment.md. Call
    `ask_afterwards` once the act is entered.

    Args:
        act: The act under way.
        intent: What the answer was for.
        sealed: What was shown, sealed.
        at: When.
        definition: Says who is told.

    Raises:
        Conflict: Somebody was quicker: an answer of this intent is on record.
    """
    begun = act.uow.get(CodeBreak, intent.intent, what="code break")
    if begun.disclosed_at is not None:
        raise Conflict("The answer of this code break was shown already. Nothing was changed.")
    act.change(begun, disclosed_at=at, shown=sealed)
    covering = _open_assessment(act.uow, intent)
    if covering is None:
        act.add(
            Task(
                number=act.number,
                kind=TaskKind.IMPACT_ASSESSMENT,
                participant=intent.participant,
                opened_at=act.at,
            )
        )
    else:
        act.note(task=covering.number)
    notices.queue(
        act.uow,
        definition.notices.code_break_roles,
        site=intent.site,
        tells=notices.CODE_BREAK,
        subject=f"Code break: participant {intent.participant}",
        body=f"The code of participant {intent.participant} (site {intent.site}) was broken: "
        f"{windows.minute(at)}.\n\n"
        "What was found stands nowhere in this message; do not ask for it. An impact assessment is open; it "
        "is signed before the database lock, or after it as a dated addendum.",
    )


def ask_afterwards(uow: UnitOfWork, intent: Intent) -> None:
    """Open what a code break asks of the investigator; a safety physician's asks for no explanation."""
    afterwards.ask(uow, intent.participant, explained=intent.role is not Role.SAFETY_PHYSICIAN)


def breaks_of(uow: UnitOfWork, desk: Desk, account: int) -> tuple[CodeBreak, ...]:
    """The code breaks that one person made or reads, the last one first, with those that only the file holds.

    Args:
        uow: A unit of work of the desk's store.
        desk: Holds the file.
        account: Number of the person's account.
    """
    found = {one.intent: one for one in exposure.breaks_of(uow, account)}
    if desk.file.waiting:
        for line in (*desk.file.lines(INTENT), *desk.file.lines(DISCLOSED)):
            with suppress(KeyError, ValueError):  # a line that says nothing keeps nobody from the others
                _take(found, line, account)
    return tuple(sorted(found.values(), key=lambda one: one.intended_at, reverse=True))


def _take(found: dict[str, CodeBreak], line: dict[str, Any], account: int) -> None:
    """Add what a line says of the code breaks of an account to those that are known."""
    if line["what"] == DISCLOSED:
        one = found.get(str(line["intent"]))
        if one is not None and one.disclosed_at is None:
            found[one.intent] = replace(one, disclosed_at=datetime.fromisoformat(str(line["at"])))
        return
    filed = Intent.of_line(line)
    if account in {filed.account, filed.reader}:
        found.setdefault(filed.intent, _begun(filed))


def reconcile(desk: Desk) -> int:
    """Bring into the database what only the file holds; does nothing while nothing waits.

    A line that cannot be entered waits on, whatever is wrong with it; the others are brought in.

    Returns:
        How many lines were brought in.

    Raises:
        Unwritable: The database still can't be written; the file keeps everything.
    """
    if not desk.file.waiting:
        return 0
    desk.file.waiting = False  # now, so that what another thread files from here on waits for the next time
    try:
        return _bring_in(desk)
    except BaseException:
        desk.file.waiting = True
        raise


def _bring_in(desk: Desk) -> int:
    with desk.store.reading() as uow:
        if not _missing(uow, desk):
            return 0
    with desk.store.writing() as uow:
        trail.take_turn(uow)  # so that nobody enters meanwhile what was found to be missing
        _, definition = trials.current(uow)
        missing = _missing(uow, desk)
        entered = [line for line in missing if _is_entered(uow, desk, line, definition)]
    for line in entered:
        if line["what"] in UNOPENED:
            desk.file.entered.add(line["id"])  # a disk that takes nothing holds up no code break
            desk.file.try_append({"what": RECONCILED, "id": line["id"]})
    desk.file.waiting |= len(entered) < len(missing)
    return len(entered)


def _begun(intent: Intent) -> CodeBreak:
    return CodeBreak(
        intent=intent.intent,
        participant=intent.participant,
        account=intent.account,
        reason=intent.reason,
        intended_at=intent.intended_at,
    )


def _open_assessment(uow: UnitOfWork, intent: Intent) -> Task | None:
    """The unsigned task that an earlier code break of this participant for this reader opened."""
    if not intent.reader:  # behind each one-time page is somebody else
        return None
    earlier = uow.all(CodeBreak, participant=intent.participant)
    shown = [one for one in earlier if one.disclosed_at is not None]
    opened_by = {one.entry for one in shown if exposure.reader_of(uow, one) == intent.reader}
    tasks = uow.all(Task, participant=intent.participant, done_at=None)
    return next((task for task in tasks if task.number in opened_by), None)


def _missing(uow: UnitOfWork, desk: Desk) -> list[dict[str, Any]]:
    done = {line["id"] for line in desk.file.lines(RECONCILED)} | desk.file.entered
    return [line for line in desk.file.lines() if _lacks(uow, line, done)]


def _lacks(uow: UnitOfWork, line: dict[str, Any], done: set[str]) -> bool:
    what, stored = line.get("what"), uow.find(CodeBreak, str(line.get("intent", "")))
    with suppress(KeyError, ValueError):  # a line that says nothing lacks nothing
        return (
            (what == INTENT and stored is None)
            or (what == DISCLOSED and (stored is None or stored.disclosed_at is None))
            or (what in UNOPENED and line["id"] not in done)
            or (what in SPENT and spent_codes.lacks(uow, line))
        )
    return False


def _is_entered(uow: UnitOfWork, desk: Desk, line: dict[str, Any], definition: Definition) -> bool:
    """Enter a line; one that cannot be is left to the next time, and holds up no other and no code break."""
    try:
        with uow.savepoint():
            _enter(uow, desk, line, definition)
    except (RandomizerError, KeyError, ValueError) as error:
        structlog.get_logger("code break").error("line of the file not entered", error=type(error).__name__)
        return False
    return True


def _enter(uow: UnitOfWork, desk: Desk, line: dict[str, Any], definition: Definition) -> None:
    if line["what"] in SPENT:
        spent_codes.enter(uow, line)
        return
    if line["what"] in UNOPENED:
        named = str(line["participant"])
        site = site_of(uow, named)
        with trail.act(uow, UNOPENED[line["what"]], SERVICE, site=site, participant=named) as act:
            noted = {"refusal": line["refusal"]} if "refusal" in line else {}
            act.note(account=line["account"], at=line["at"], from_file=True, **noted)
        return
    intent = desk.file.intent(str(line["intent"]))
    if intent is None or (line["what"] == DISCLOSED and _disclosed(uow, intent)):
        return
    what = Act.CODE_BREAK_INTENT if line["what"] == INTENT else Act.CODE_BREAK_DISCLOSED
    why = intent.text if line["what"] == INTENT else ""
    with trail.act(uow, what, SERVICE, site=intent.site, participant=intent.participant, why=why) as act:
        # The service enters it now; who did it, in which role and when stands in the values.
        act.note(from_file=True, account=intent.account, role=intent.role, intended_at=intent.intended_at)
        if line["what"] == INTENT:
            _sign_as_filed(act, intent)
            enter_intent(act, intent)
        else:
            shown, at = b64decode(line["shown"]), datetime.fromisoformat(str(line["at"]))
            enter_disclosure(act, intent, sealed=shown, at=at, definition=definition)
    if what is Act.CODE_BREAK_DISCLOSED:
        ask_afterwards(uow, intent)


def _disclosed(uow: UnitOfWork, intent: Intent) -> bool:
    """Whether an answer is on record: of two tabs that filed theirs at once, the first one's counts."""
    stored = uow.find(CodeBreak, intent.intent)
    return stored is not None and stored.disclosed_at is not None


def _sign_as_filed(act: OpenAct, intent: Intent) -> None:
    values = signed_values(intent)
    act.note(signed=values)
    act.add(
        Signature(
            number=act.number,
            account=intent.account,
            printed_name=intent.printed_name,
            meaning=meaning_of(intent.way),
            about=f"participant {intent.participant}",
            digest=hashlib.sha256(rfc8785.dumps(values)).hexdigest(),
            signed_at=intent.intended_at,
        )
    )
