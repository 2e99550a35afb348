"""People who use the site door with a browser that has no JavaScript."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from randomizer.domain.people import Role
from tests import activated
from tests.activated import PASSWORD, SITE, TOTP_STEP_SECONDS, username

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.activated import Instance

SEE_OTHER = 303
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """Somebody at the site door with a browser that has no JavaScript."""

    instance: Instance
    client: FlaskClient
    role: Role
    site: str = SITE
    last: TestResponse | None = field(default=None, repr=False)

    def get(self, path: str, status: int = 200) -> str:
        """Open a page."""
        answer = self.client.get(path, follow_redirects=True)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:3000])
        self.last = answer
        return answer.text

    def post(
        self, path: str, data: dict[str, str] | None = None, status: int = 303, *, sign: bool = False
    ) -> str:
        """Send the form of a page, as opened right before; on a redirect, follow it."""
        opened = self.client.get(path)
        token = CSRF.search(opened.text)
        assert token is not None, (path, opened.status_code, opened.text[:3000])
        form = {"csrf_token": token[1]} | (data or {}) | (self.factor() if sign else {})
        answer = self.client.post(path, data=form)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:6000])
        self.last = answer
        if status == SEE_OTHER:
            return self.get(answer.headers["Location"])
        return answer.text

    def factor(self) -> dict[str, str]:
        """Password and a fresh code; the clock moves on, since a code works once."""
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        return {"password": PASSWORD, "code": self.instance.code(self.role, self.site)}

    def sign_in(self) -> Visitor:
        """Come in through the page."""
        self.post("/sign-in", {"username": username(self.role, self.site)}, sign=True)
        return self


@dataclass
class Visit:
    """Opens the door for people."""

    app: Flask
    instance: Instance

    def __call__(self, role: Role, site: str = SITE) -> Visitor:
        return Visitor(self.instance, self.app.test_client(), role, site).sign_in()

    def stranger(self) -> Visitor:
        """Somebody who is not signed in."""
        return Visitor(self.instance, self.app.test_client(), Role.INVESTIGATOR)


def eligibility_form(instance: Instance, site: str = SITE) -> dict[str, str]:
    """The form of somebody who is eligible."""
    form = {"course": "relapsing"}
    for code, answer in activated.answers(instance.definition, site).items():
        form[code] = "yes"
        form |= dict(answer.values)
    return form
