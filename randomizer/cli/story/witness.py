"""The witness of the story: a process and a directory of its own, but on the same machine as everything else.

DIR/people/witness/   its key, and what it remembers of the log
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from randomizer.cli.story.processes import result, run, start
from randomizer.services import outside
from randomizer.services.upkeep import publishing, witnessing

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from randomizer.config import Settings
    from randomizer.services.transactions import Store

NAME = "crossover-randomizer.example/witness-of-the-rehearsal"


def invite(directory: Path) -> Popen[str]:
    """Let the witness make its key, while others do something else.

    Args:
        directory: Of the story.
    """
    return start("keys", "witness", "init", "--dir", _place(directory), "--name", NAME)


def key_of(invited: Popen[str]) -> str:
    """The verifier key that the witness gives to whoever runs the log."""
    return str(result(invited)["verifier_key"])


def see(directory: Path, settings: Settings, store: Store) -> None:
    """Publish what is signed, let the witness co-sign the newest checkpoint, and take that in.

    Raises:
        Refused: The witness does not co-sign.
    """
    public, back = settings.public, _place(directory) / "cosigned.note"
    with store.reading() as uow:
        publishing.export(uow, public)
        (published, *_) = uow.held()
    run(
        "keys",
        *("witness", "cosign", "--dir", _place(directory), outside.note_path(public, published.size)),
        *("--log-key", public / outside.LOG_KEY, "--entries", public / outside.ENTRIES, "--out", back),
    )
    witnesses = outside.parse_keys(settings.witness_keys)
    with store.reading() as uow:
        log = outside.log_key(public)
        witnessing.take_in(uow, public, back.read_bytes(), log=log, witnesses=witnesses)


def _place(directory: Path) -> Path:
    return directory / "people" / "witness"
