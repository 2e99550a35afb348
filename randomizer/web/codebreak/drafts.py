"""What somebody has written before they sign a code break: in the memory of this process, and nowhere else.

Every page of a code break is asked for by GET, so that Back and Reload always work. What was typed has to
wait somewhere meanwhile: not in an address, which others may see, and not in the database before there is
an intent. The password and the six-digit code never wait anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from randomizer.services.sessions import SESSION_HOURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from randomizer.web.forms import Form

NUMBER_BYTES = 8
MOST_OF_A_PERSON = 16  # drafts; the oldest gives way
ABANDONED = timedelta(hours=1)
LOOKED = timedelta(hours=1)  # a page that was opened before is opened anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A reason that was written down and not signed yet.

    Args:
        number: Stands in the form that signs, so that nothing is signed but what was shown.
        account: Whose it is.
        participant: Participant number.
        reason: Code of the reason, as typed.
        text: The reason in their own words, as typed.
        call: Who telephones and how they are told, by field name as typed; empty where nobody does.
        kept_at: When it was written.
        errors: Why the last signature was refused: sentence by field name.
        general: Sentences of that refusal about no single field.
        intent: The code break that was signed with it, or "".
        given_up: Whether it was put on record that nobody signed it.
        turn: Held by whoever signs it: a second tap waits for the first.
    """

    number: str
    account: int
    participant: str
    reason: str
    text: str = field(repr=False)
    call: Mapping[str, str] = field(default_factory=dict, repr=False)
    kept_at: datetime
    errors: tuple[tuple[str, str], ...] = ()
    general: tuple[str, ...] = ()
    intent: str = ""
    given_up: bool = False
    turn: Lock = field(default_factory=Lock, repr=False, compare=False)


class Drafts:
    """The drafts of everybody at this door.

    Args:
        clock: Gives the time in UTC.
        entropy: Gives random bytes.
    """

    def __init__(self, clock: Callable[[], datetime], entropy: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._entropy = entropy
        self._kept: dict[str, Draft] = {}
        self._looked: dict[tuple[int, str], datetime] = {}
        self._lock = Lock()

    def look(self, account: int, participant: str) -> None:
        """Remember when the person opened the page of this participant, for the time to the answer."""
        with self._lock:
            since = self._clock() - LOOKED
            self._looked = {key: at for key, at in self._looked.items() if at > since}
            self._looked.setdefault((account, participant), self._clock())

    def looked_at(self, account: int, participant: str) -> datetime | None:
        """When the person opened the page of this participant, if that was within the hour."""
        with self._lock:
            at = self._looked.get((account, participant))
        return at if at is not None and at > self._clock() - LOOKED else None

    def look_away(self, account: int, participant: str) -> None:
        """Forget when the person opened the page of this participant: the code is broken."""
        with self._lock:
            self._looked.pop((account, participant), None)

    def keep(
        self, account: int, participant: str, *, reason: str, text: str, call: Mapping[str, str] | None = None
    ) -> Draft:
        """Keep what was typed; it takes the place of what the person had written about this participant."""
        call = call or {}
        with self._lock:
            before = self._open(account, participant)
            if before is not None and (before.reason, before.text, before.call) == (reason, text, call):
                return before
            self._drop(self._given_up(account, before))
            draft = Draft(
                number=self._entropy(NUMBER_BYTES).hex(),
                account=account,
                participant=participant,
                reason=reason,
                text=text,
                call=call,
                kept_at=self._clock(),
            )
            self._kept[draft.number] = draft
            return draft

    def find(self, account: int, participant: str) -> Draft | None:
        """What the person has written about this participant and not signed yet."""
        with self._lock:
            return self._open(account, participant)

    def intent_of(self, account: int, number: str) -> str:
        """The code break that was signed with this draft, or "" where none was."""
        with self._lock:
            draft = self._kept.get(number)
            return draft.intent if draft is not None and draft.account == account else ""

    def refuse(self, draft: Draft, form: Form) -> None:
        """Keep why a draft was not signed, for the page that shows it again."""
        self._put(replace(draft, errors=tuple(form.errors.items()), general=tuple(form.general)))

    def calm(self, draft: Draft) -> None:
        """Forget why a draft was not signed: the person begins anew."""
        self._put(replace(draft, errors=(), general=()))

    def sign(self, draft: Draft, intent: str) -> None:
        """Forget what was written, and remember which code break it became, whatever took its place since."""
        signed = replace(draft, reason="", text="", call={}, errors=(), general=(), intent=intent)
        with self._lock:
            self._kept[draft.number] = signed
            self._looked.pop((draft.account, draft.participant), None)

    def drop(self, draft: Draft) -> None:
        """Forget a draft: the person breaks no code."""
        with self._lock:
            self._drop(iter((draft,)))
            self._looked.pop((draft.account, draft.participant), None)

    def abandoned(self) -> tuple[Draft, ...]:
        """Drafts that waited so long for a signature that nobody comes back; each is given once."""
        with self._lock:
            since = self._clock() - ABANDONED
            found = [one for one in self._kept.values() if one.kept_at <= since]
            found = [one for one in found if not one.intent and not one.given_up]
            for one in found:
                self._kept[one.number] = replace(one, given_up=True)
        return tuple(found)

    def _put(self, draft: Draft) -> None:
        with self._lock:
            if draft.number in self._kept:
                self._kept[draft.number] = draft

    def _open(self, account: int, participant: str) -> Draft | None:
        since = self._clock() - timedelta(hours=SESSION_HOURS)
        self._drop(draft for draft in list(self._kept.values()) if draft.kept_at <= since)
        return next(
            (one for one in self._of(account) if one.participant == participant and not one.intent), None
        )

    def _given_up(self, account: int, before: Draft | None) -> Iterator[Draft]:
        if before is not None:
            yield before
        yield from [one for one in self._of(account) if one is not before][: 1 - MOST_OF_A_PERSON]

    def _of(self, account: int) -> list[Draft]:
        return [draft for draft in self._kept.values() if draft.account == account]

    def _drop(self, drafts: Iterator[Draft]) -> None:
        for draft in drafts:
            self._kept.pop(draft.number, None)
