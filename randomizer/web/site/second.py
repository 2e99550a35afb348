"""A second person beside the one who is signed in: three fields, and the re-authentication behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.errors import SignInRefused, StepUpRefused
from randomizer.web import auth
from randomizer.web.forms import Field

if TYPE_CHECKING:
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import UnitOfWork
    from randomizer.web.forms import Form


def fields(who: str, hint: str) -> tuple[Field, ...]:
    """The fields of a second person.

    Args:
        who: Such as "Second administrator".
        hint: When they are needed.
    """
    return (
        Field(name="second_username", label=f"{who}: user name", hint=hint, width="half"),
        Field(name="second_password", label=f"{who}: password", type="password", secret=True, width="half"),
        Field(
            name="second_code",
            label=f"{who}: six-digit code",
            secret=True,
            width="short",
            inputmode="numeric",
        ),
    )


def step_up(uow: UnitOfWork, form: Form, who: str) -> StepUp | None:
    """Re-authenticate the second person, or None where no name was entered.

    Args:
        uow: The act's transaction.
        form: As it came in.
        who: Such as "second administrator".

    Raises:
        StepUpRefused: Name, password and code do not fit together.
    """
    username = form.text("second_username")
    if not username:
        return None
    password, code = form.typed.get("second_password", ""), form.text("second_code")
    try:
        return auth.witness(uow, username=username, password=password, code=code)
    except SignInRefused as refused:
        raise StepUpRefused(
            f"Name, password and code of the {who} do not fit together. Nothing was changed.",
            field="second_code",
            next_step="Check all three. A code works once; wait for the next one.",
        ) from refused
