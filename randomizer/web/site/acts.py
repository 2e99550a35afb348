"""An act as a page and as an API call: one table says what is asked, what is signed and what is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from randomizer.domain.acts import Act  # noqa: TC001 - read at run time by the dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from randomizer.domain.people import Person
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import UnitOfWork
    from randomizer.services.views.sight import Sight
    from randomizer.web.forms import Field, Form


@dataclass(frozen=True, slots=True)
class Call:
    """One act being done.

    Args:
        uow: The transaction.
        person: Who acts.
        key: What it is about: participant number, site code, alarm number, or "".
        form: What was entered.
        sign: Re-authenticates the person; only a signed act calls it.
    """

    uow: UnitOfWork
    person: Person
    key: str
    form: Form
    sign: Callable[[], StepUp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What an act is about, as its page shows it.

    Args:
        key: Its key as stored.
        caption: What stands above the title.
        back: Label of the way back.
        facts: Label and value, by name: an act's page shows those that it names.
        home: Key of the page to go to afterwards, where that is another thing's; "" where it is its own.
        alert: Whether a quality alert stands of the kit that was handed out.
    """

    key: str
    caption: str
    back: str
    facts: dict[str, tuple[str, str]]
    home: str = ""
    alert: bool = False


class Subject(Protocol):
    """What acts are about."""

    @property
    def rule(self) -> str:
        """URL of the thing itself, with ``<key>``."""

    @property
    def name(self) -> str:
        """One word, for endpoints and the API."""

    def load(self, sight: Sight, key: str) -> Loaded:
        """The thing as an act's page shows it.

        Raises:
            NotFound: There is none that the person sees.
        """

    def demand(self, sight: Sight, key: str, act: Act) -> None:
        """Refuse an act that cannot succeed now, whatever is entered.

        Raises:
            NotFound: There is none that the person sees.
            Refused: Its life does not admit the act.
            Stopped: An alarm stands.
        """

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:
        """The thing as the API answers it after the act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActPage:
    """One act.

    Args:
        act: The act; who may open the page stands in `randomizer.domain.acts.MAY`.
        slug: Last part of the URL.
        title: Heading.
        button: The main action, a verb first.
        done: What the record's page says afterwards.
        run: Does it; the caller holds the transaction and commits before answering.
        body: The request body of the API.
        lead: One sentence under the heading.
        meaning: What a signature states; "" for an act that is not signed.
        asks: Gives the fields.
        filled: Gives what stands in them from the start, by name.
        checks: Refuses what was typed, before a code is used up; said at once with what is missing.
        facts: Names of the facts that are shown above, and signed where the act is signed.
        scans: Whether the first field takes a scan, and so has the focus.
        onward: Gives the page to go to afterwards; None for the record's own.
    """

    act: Act
    slug: str
    title: str
    button: str
    done: str
    run: Callable[[Call], object]
    body: type[BaseModel]
    lead: str = ""
    meaning: str = ""
    asks: Callable[[Sight, str], tuple[Field, ...]] = field(default=lambda _sight, _key: ())
    filled: Callable[[Sight, str], dict[str, str]] = field(default=lambda _sight, _key: {})
    checks: Callable[[Form], object] = field(default=lambda _form: None)
    facts: tuple[str, ...] = ()
    scans: bool = False
    onward: Callable[[Form], str] | None = None
