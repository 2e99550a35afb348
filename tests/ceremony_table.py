"""What lies on the table before a ceremony begins, and the commands of those who sit around it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keys import __main__ as keys_program
from randomizer import cli
from tests.called import Answer, call

if TYPE_CHECKING:
    import subprocess

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config"
PATIENCE_SECONDS = 60
MAINS = {"keys": keys_program.main, "randomizer.cli": cli.main}
OUTPUTS = {
    "terms.json",
    "commitments/1.note",
    "commitments/1.vkey",
    "commitments/2.note",
    "commitments/2.vkey",
    "commitments/3.note",
    "commitments/3.vkey",
    "ceremony.pub",
    "ceremony.vkey",
    "certificate.note",
    "definition.json",
    "slots.jsonl",
    "preparation.jsonl",
    "keyring.sealed",
    "unblinded.sealed",
    "release.sealed",
    "staged.sealed",
    "emergency-codes.txt",
}


def command(*arguments: object) -> list[str]:
    """The same as a process."""
    return [sys.executable, "-m", *map(str, arguments)]


def run(*arguments: object, cwd: Path, status: int = 0) -> Answer:
    """Call a command of ``keys`` or ``randomizer.cli``, which comes first, and demand how it ends."""
    program, *more = arguments
    answer = call(MAINS[str(program)], *more, cwd=cwd)
    assert answer.status == status, answer.error
    return answer


def files_of(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.05)


@dataclass(frozen=True)
class Table:
    """Everything on the table before the ceremony begins."""

    place: Path
    options: list[object]

    def seal(self, *more: object) -> list[object]:
        return ["randomizer.cli", "seal", *self.options, *more]

    def rehearse(self, out: Path, text: str = "a text") -> dict[str, Any]:
        """Seal a rehearsal whose randomness follows from a text."""
        fixed = ("--kind", "rehearsal", "--rehearsal-seed", text, "--out", out, "--json")
        return run(*self.seal(*fixed), cwd=self.place).json


def lay(place: Path, definition_file: Path) -> Table:
    """Make the identities of custodians, statistician and host, and split both release keys."""
    for name in ("custodian-1", "custodian-2", "custodian-3", "statistician", "host"):
        run("keys", "identity", "--dir", place / name, "--name", name, cwd=place)
    custodians = [
        part
        for number in (1, 2, 3)
        for part in ("--custodian-key", place / f"custodian-{number}" / "identity.pub")
    ]
    for purpose in ("release", "staged"):
        run(
            "keys",
            "split",
            "--k",
            2,
            "--n",
            3,
            *custodians,
            "--purpose",
            purpose,
            "--out",
            place / "split",
            cwd=place,
        )
    options: list[object] = [
        "--definition",
        definition_file,
        "--unblinded",
        CONFIG / "mesems.unblinded.toml",
        "--release",
        place / "split" / "release-shares.json",
        "--staged",
        place / "split" / "staged-shares.json",
        "--transport",
        place / "host" / "identity.pub",
        "--recipient",
        "statistician",
        place / "statistician" / "identity.pub",
    ]
    return Table(place, options)
