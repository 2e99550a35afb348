"""``randomizer account``: accounts and roles from the command line, by an administrator who signs in.

Passwords and code secrets are drawn here and shown once, to be handed over in person.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

from randomizer.cli.console import answer, instance_option, json_option
from randomizer.cli.instance import open_instance
from randomizer.cli.new_credential import NewCredential, recovery_field, recovery_sheet
from randomizer.cli.signing_in import as_option, code_option, gate_of, password_option, sign_in
from randomizer.domain.people import SERVICE, Account, Role
from randomizer.domain.trial import Trial
from randomizer.errors import NotFound, Refused
from randomizer.services import account_closing, accounts, authentication, recovery_codes, trials
from randomizer.services.views import account_views

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from randomizer.domain.people import Person
    from randomizer.services.authentication import Gate
    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import Store, UnitOfWork


@click.group()
def command() -> None:
    """Make accounts, grant and revoke roles, list and close."""


def signed_in(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options by which an administrator signs in."""
    for option in (json_option, code_option, password_option, as_option, instance_option):
        function = option(function)
    return function


def with_second(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options by which a second administrator signs in beside the first."""
    second = click.option("--second", default="", help="User name of a second administrator.")
    password = click.option(
        "--second-password",
        default="",
        envvar="RANDOMIZER_SECOND_PASSWORD",
        help="Asked for when it is needed and not in RANDOMIZER_SECOND_PASSWORD.",
    )
    code = click.option(
        "--second-code",
        default="",
        envvar="RANDOMIZER_SECOND_CODE",
        help="Asked for when it is needed and not in RANDOMIZER_SECOND_CODE.",
    )
    return second(password(code(function)))


@command.command()
@instance_option
@click.option("--first", nargs=3, required=True, metavar="USERNAME NAME EMAIL", help="An administrator.")
@click.option("--second", nargs=3, required=True, metavar="USERNAME NAME EMAIL", help="Another person.")
@json_option
def bootstrap(
    *, instance: Path | None, first: tuple[str, str, str], second: tuple[str, str, str], as_json: bool
) -> None:
    """Make the first two administrators of a fresh instance."""
    settings, store = open_instance(instance)
    gate = gate_of(settings)
    made = []
    with store.writing() as uow:
        if uow.count(Account):
            raise Refused(
                "This instance has accounts already. Nothing was changed.",
                field="instance",
                next_step="An administrator makes further accounts: randomizer account create.",
            )
        for username, printed_name, email in (first, second):
            drawn = NewCredential.draw(secrets.token_bytes)
            account = _create(uow, gate, SERVICE, (username, printed_name, email), drawn)
            accounts.grant(uow, SERVICE, account=account.number, role=Role.ADMINISTRATOR)
            made.append(drawn.fields(account.username, _trial_id(uow)))
    answer({"accounts": made}, "\n\n".join(_handout(fields) for fields in made), as_json=as_json)


@command.command()
@click.argument("holder_name", metavar="USERNAME")
@click.option("--name", "printed_name", required=True, help="The name under signatures.")
@click.option("--email", required=True, help="Where notices go.")
@signed_in
def create(*, holder_name: str, printed_name: str, email: str, as_json: bool, **signing: Any) -> None:  # noqa: ANN401
    """Make an account; it can do nothing until a role is granted."""
    store, gate, person = _open(**signing)
    drawn = NewCredential.draw(secrets.token_bytes)
    with store.writing() as uow:
        account = _create(uow, gate, person, (holder_name, printed_name, email), drawn)
        fields = drawn.fields(account.username, _trial_id(uow))
    answer(fields, _handout(fields), as_json=as_json)


@command.command(name="list")
@signed_in
def list_accounts(*, as_json: bool, **signing: Any) -> None:  # noqa: ANN401
    """List accounts with their roles."""
    store, _, person = _open(**signing)
    with store.reading() as uow:
        rows = account_views.listing(uow, person)
    for row in rows:
        grants = [
            f"{grant['role']}{' at ' if grant['site'] else ''}{grant['site']}" for grant in row["grants"]
        ]
        row["grants"] = grants
    lines = [
        f"{row['username']:24} {'' if row['active'] else 'closed; '}{', '.join(row['grants']) or 'no role'}"
        for row in rows
    ]
    answer({"accounts": rows}, "\n".join(lines), as_json=as_json)


@command.command()
@click.argument("holder_name", metavar="USERNAME")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@click.option("--site", default="", help="Site code, for a role that is held at one site.")
@with_second
@signed_in
def grant(
    *,
    holder_name: str,
    role: str,
    site: str,
    second: str,
    second_password: str,
    second_code: str,
    as_json: bool,
    **signing: Any,  # noqa: ANN401
) -> None:
    """Grant a role; to break codes or to administer, it needs a second administrator."""
    store, gate, person = _open(**signing)
    beside = _second(store, gate, second, second_password, second_code)
    with store.writing() as uow:
        holder = _named(uow, holder_name)
        accounts.grant(uow, person, account=holder.number, role=Role(role), site=site, second=beside)
        codes = recovery_codes.issue_missing(uow, person, account=holder.number, second=beside)
    done = f"{holder.username} is {role}{f' at {site}' if site else ''} now."
    answer({"done": done} | recovery_field(codes), done + recovery_sheet(codes), as_json=as_json)


@command.command()
@click.argument("holder_name", metavar="USERNAME")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@click.option("--site", default="", help="Site code, for a role that is held at one site.")
@signed_in
def revoke(*, holder_name: str, role: str, site: str, as_json: bool, **signing: Any) -> None:  # noqa: ANN401
    """Take a role back; the holder's next request already fails."""
    store, _, person = _open(**signing)
    with store.writing() as uow:
        holder = _named(uow, holder_name)
        accounts.revoke(uow, person, account=holder.number, role=Role(role), site=site)
    _done(f"{holder.username} is not {role}{f' at {site}' if site else ''} any more.", as_json=as_json)


@command.command()
@click.argument("holder_name", metavar="USERNAME")
@click.option("--why", required=True, help='The reason, e.g. "Left the hospital".')
@signed_in
def close(*, holder_name: str, why: str, as_json: bool, **signing: Any) -> None:  # noqa: ANN401
    """Close an account and end its sessions."""
    store, _, person = _open(**signing)
    with store.writing() as uow:
        holder = _named(uow, holder_name)
        account_closing.close(uow, person, holder.number, why)
    _done(f"The account of {holder.username} is closed.", as_json=as_json)


@command.command()
@click.argument("holder_name", metavar="USERNAME")
@with_second
@signed_in
def credential(
    *,
    holder_name: str,
    second: str,
    second_password: str,
    second_code: str,
    as_json: bool,
    **signing: Any,  # noqa: ANN401
) -> None:
    """Draw a new password and code secret; its holder is told, and signed out."""
    store, gate, person = _open(**signing)
    beside = _second(store, gate, second, second_password, second_code)
    drawn = NewCredential.draw(secrets.token_bytes)
    with store.writing() as uow:
        holder = _named(uow, holder_name)
        accounts.set_credential(
            uow,
            gate,
            person,
            account=holder.number,
            password=drawn.password,
            totp_secret=drawn.totp_secret,
            second=beside,
        )
        codes = recovery_codes.issue_missing(uow, person, account=holder.number, second=beside)
        fields = drawn.fields(holder.username, _trial_id(uow))
    answer(fields | recovery_field(codes), _handout(fields) + recovery_sheet(codes), as_json=as_json)


@command.command(name="recovery-codes")
@click.argument("holder_name", metavar="USERNAME")
@with_second
@signed_in
def new_recovery_codes(
    *,
    holder_name: str,
    second: str,
    second_password: str,
    second_code: str,
    as_json: bool,
    **signing: Any,  # noqa: ANN401
) -> None:
    """Draw new recovery codes for somebody who can break a code; those before count no more."""
    store, gate, person = _open(**signing)
    beside = _second(store, gate, second, second_password, second_code)
    with store.writing() as uow:
        holder = _named(uow, holder_name)
        codes = recovery_codes.issue(uow, person, account=holder.number, second=beside)
    done = f"{holder.username} has new recovery codes."
    answer({"done": done} | recovery_field(codes), done + recovery_sheet(codes), as_json=as_json)


def _open(*, instance: Path | None, username: str, password: str, code: str) -> tuple[Store, Gate, Person]:
    settings, store = open_instance(instance)
    person, _ = sign_in(store, settings, username=username, password=password, code=code)
    return store, gate_of(settings), person


def _second(store: Store, gate: Gate, username: str, password: str, code: str) -> StepUp | None:
    if not username:
        return None
    password = password or click.prompt(f"Password of {username}", hide_input=True)
    code = code or click.prompt(f"Six-digit code of {username}")
    with store.writing() as uow:
        return authentication.witness(uow, gate, username=username, password=password, code=code)


def _create(
    uow: UnitOfWork, gate: Gate, by: Person, who: tuple[str, str, str], drawn: NewCredential
) -> Account:
    username, printed_name, email = who
    return accounts.create(
        uow,
        gate,
        by,
        username=username,
        printed_name=printed_name,
        email=email,
        password=drawn.password,
        totp_secret=drawn.totp_secret,
    )


def _named(uow: UnitOfWork, username: str) -> Account:
    found = uow.all(Account, username=username.strip().lower())
    if not found:
        raise NotFound(f"There is no account {username}.", field="username")
    return found[0]


def _trial_id(uow: UnitOfWork) -> str:
    return trials.current(uow)[1].trial_id.upper() if uow.find(Trial, 1) is not None else ""


def _handout(fields: dict[str, str]) -> str:
    return (
        f"User name     {fields['username']}\n"
        f"Password      {fields['password']}\n"
        f"Code secret   {fields['totp_secret']}\n"
        f"              {fields['otpauth']}\n"
        "Shown this once. Hand it over in person."
    )


def _done(sentence: str, *, as_json: bool) -> None:
    answer({"done": sentence}, sentence, as_json=as_json)
