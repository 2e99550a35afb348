"""What no page could read is refused before one tries: at both doors, signed in or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask import Flask, request

from randomizer.errors import Refused
from randomizer.web import intake

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


@pytest.fixture
def app() -> Flask:
    """An app with nothing but this part of a door."""
    app = Flask(__name__)
    intake.guard(app)

    @app.errorhandler(Refused)
    def _said(refused: Refused) -> tuple[str, int]:
        return f"{refused.field}: {refused.message}", 422

    @app.route("/", defaults={"key": ""}, methods=["GET", "POST"])
    @app.route("/<key>", methods=["GET", "POST"])
    def read(key: str) -> str:
        return f"{key}{request.get_json(silent=True)}"

    return app


@pytest.mark.promise(18)
def test_a_sign_that_no_database_holds_is_refused_by_name(app: Flask) -> None:
    client = app.test_client()

    def said(answer: TestResponse) -> str:
        assert answer.status_code == 422
        return answer.text.partition(":")[0]

    assert said(client.get("/%00")) == "address"
    assert said(client.get("/?scan=1%002")) == "scan"
    assert said(client.post("/", data={"why": ["rain", "\0"]})) == "why"
    assert said(client.post("/", data={"a\0": "rain"})) == ""
    assert client.post("/?scan=%1d", data={"why": "rain\r\n"}).status_code == 200


@pytest.mark.promise(18)
def test_json_that_is_nested_too_deep_is_no_json(app: Flask) -> None:
    client = app.test_client()
    for deep in ("[" * 100_000, '{"a":' * 100_000):
        assert client.post("/", data=deep, content_type="application/json").text == "None"
    assert client.post("/", json=[[1]]).text == "[[1]]"
