"""``python -m keys`` as somebody runs it, and what it leaves behind."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from keys import __main__ as program
from keys.notes import NoteKey
from tests.called import Answer, call

ROOT = Path(__file__).parents[2]
RELEASE = b"seed, contributions, schedule and salts" * 20
STAGED_KEY = bytes(range(32))
STAGED = json.dumps(
    {
        "format": "crossover-randomizer/v1/staged-release",
        "trial_id": "example",
        "schedule_version": 1,
        "staged_key": base64.b64encode(STAGED_KEY).decode(),
    }
).encode()
LOG = NoteKey("example.org/log", bytes(range(32)))
DIGESTS = ["--definition-digest", "aa" * 32, "--generator-digest", "bb" * 32]


run = partial(call, program.main)


def typing(typed: str, *arguments: object) -> Answer:
    """Run a command in a process and type into it."""
    done = subprocess.run(
        [sys.executable, "-m", "keys", *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        input=typed,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd="/",
        start_new_session=True,  # no terminal: what is prompted for is read from standard input
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def refused(answer: Answer) -> str:
    """The one plain sentence of a refusal."""
    assert answer.status == 1
    assert answer.out == ""
    assert "Traceback" not in answer.error
    lines = answer.error.strip().splitlines()
    assert len(lines) == 1, answer.error
    return lines[0]


def modes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}


def spellings(secret: bytes) -> list[bytes]:
    """The forms in which a secret could have been left behind."""
    return [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret).rstrip(b"="),
    ]


def files_holding(root: Path, secret: bytes) -> set[str]:
    contents = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return {
        str(path.relative_to(root))
        for path, content in contents.items()
        if any(spelling in content for spelling in spellings(secret))
    }


def combine(
    story: Path, out: Path, shares_given: list[Path], *more: object, purpose: str = "release"
) -> Answer:
    options = [option for path in shares_given for option in ("--share", path)]
    named = more or ("--recipient", story / "statistician" / "identity.pub")
    ceremony = story / "ceremony"
    return run(
        *("combine", "--certificate", ceremony / "certificate.note", "--vkey", ceremony / "log.vkey"),
        *("--purpose", purpose, "--sealed", ceremony / f"{purpose}.sealed", "--out", out, *options, *named),
    )


def kept(story: Path, *numbers: int, name: str = "share.txt") -> list[Path]:
    return [story / f"custodian-{number}" / name for number in numbers]
