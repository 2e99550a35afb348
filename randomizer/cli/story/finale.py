"""After the last participant: lock, release by the custodians, both folders, verification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keys import custody
from randomizer.cli.story import witness
from randomizer.cli.story.processes import run
from randomizer.cli.story.staging import sign_checkpoint
from randomizer.domain.people import Role
from randomizer.services import conduct, locking, outside
from randomizer.services.unblinded import release, release_files

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.cli.story.staging import Ready


def close(ready: Ready, *, terminated: bool) -> None:
    """Close enrolment or terminate, then lock."""
    if terminated:
        ready.cast.sign(conduct.terminate, Role.SPONSOR, "Too few participants can be found.")
    else:
        ready.cast.act(conduct.close_enrolment, Role.TRIAL_MANAGER, "The planned number is reached.")
    ready.cast.sign(locking.lock, Role.SPONSOR, "All data are in and queries closed.")
    sign_checkpoint(ready.settings, ready.cast)


def open_release(directory: Path, ready: Ready) -> None:
    """Custodians open the release, each with a share from their own directory; the host takes its copy in."""
    export, opened, people = directory / "export", directory / "opened", directory / "people"
    ready.cast.at_desk(release.export_sealed, ready.desk, Role.UNBLINDED_STATISTICIAN, export)
    present = range(1, ready.definition.quorum.k + 1)
    run(
        "keys",
        "combine",
        *("--certificate", export / "certificate.note", "--vkey", ready.ceremony_key),
        *("--digest", ready.certificate_digest, "--sealed", export / "release.sealed"),
        *(part for number in present for part in ("--share", people / f"custodian-{number}" / "share.txt")),
        *("--recipient", ready.settings.public / "transport.pub"),
        *("--recipient", people / "statistician" / "identity.pub"),
        *("--out", opened),
    )
    sealed = (opened / "release-code-break-host.sealed").read_bytes()
    ready.cast.at_desk(release.import_release, ready.desk, Role.UNBLINDED_STATISTICIAN, sealed)
    sign_checkpoint(ready.settings, ready.cast)


def write_folders(directory: Path, ready: Ready) -> None:
    """The witness sees the end, the host writes the folders, a statistician opens their own copy, pinned."""
    witness.see(directory, ready.settings, ready.store)
    with ready.store.reading() as uow:
        release_files.write(uow, ready.desk, ready.settings.public, directory)
    log_key = (ready.settings.public / outside.LOG_KEY).read_text(encoding="utf-8").strip()
    pins = {
        "certificate_digest": ready.certificate_digest,
        "ceremony_key": ready.ceremony_key,
        "log_key": log_key,
        "witness_keys": " ".join(ready.settings.witness_keys),
    }
    custody.write_pins(directory / "pins.json", pins)
    run(
        "randomizer",
        *("release", "open", directory, "--identity", directory / "people" / "statistician"),
        *("--copy", directory / "opened" / "release-statistician.sealed"),
    )


def verify(directory: Path) -> dict[str, Any]:
    """Verify the folders against the pins, in a process of its own."""
    return run("randomizer", "verify", directory)
