"""Accounts: create, grant, revoke, set a new sign-in, close. Secrets are shown once, on the answer alone."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import redirect, render_template, request, url_for

from randomizer.domain.acts import Act
from randomizer.domain.people import BREAKERS, SITE_BOUND, Role
from randomizer.errors import NotAllowed, Refused
from randomizer.services import account_closing, recovery_codes
from randomizer.services import accounts as service
from randomizer.services.views import account_views
from randomizer.web import auth, idle, signing
from randomizer.web.door import this
from randomizer.web.forms import WHY, Field, Form
from randomizer.web.site import second
from randomizer.web.site.act_pages import SHOWN_AGAIN, status_of_refusal
from randomizer.web.site.pages import site

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from werkzeug.wrappers import Response

    from randomizer.services.signatures import StepUp
    from randomizer.services.transactions import UnitOfWork

PASSWORD_BYTES = 15  # 24 characters of base32
SECRET_BYTES = 20  # as RFC 4226 recommends
NEW = (
    Field(
        name="username",
        label="User name",
        hint="Lower case; what the person types to sign in.",
        width="half",
        needed="User name is missing.",
    ),
    Field(
        name="printed_name",
        label="Printed name",
        hint="Stands under every signature.",
        width="half",
        needed="Printed name is missing.",
    ),
    Field(
        name="email",
        label="E-mail",
        type="email",
        hint="Where notices go.",
        width="half",
        needed="E-mail is missing.",
    ),
)
SECOND = second.fields(
    "Second administrator", "Needed for a sign-in that can break a code, and for an administrator's."
)
SAID = {
    "granted": "The role is granted. It counts from the next request on.",
    "revoked": "The role is revoked. The next request of its holder already fails.",
    "closed": "The account is closed and its sessions are ended.",
}


@site.get("/accounts")
def accounts() -> str:
    """Every account with the roles that stand."""
    auth.demand_act(Act.ACCOUNT_CREATED)
    with this().store.reading() as uow:
        found = account_views.listing(uow, auth.person())
    return render_template(
        "site/accounts.html", accounts=found, done=SAID.get(request.args.get("done", ""), "")
    )


@site.route("/accounts/new", methods=["GET", "POST"])
def new_account() -> str | tuple[str, int]:
    """Create an account; its password and code secret are shown once."""
    auth.demand_act(Act.ACCOUNT_CREATED)
    if request.method == "GET":
        return render_template("site/account-new.html", form=idle.form(NEW))
    form = Form.posted(NEW, request.form)
    password, secret = _secrets()
    try:
        form.demand_filled()
        with this().store.writing() as uow:
            account = service.create(
                uow,
                this().gate,
                auth.person(),
                **{one.name: form.text(one.name) for one in NEW},
                password=password,
                totp_secret=secret,
            )
    except SHOWN_AGAIN as error:
        status = status_of_refusal(form, error)
        return render_template("site/account-new.html", form=form), status
    return _shown_once(account.number, account.username, password, secret)


@site.get("/accounts/<int:number>")
def account(number: int) -> str:
    """One account: its roles, and what can be done with it."""
    auth.demand_act(Act.ACCOUNT_CREATED)
    with this().store.reading() as uow:
        found = account_views.one(uow, auth.person(), number)
    return render_template(
        "site/account.html",
        account=found,
        breaks=any(one["role"] in BREAKERS for one in found["grants"]),
        done=SAID.get(request.args.get("done", ""), ""),
    )


@site.route("/accounts/<int:number>/grant", methods=["GET", "POST"])
def grant(number: int) -> str | Response | tuple[str, int]:
    """Grant a role; to break codes or to administer, it needs a second administrator."""
    auth.demand_act(Act.ROLE_GRANTED)
    fields = _grant_fields()
    codes: list[str] = []

    def run(uow: UnitOfWork, form: Form) -> None:
        role, beside = _role(form.text("role")), _second(uow, form)
        service.grant(
            uow,
            auth.person(),
            account=number,
            role=role,
            site=form.text("site") if role in SITE_BOUND else "",
            second=beside,
        )
        codes.extend(recovery_codes.issue_missing(uow, auth.person(), account=number, second=beside))

    answered = _act(number, "site/grant.html", fields, run, done="granted")
    return _sheet(number, codes) if codes else answered


@site.route("/accounts/<int:number>/revoke", methods=["GET", "POST"])
def revoke(number: int) -> str | Response | tuple[str, int]:
    """Take a role back."""
    auth.demand_act(Act.ROLE_REVOKED)
    fields = (Field(name="role", label="Role", type="radio", options=_standing(number)),)

    def run(uow: UnitOfWork, form: Form) -> None:
        role, _, place = form.text("role").partition("@")
        service.revoke(uow, auth.person(), account=number, role=_role(role), site=place)

    return _act(number, "site/revoke.html", fields, run, done="revoked")


@site.route("/accounts/<int:number>/close", methods=["GET", "POST"])
def close_account(number: int) -> str | Response | tuple[str, int]:
    """Close an account and end its sessions: with a reason and a fresh re-authentication."""
    auth.demand_act(Act.ACCOUNT_CLOSED)
    if number == auth.person().account:
        with this().store.reading() as uow:
            account_views.demand_closable(uow, auth.person(), number)

    def run(uow: UnitOfWork, form: Form) -> None:
        signing.read(form)
        form.demand_filled(*signing.needed(form))
        signing.step_up(form, uow)
        account_closing.close(uow, auth.person(), number, form.text("why"))

    return _act(number, "site/account-close.html", (WHY,), run, done="closed")


@site.route("/accounts/<int:number>/sign-in", methods=["GET", "POST"])
def renew(number: int) -> str | Response | tuple[str, int]:
    """Set a new password and code secret; both are shown once, and the holder is told."""
    auth.demand_act(Act.CREDENTIAL_SET)
    password, secret = _secrets()
    codes: list[str] = []

    def run(uow: UnitOfWork, form: Form) -> None:
        beside = _second(uow, form)
        service.set_credential(
            uow,
            this().gate,
            auth.person(),
            account=number,
            password=password,
            totp_secret=secret,
            second=beside,
        )
        codes.extend(recovery_codes.issue_missing(uow, auth.person(), account=number, second=beside))

    answered = _act(number, "site/renew.html", SECOND, run, done="")
    if isinstance(answered, (str, tuple)):
        return answered
    with this().store.reading() as uow:
        found = account_views.one(uow, auth.person(), number)
    return _shown_once(number, found["username"], password, secret, codes)


@site.route("/accounts/<int:number>/recovery-codes", methods=["GET", "POST"])
def renew_recovery_codes(number: int) -> str | Response | tuple[str, int]:
    """Draw new recovery codes; they are shown once, and the holder is told."""
    auth.demand_act(Act.CREDENTIAL_SET)
    codes: list[str] = []

    def run(uow: UnitOfWork, form: Form) -> None:
        codes.extend(recovery_codes.issue(uow, auth.person(), account=number, second=_second(uow, form)))

    answered = _act(number, "site/recovery-codes.html", SECOND, run, done="")
    return _sheet(number, codes) if codes else answered


def _act(
    number: int,
    template: str,
    fields: tuple[Field, ...],
    run: Callable[[UnitOfWork, Form], None],
    *,
    done: str,
) -> str | Response | tuple[str, int]:
    with this().store.reading() as uow:
        found = account_views.one(uow, auth.person(), number)
    if request.method == "GET":
        if not found["active"]:
            raise Refused(
                f"The account of {found['printed_name']} is closed. Nothing was changed.",
                next_step="A closed account stays as it is; a person who comes back gets a new one.",
            )
        return render_template(template, account=found, form=idle.form(fields))
    form = Form.posted(fields, request.form)
    try:
        with this().store.writing() as uow:
            run(uow, form)
    except (*SHOWN_AGAIN, NotAllowed) as error:
        status = status_of_refusal(form, error)
        return render_template(template, account=found, form=form), status
    return redirect(url_for("site.account", number=number, done=done), code=303)


def _grant_fields() -> tuple[Field, ...]:
    with this().store.reading() as uow:
        places = account_views.sites(uow)
    roles = tuple((one["role"], str(one["role"]).capitalize()) for one in account_views.roles())
    return (
        Field(
            name="role", label="Role", type="select", options=(("", "Choose a role"), *roles), width="half"
        ),
        Field(
            name="site",
            label="Site",
            type="select",
            hint="For a role that is bound to a site.",
            options=(("", "The whole trial"), *places),
            width="half",
        ),
        *SECOND,
    )


def _standing(number: int) -> tuple[tuple[str, str], ...]:
    with this().store.reading() as uow:
        found = account_views.one(uow, auth.person(), number)
    return tuple(
        (
            f"{one['role']}@{one['site']}",
            str(one["role"]).capitalize() + (f", {one['site']}" if one["site"] else ""),
        )
        for one in found["grants"]
    )


def _second(uow: UnitOfWork, form: Form) -> StepUp | None:
    return second.step_up(uow, form, "second administrator")


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise Refused("Choose a role. Nothing was changed.", field="role") from error


def _secrets() -> tuple[str, str]:
    entropy = this().store.entropy
    password = base64.b32encode(entropy(PASSWORD_BYTES)).decode().lower()
    grouped = "-".join(password[start : start + 6] for start in range(0, len(password), 6))
    return grouped, base64.b32encode(entropy(SECRET_BYTES)).decode()


def _sheet(number: int, codes: list[str]) -> str:
    with this().store.reading() as uow:
        found = account_views.one(uow, auth.person(), number)
    return render_template("site/recovery-sheet.html", number=number, username=found["username"], codes=codes)


def _shown_once(number: int, username: str, password: str, secret: str, codes: Sequence[str] = ()) -> str:
    issuer = quote("Crossover trial")
    uri = f"otpauth://totp/{issuer}:{quote(username)}?secret={secret}&issuer={issuer}"
    return render_template(
        "site/secrets.html",
        number=number,
        username=username,
        password=password,
        secret=secret,
        uri=uri,
        codes=codes,
    )
