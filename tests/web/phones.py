"""What a page asks of a passkey, and a phone that answers, at either door."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from tests.authenticator import Authenticator

if TYPE_CHECKING:
    from flask.testing import FlaskClient

ORIGIN = "http://localhost"
ASKED = re.compile(r'data-passkey="(?:get|create)" data-origin="([^"]*)" data-options="([^"]*)"')
HIDDEN = re.compile(r'name="(csrf_token|handle|name)" value="([^"]*)"')


def asked(page: str) -> str:
    """What a page hands to the authenticator."""
    found = ASKED.search(page)
    assert found is not None, page[:3000]
    assert found[1] == ORIGIN
    return unescape(found[2])


def hidden(page: str) -> dict[str, str]:
    """What the form of a page carries along."""
    return {name: unescape(value) for name, value in HIDDEN.findall(page)}


def enrol(client: FlaskClient, factor: dict[str, str], name: str = "Phone") -> Authenticator:
    """Add a passkey as a person does: sign, then let the phone make it."""
    phone = Authenticator(ORIGIN)
    form = {"name": name, **factor, **hidden(client.get("/passkeys/add").text)}
    page = client.post("/passkeys/add", data=form | {"name": name})
    assert page.status_code == 200, page.text[:4000]
    answer = client.post(
        "/passkeys/make", data=hidden(page.text) | {"passkey": phone.create(asked(page.text))}
    )
    assert answer.status_code == 303, answer.text[:4000]
    return phone


def sign_in(client: FlaskClient, phone: Authenticator, status: int = 303) -> str:
    """Sign in with a passkey; gives what comes then."""
    page = client.get("/sign-in").text
    form = hidden(page) | {"passkey": phone.get(asked(page))}
    answer = client.post("/passkeys/sign-in", data=form)
    assert answer.status_code == status, answer.text[:4000]
    return client.get(answer.headers["Location"]).text if status == 303 else answer.text
