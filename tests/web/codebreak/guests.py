"""People at the code-break door with a browser that has no JavaScript."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.activated import PASSWORD, SITE, TOTP_STEP_SECONDS, username

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from randomizer.domain.people import Role
    from tests.activated import Instance

SEE_OTHER = 303
COOKIE = "codebreak"
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Guest:
    """Somebody who uses the door."""

    instance: Instance
    client: FlaskClient
    role: Role
    site: str = SITE

    def open(self, path: str, status: int = 200) -> TestResponse:
        """Open a page."""
        answer = self.client.get(path, buffered=True)  # a server closes each answer, too
        assert answer.status_code == status, (path, answer.status_code, answer.text[:3000])
        return answer

    def get(self, path: str, status: int = 200) -> str:
        """Open a page and read it."""
        return self.open(path, status).text

    def send(
        self,
        path: str,
        data: dict[str, str] | None = None,
        status: int = SEE_OTHER,
        *,
        page: str = "",
        sign: bool = False,
    ) -> TestResponse:
        """Send the form that stands on a page; a redirect is followed, whatever it leads to."""
        token = CSRF.search(self.client.get(page or path).text)
        assert token is not None, page or path
        form = {"csrf_token": token[1]} | (data or {}) | (self.factor() if sign else {})
        answer = self.client.post(path, data=form)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:6000])
        return self.client.get(answer.headers["Location"]) if status == SEE_OTHER else answer

    def beside(self) -> Guest:
        """The same person, with another tab."""
        cookie = self.client.get_cookie(COOKIE)
        assert cookie is not None
        client = self.client.application.test_client()
        client.set_cookie(COOKIE, cookie.value)
        return replace(self, client=client)

    def token(self) -> str:
        """The CSRF token of this session."""
        found = CSRF.search(self.client.get("/").text) or CSRF.search(self.client.get("/preparation").text)
        assert found is not None
        return found[1]

    def factor(self) -> dict[str, str]:
        """Password and a fresh code; the clock moves on, since a code works once."""
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        return {"password": PASSWORD, "code": self.instance.code(self.role, self.site)}


@dataclass
class Visit:
    """Lets people in."""

    app: Flask
    instance: Instance

    def __call__(self, role: Role, site: str = SITE) -> Guest:
        """Somebody in this role, signed in."""
        guest = self.stranger(role, site)
        guest.send("/sign-in", {"username": username(role, site)}, sign=True)
        return guest

    def stranger(self, role: Role, site: str = SITE) -> Guest:
        """Somebody in this role, not signed in."""
        return Guest(self.instance, self.app.test_client(), role, site)
