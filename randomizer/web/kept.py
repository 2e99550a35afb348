"""What somebody typed into a form that was not accepted, until they look at its page again.

A form that is refused leads back to its page by a redirect, so that Back and Reload never send it again. What
was typed waits meanwhile; a password and a code never do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from randomizer.errors import HardStop
from randomizer.services.sessions import SESSION_HOURS
from randomizer.web.forms import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from randomizer.errors import RandomizerError
    from randomizer.web.forms import Field

MOST_OF_A_PERSON = 16  # forms; the oldest gives way


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A form as it was sent.

    Args:
        typed: What was typed, by field name; no secrets.
        errors: Why it was refused: sentence by field name.
        general: Sentences of that refusal about no single field.
        stop: The hard stop that it met, or None.
        kept_at: When it came in.
    """

    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)
    general: tuple[str, ...] = ()
    stop: HardStop | None = None
    kept_at: datetime

    def form(self, fields: Iterable[Field]) -> Form:
        """The form of a page, filled in as it was, with what is wrong beside it."""
        shown = Form.blank(fields, self.typed)
        shown.errors |= self.errors
        shown.general += self.general
        return shown


class KeptForms:
    """The forms of everybody at a door that is one process; in its memory and nowhere else.

    Args:
        clock: Gives the time in UTC.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._kept: dict[tuple[int, str], Kept] = {}
        self._lock = Lock()

    def refuse(self, account: int, page: str, form: Form, error: RandomizerError) -> None:
        """Keep a form that was refused, and why.

        Args:
            account: Whose it is.
            page: Path of the page that shows the form.
            form: As it came in.
            error: The refusal; a hard stop is kept whole.
        """
        stop = error if isinstance(error, HardStop) else None
        if stop is None:
            form.refuse(error)
        secrets = {one.name for one in form.fields if one.secret}
        known = {one.name for one in form.fields} - secrets
        kept = Kept(
            typed={name: typed for name, typed in form.typed.items() if name in known},
            errors=dict(form.errors),
            general=tuple(form.general),
            stop=stop,
            kept_at=self._clock(),
        )
        with self._lock:
            own = [key for key in self._kept if key[0] == account and key[1] != page]
            for key in own[: max(0, len(own) + 1 - MOST_OF_A_PERSON)]:
                del self._kept[key]
            self._kept.pop((account, page), None)
            self._kept[account, page] = kept

    def take(self, account: int, page: str) -> Kept | None:
        """What the person sent from a page; why it was refused is told once, what was typed stays."""
        since = self._clock() - timedelta(hours=SESSION_HOURS)
        with self._lock:
            self._kept = {key: kept for key, kept in self._kept.items() if kept.kept_at > since}
            kept = self._kept.get((account, page))
            if kept is not None:
                self._kept[account, page] = replace(kept, errors={}, general=(), stop=None)
            return kept

    def drop(self, account: int, page: str) -> None:
        """Forget a form: it was accepted."""
        with self._lock:
            self._kept.pop((account, page), None)
