"""The end of a trial: the lock, the release."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from flask import redirect, render_template, request, send_file, url_for

from randomizer.domain.acts import MAY, Act
from randomizer.domain.trial import OPEN
from randomizer.errors import BundleRefused, Faulty, NotFound, Refused
from randomizer.masking import ALLOWED
from randomizer.services import locking
from randomizer.services.unblinded import release
from randomizer.web import auth, signing, words
from randomizer.web.codebreak.pages import (
    SHOWN_AGAIN,
    again,
    codebreak,
    desk,
    done,
    form_of,
    looking,
    signer,
)
from randomizer.web.door import this
from randomizer.web.forms import WHY, Form

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from randomizer.services.views.sight import Sight

READERS = ALLOWED["Lock"]["blocks"].roles
EXPORTED = ("certificate.note", "release.sealed")
LONGEST_RELEASE = 32 * 1024 * 1024  # bytes


@codebreak.route("/lock", methods=["GET", "POST"])
def lock() -> str | Response:
    """What stands in the way of the lock; the lock itself, signed."""
    auth.demand_role(READERS, what="look at the lock")
    if request.method == "POST":
        auth.demand_act(Act.TRIAL_LOCKED)
        form = Form.posted((WHY,), request.form)
        signing.read(form)
        try:
            step_up = signing.step_up(form)
            with this().store.writing() as uow:
                locking.lock(uow, auth.person(), step_up, form.text("why"))
        except Faulty:  # the page lists what stands in the way
            return redirect(request.path, code=303)
        except SHOWN_AGAIN as error:
            return again(form, error, request.path)
        return done(request.path, request.path)
    return _lock_page(form_of((WHY,)))


@codebreak.get("/release")
def releasing() -> str:
    """Where the release stands, and what comes next."""
    auth.demand_act(Act.RELEASE_EXPORTED)
    return _release_page(form_of(()))


@codebreak.post("/release/export")
def export() -> Response:
    """Give out the sealed release and the certificate."""
    auth.demand_act(Act.RELEASE_EXPORTED)
    with this().store.writing() as uow:
        release.export_sealed(uow, desk(), auth.person(), desk().directory / release.EXPORTED)
    return redirect(url_for("codebreak.releasing"), code=303)


@codebreak.get("/release/<name>")
def exported(name: str) -> Response:
    """One of the files that were given out; sealed."""
    auth.demand_act(Act.RELEASE_EXPORTED)
    path = desk().directory / release.EXPORTED / name
    if name not in EXPORTED or not path.is_file():
        raise NotFound("The release was not exported yet.", next_step="Export it first.")
    return send_file(
        path.resolve(), as_attachment=True, download_name=name, mimetype="application/octet-stream"
    )


@codebreak.post("/release/import")
def bring_in() -> Response:
    """Take in this host's copy of the opened release."""
    auth.demand_act(Act.TRIAL_RELEASED)
    given = request.files.get("copy")
    form = Form.blank(())
    try:
        if given is None or not given.filename:
            raise Refused("Choose the file that was made for this host.", field="copy")
        with closing(given), this().store.writing() as uow:
            release.import_release(uow, desk(), auth.person(), given.read())
    except (*SHOWN_AGAIN, BundleRefused) as error:
        return again(form, error, url_for("codebreak.releasing"))
    return redirect(url_for("codebreak.releasing"), code=303)


def allow_a_whole_release() -> None:
    """Take a longer body where a release comes in; call before anything reads the form."""
    if request.endpoint in {"codebreak.bring_in", "api.bring_in"}:
        request.max_content_length = LONGEST_RELEASE


def _lock_page(form: Form) -> str:
    with looking() as seen:
        trial, name = seen.show(seen.trial), seen.definition.trial_id.upper()
        blocks = standing(seen)
    return render_template(
        "codebreak/lock.html",
        values=[
            ("Trial", name),
            ("Phase", words.capital(trial["phase"])),
            ("Definition", trial["definition_digest"][:16]),
            ("Certificate", trial["certificate_digest"][:16]),
        ],
        blocks=blocks,
        locked=words.moment(trial["locked_at"]) if trial["locked_at"] else "",
        may_sign=bool(auth.person().roles & MAY[Act.TRIAL_LOCKED]),
        form=form,
        meaning=locking.LOCK_MEANING,
        signer=signer(),
    )


def standing(seen: Sight) -> list[str]:
    """What stands in the way of the lock, as far as the person may see it; nothing once it is signed."""
    blocks = list(locking.blocks(seen.uow)) if seen.trial.phase in OPEN else []
    shown: list[str] = seen.show({"blocks": blocks}, kind="Lock").get("blocks", [])
    return shown


def _release_page(form: Form) -> str:
    with looking() as seen:
        trial = seen.show(seen.trial)
    directory = desk().directory / release.EXPORTED
    files = [name for name in EXPORTED if (directory / name).is_file()]
    return render_template("codebreak/release.html", trial=trial, files=files, form=form)
