"""The linter refuses what the project never calls."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def banned(source: str) -> list[str]:
    """Messages of the ban on ``source``, as if it stood in the packages."""
    ruff = Path(sys.executable).with_name("ruff")
    answer = subprocess.run(
        [ruff, "check", "--no-cache", "--output-format=json", "--stdin-filename=randomizer/seeded.py", "-"],
        input=source,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [fault["message"] for fault in json.loads(answer.stdout) if fault["code"] == "TID251"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import random\n\nrandom.choice([1, 2])\n", "random"),
        ("from random import choice\n\nchoice([1, 2])\n", "random"),
        ("import pickle\n\npickle.loads(b'')\n", "pickle"),
        ("from datetime import datetime\n\ndatetime.now()\n", "datetime.datetime.now"),
        ("import datetime as dt\n\ndt.datetime.now(dt.UTC)\n", "datetime.datetime.now"),
        ("from datetime import datetime\n\ndatetime.utcnow()\n", "datetime.datetime.utcnow"),
        ("from datetime import date\n\ndate.today()\n", "datetime.date.today"),
        ("import time\n\ntime.time()\n", "time.time"),
        (
            "from flask import render_template_string\n\nrender_template_string('')\n",
            "render_template_string",
        ),
    ],
)
def test_a_banned_call_is_refused(source: str, name: str) -> None:
    assert any(name in message for message in banned(source))


def test_what_to_use_instead_is_allowed() -> None:
    source = (
        "from flask import render_template\nimport json\n\nrender_template('page.html')\njson.loads('1')\n"
    )

    assert banned(source) == []
