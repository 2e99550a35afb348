"""Code breaks for somebody else: a doctor without an account telephones, or a colleague reads the answer.

Who asked, in which function and on which number stands in the reason of the intent, which can be erased. The
answer never goes by mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from randomizer.domain.acts import MAY, Act
from randomizer.domain.people import Account, Grant
from randomizer.domain.records import Way
from randomizer.errors import Faulty, Refused
from randomizer.services import accounts, notices

if TYPE_CHECKING:
    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

LONGEST = 100  # characters of a name, a function or a number
NOBODY = 0
ASKED = (
    ("caller_name", "name", "The name of whoever telephones is missing."),
    ("caller_function", "function", "The function of whoever telephones is missing."),
    ("caller_telephone", "telephone", "The number to call back is missing."),
)
"""Field of the form, part of a call, and what is said where it was left empty."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Call:
    """Somebody who asks for an answer without breaking the code themselves.

    Args:
        way: How they are told.
        name: Who telephones.
        function: What they are there, such as "physician on duty, intensive care".
        telephone: The number on which they are called back.
        colleague: Number of the account that opens the answer, for `Way.COLLEAGUE`; 0 else.
    """

    way: Way
    name: str
    function: str
    telephone: str
    colleague: int = NOBODY

    def __repr__(self) -> str:
        return f"Call({self.way})"

    def words(self) -> str:
        """Who asked and how they are told, for the reason of the intent."""
        who = f"{self.name.strip()}, {self.function.strip()}, {self.telephone.strip()}"
        return f"Asked by: {who}. Told: {self.way}."


def demand(uow: UnitOfWork, person: Person, call: Call, site: str) -> None:
    """Refuse a call that does not say who asks, or that nobody fit would be told of.

    Args:
        uow: The unit of work.
        person: Who breaks the code.
        call: Who asks.
        site: The participant's site.

    Raises:
        Faulty: Something is missing or too long; every fault by field.
        Refused: The colleague cannot break this code, or the way is not one for a call.
    """
    found = faults(call)
    if found:
        raise Faulty(found, next_step="Ask for it on the telephone. Nothing was opened.")
    if call.way is Way.OWN:
        raise Refused("Choose how the answer is told. Nothing was opened.", field="way")
    if call.way is Way.COLLEAGUE and call.colleague not in dict(colleagues(uow, person, site)):
        raise Refused(
            "Choose the colleague who opens the answer. Nothing was opened.",
            field="colleague",
            next_step="They sign in at this door themselves; whoever is not listed cannot break this code.",
        )


def faults(call: Call) -> tuple[tuple[str, str], ...]:
    """What a call lacks of who asks: field and sentence each."""
    found = []
    for field, part, missing in ASKED:
        typed = getattr(call, part).strip()
        if not typed:
            found.append((field, missing))
        elif len(typed) > LONGEST or not typed.isprintable():
            found.append((field, f"At most {LONGEST} characters on one line; got {len(typed)}."))
    return tuple(found)


def ask(uow: UnitOfWork, person: Person, colleague: int) -> None:
    """Tell a colleague that an answer waits for them; whose it is stands behind the door alone."""
    notices.tell(
        uow,
        colleague,
        subject="A code break waits for you",
        body=f"{person.printed_name} asks you to open the answer of a code break. Sign in at the code-break "
        "door; the first page leads there. It waits for an hour.",
    )


def colleagues(uow: UnitOfWork, person: Person, site: str) -> tuple[tuple[int, str], ...]:
    """Number and name of everybody else who can break the codes of a site, by name.

    Args:
        uow: The unit of work.
        person: Left out.
        site: Site code.
    """
    allowed = sorted(MAY[Act.CODE_BREAK_DISCLOSED])
    holders = {one.account for one in uow.all(Grant, role=allowed, site=[site, ""], revoked_at=None)}
    active = uow.all(Account, number=sorted(holders - {person.account}), active=True)
    people = [accounts.person(uow, one.number) for one in active]  # each compared with its entries
    return tuple(sorted(((one.account, one.printed_name) for one in people), key=lambda pair: pair[1]))


def reader_of(person: Person, call: Call | None) -> int:
    """Number of the account that is to be shown the answer; 0 for somebody without one."""
    if call is None or call.way in {Way.OWN, Way.VOICE}:
        return person.account
    return call.colleague if call.way is Way.COLLEAGUE else NOBODY
