"""``randomizer release``: export for the custodians, import of this host's copy, the folders, the data sets.

``export``, ``import`` and ``write`` run on the code-break host; ``open`` on the machine of a statistician.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from keys.hpke import Identity
from randomizer.cli.console import FILE, answer, instance_option, json_option, progress, read_file
from randomizer.cli.instance import open_instance
from randomizer.cli.pin_options import pin_options
from randomizer.cli.signing_in import as_option, code_option, password_option, sign_in
from randomizer.cli.verification_table import verdict
from randomizer.services.unblinded import data_sets, release, release_files, staged, staged_data
from randomizer.services.unblinded.desk import open_desk

if TYPE_CHECKING:
    from pathlib import Path

    from randomizer.cli.pin_options import PinTexts
    from randomizer.config import Settings
    from randomizer.services.transactions import Store
    from randomizer.services.unblinded.desk import Desk

IDENTITY = "identity.key"

staged_option = click.option(
    "--staged", "staged_only", is_flag=True, help="The staged release, after the lock of period 1."
)


@click.group("release")
def command() -> None:
    """Release the allocation after the lock: export, import, write, open.

    With --staged, after the lock of period 1: the slots in use, for the statisticians that the certificate
    names; export, write and open only, because this host gets no copy of it.
    """


@command.command("export")
@instance_option
@click.option("--out", type=FILE, required=True, help="Directory for the sealed release and the certificate.")
@staged_option
@as_option
@password_option
@code_option
@json_option
def export(
    *,
    instance: Path | None,
    out: Path,
    staged_only: bool,
    username: str,
    password: str,
    code: str,
    as_json: bool,
) -> None:
    """Give out the sealed release, for the custodians to open together away from this host."""
    settings, store = open_instance(instance)
    person, _ = sign_in(store, settings, username=username, password=password, code=code)
    given_out = staged.export if staged_only else release.export_sealed
    with store.writing() as uow:
        paths = given_out(uow, _desk(settings, store), person, out)
    names = [str(path) for path in paths]
    more = f" --purpose staged --slots {staged.SLOTS} --randomized COUNT" if staged_only else ""
    answer(
        {"files": names},
        f"Written: {', '.join(names)}. All of it is sealed or public.\n"
        f"Now the custodians open it together, offline: python -m keys combine{more}.",
        as_json=as_json,
    )


@command.command("import")
@click.argument("copy", type=FILE)
@instance_option
@as_option
@password_option
@code_option
@json_option
def bring_in(
    *, copy: Path, instance: Path | None, username: str, password: str, code: str, as_json: bool
) -> None:
    """Take in COPY, which the custodians made for this host: from now on the trial is released."""
    settings, store = open_instance(instance)
    sealed = read_file(copy)
    person, _ = sign_in(store, settings, username=username, password=password, code=code)
    with store.writing() as uow:
        released = release.import_release(uow, _desk(settings, store), person, sealed)
    answer(
        {"phase": "released", "slots": len(released.schedule)},
        "The allocation is released: the copy is the schedule of the certificate.\n"
        "Once a checkpoint covers this, write the folders: randomizer release write.",
        as_json=as_json,
    )


@command.command("write")
@instance_option
@click.option("--out", type=FILE, required=True, help="Directory for the two folders.")
@staged_option
@json_option
def write(*, instance: Path | None, out: Path, staged_only: bool, as_json: bool) -> None:
    """Write OUT/public, and OUT/release as far as nothing in it unblinds: sealed rows, salts and values.

    With --staged OUT/staged in its place: the sealed rows of the slots in use, and values of period 1.
    """
    settings, store = open_instance(instance)
    desk = _desk(settings, store)
    written = staged.write if staged_only else release_files.write
    with store.reading() as uow:
        written(uow, desk, settings.public, out)
    folder, more = (staged.FOLDER, " --staged") if staged_only else ("release", "")
    answer(
        {"directory": str(out)},
        f"Written: {out / 'public'} and {out / folder}.\n"
        f"A statistician opens their own copy beside them: randomizer release open{more}.",
        as_json=as_json,
    )


@command.command("open")
@click.argument("directory", metavar="DIR", type=FILE)
@click.option("--copy", type=FILE, required=True, help="The release that the custodians sealed to you.")
@click.option("--identity", type=FILE, required=True, help=f"Your {IDENTITY}, or the directory with it.")
@staged_option
@pin_options
@json_option
def open_copy(
    *, directory: Path, copy: Path, identity: Path, staged_only: bool, known: PinTexts, as_json: bool
) -> None:
    """Open your copy beside DIR/public and DIR/release, and write the data sets and their verification.

    With --staged beside DIR/staged: the data set of period 1, of the slots that are in use.

    Exit code as with verify: 0 when all holds against the pins, 3 when nothing is pinned, 1 when a step
    fails or nothing could be opened.
    """
    own = Identity.load(identity / IDENTITY if identity.is_dir() else identity)
    made = staged_data.make if staged_only else data_sets.make
    report = made(directory, own, read_file(copy), known.pins(directory), progress)
    if as_json:
        click.echo(json.dumps(report.to_json(), sort_keys=True))
    else:
        where = directory / (staged.FOLDER if staged_only else "release")
        click.echo(f"The data sets are in {where}. {verdict(report)}")
    click.get_current_context().exit(report.verdict)


def _desk(settings: Settings, store: Store) -> Desk:
    return open_desk(store, settings.directory / "codebreak", settings.pkcs11)
