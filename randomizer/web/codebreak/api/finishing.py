"""Lock and release, for programs."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64

from flask import Response  # noqa: TC002 - read at run time by the API

from randomizer.domain.acts import Act
from randomizer.errors import Refused
from randomizer.services import locking
from randomizer.services.unblinded import release
from randomizer.web import auth, exchange
from randomizer.web.codebreak import taking
from randomizer.web.codebreak.api.forms import addresses, finish
from randomizer.web.codebreak.api.surface import api
from randomizer.web.codebreak.finishing import READERS, standing
from randomizer.web.codebreak.pages import desk, looking
from randomizer.web.door import this
from randomizer.web.surface import answer, text


@api.get("/lock", responses={200: finish.Lock})
def blocks() -> Response:
    """The trial, and what stands in the way of its lock."""
    auth.demand_role(READERS, what="look at the lock")
    return _lock()


@api.post("/lock", responses={200: finish.Lock})
def lock(header: addresses.Once, body: exchange.SignedWhy) -> Response:  # noqa: ARG001
    """Lock the data, signed."""
    auth.demand_act(Act.TRIAL_LOCKED)
    step_up = auth.step_up(password=body.password, code=body.code)
    with this().store.writing() as uow:
        locking.lock(uow, auth.person(), step_up, body.why)
    return _lock()


@api.post("/release/export", responses={200: finish.Exported})
def export(header: addresses.Once) -> Response:  # noqa: ARG001
    """Give out the sealed release and the certificate."""
    auth.demand_act(Act.RELEASE_EXPORTED)
    with this().store.writing() as uow:
        paths = release.export_sealed(uow, desk(), auth.person(), desk().directory / release.EXPORTED)
    contents = {path.name.replace(".", "_"): b64encode(path.read_bytes()).decode() for path in paths}
    return answer(text(contents))


@api.post("/release/import", responses={200: exchange.Trial})
def bring_in(header: addresses.Once, body: finish.Copy) -> Response:  # noqa: ARG001
    """Take in this host's copy of the opened release."""
    auth.demand_act(Act.TRIAL_RELEASED)
    try:
        sealed = b64decode(body.copy_base64, validate=True)
    except (NotBase64, ValueError):
        raise Refused("copy_base64 must be base64.", field="copy_base64") from None
    with this().store.writing() as uow:
        release.import_release(uow, desk(), auth.person(), sealed)
    with looking() as seen:
        return answer(text(seen.show(seen.trial)))


@api.get("/release/records", responses={200: {"content": {taking.ARCHIVE: {}}}})
def records() -> Response:
    """The records of a released trial as a ZIP file: public/ and release/; nothing in it unblinds."""
    return taking.take()


def _lock() -> Response:
    with looking() as seen:
        return answer(text({"trial": seen.show(seen.trial), "blocks": standing(seen)}))
