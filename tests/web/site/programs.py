"""Programs that use the API of the site door."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.activated import PASSWORD, SITE, TOTP_STEP_SECONDS, username

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from randomizer.domain.people import Role
    from tests.activated import Instance

PROBLEM = "application/problem+json"
KEYS = count()


@dataclass
class Program:
    """A program with a bearer token."""

    instance: Instance
    client: FlaskClient
    role: Role
    site: str = SITE
    token: str = field(default="", repr=False)

    def sign_in(self) -> Program:
        """Get a token."""
        body = {"username": username(self.role, self.site), **self.factor()}
        answer = self.client.post("/api/v1/tokens", json=body)
        assert answer.status_code == 201, answer.text
        self.token = answer.get_json()["token"]
        return self

    def get(self, path: str, status: int = 200) -> dict[str, Any]:
        """Read something."""
        return self.fetch(path, status).get_json()  # type: ignore[no-any-return]

    def fetch(self, path: str, status: int = 200) -> TestResponse:
        """Read something that may be no JSON."""
        answer = self.client.get(f"/api/v1{path}", headers=self.headers())
        assert answer.status_code == status, (path, answer.text)
        return answer

    def post(self, path: str, body: dict[str, Any], status: int = 200, key: str = "") -> dict[str, Any]:
        """Do something."""
        headers = self.headers() | {"Idempotency-Key": key or f"key-of-a-test-{next(KEYS)}"}
        answer = self.client.post(f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, (path, answer.text)
        if status >= 400:
            assert answer.mimetype == PROBLEM
        return answer.get_json()  # type: ignore[no-any-return]

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.token}"}

    def factor(self) -> dict[str, str]:
        """Password and a fresh code."""
        self.instance.clock.advance(seconds=TOTP_STEP_SECONDS)
        return {"password": PASSWORD, "code": self.instance.code(self.role, self.site)}
