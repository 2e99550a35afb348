"""Leaks out of a code break: what is learnt of one participant reaches those who stay blind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.services import notices
from randomizer.services.unblinded import code_breaks, unblinding

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.games.leaks.secret import Secret
    from tests.games.seeing import Doors


def in_the_entry_of_a_code_break(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The values of the entry "code break disclosed" name the plan that was shown."""

    def leaky(act: Any, intent: Any, **named: Any) -> dict[str, Any]:  # noqa: ANN401
        act.note(plan=secret.sequence(intent.participant))
        return named

    _on_disclosure(patch, leaky)


def in_the_length_of_what_was_shown(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """What was shown is sealed a byte longer for one sequence: the filter hides the bytes, not how many."""

    def leaky(_act: Any, intent: Any, **named: Any) -> dict[str, Any]:  # noqa: ANN401
        more = secret.sequence(intent.participant) == "AB"
        return named | {"sealed": named["sealed"] + bytes(more)}

    _on_disclosure(patch, leaky)


def in_who_is_told_of_a_code_break(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """One role less gets the notice where cells were given first: who is told tells what was found."""
    shipped = notices.queue

    def leaky(uow: Any, roles: Any, **named: Any) -> int:  # noqa: ANN401
        number = named["subject"].rpartition(" ")[2]
        told = [*roles]
        return shipped(uow, told[: len(told) - (secret.sequence(number) == "AB")], **named)

    patch.setattr(notices, "queue", leaky)


def in_what_a_code_break_asks(patch: pytest.MonkeyPatch, secret: Secret, _doors: Doors) -> None:
    """The tasks that follow a code break stay away where it was medium: nothing to decide."""
    shipped = code_breaks.ask_afterwards

    def leaky(uow: Any, intent: Any) -> None:  # noqa: ANN401
        if secret.sequence(intent.participant) == "AB":
            shipped(uow, intent)

    patch.setattr(unblinding, "ask_afterwards", leaky)


def _on_disclosure(patch: pytest.MonkeyPatch, change: Callable[..., dict[str, Any]]) -> None:
    """Change what is recorded of a disclosure."""
    shipped = code_breaks.enter_disclosure

    def leaky(act: Any, intent: Any, **named: Any) -> None:  # noqa: ANN401
        shipped(act, intent, **change(act, intent, **named))

    patch.setattr(unblinding, "enter_disclosure", leaky)
