"""``randomizer emergency-pack``: sealed answers for when the service is down, and what became of them.

``issue`` writes the pack of a site; ``python -m randomizer.standalone.open_pack`` opens one answer of it
offline; ``record`` brings into the trail what happened to it. ``sheets`` prints the codes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from keys import files
from randomizer.cli.console import FILE, answer, instance_option, json_option, read_text
from randomizer.cli.instance import open_instance
from randomizer.cli.signing_in import as_option, code_option, password_option, sign_in
from randomizer.config import system_clock
from randomizer.errors import Refused
from randomizer.services import packs
from randomizer.services.packs import Report
from randomizer.services.sealed import code_sheets, pack_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from randomizer.domain.housekeeping import Entry
    from randomizer.domain.people import Person
    from randomizer.store.work import UnitOfWork

    Recorder = Callable[[UnitOfWork, Person, Report], Entry]

OPENED: Final = "opened"
RETURNED: Final = "returned"
RECORDERS: Final[Mapping[tuple[str, bool], Recorder]] = {
    (OPENED, False): packs.record_opening,
    (OPENED, True): packs.record_drill,
    (RETURNED, False): packs.record_return,
}
"""What records a report, by what happened and whether it was a drill."""

site_option = click.option("--site", required=True, help="Code of the site whose pack it is.")


@click.group("emergency-pack")
def command() -> None:
    """Issue a site's sealed pack for when the service is down; record its use."""


@command.command("issue")
@instance_option
@site_option
@click.option("--out", type=FILE, required=True, help="Directory for the file and the paper of the pack.")
@as_option
@password_option
@code_option
@json_option
def issue(
    *, instance: Path | None, site: str, out: Path, username: str, password: str, code: str, as_json: bool
) -> None:
    """Write the pack of a site, file and paper; a trial manager does it. Nothing is opened."""
    settings, store = open_instance(instance)
    person, _ = sign_in(store, settings, username=username, password=password, code=code)
    out.mkdir(parents=True, exist_ok=True)
    file, paper = (out / f"emergency-pack-{site}.{ending}" for ending in ("json", "pdf"))
    with store.writing() as uow:
        made = packs.issue(uow, person, site)
        # Before the commit: a pack that could not be written was not issued.
        files.write_public(file, made.content)
        sheet = pack_sheet.pdf(
            made.trial, made.definition, site, made.slots, content=made.content, at=made.at
        )
        files.write_public(paper, sheet)
    fields = {
        "site": site,
        "slots": len(made.slots),
        "pack_digest": made.digest,
        "certificate_digest": made.trial.certificate_digest,
        "entry": made.entry,
        "file": str(file),
        "paper": str(paper),
    }
    answer(
        fields,
        f"Entry {made.entry}: pack of site {site} with {len(made.slots)} sealed answers: {file}, {paper}.\n"
        "Seal both, with randomizer/standalone/open_pack.py on the medium, in a bag of their own; the sheets "
        "of codes travel apart from it.",
        as_json=as_json,
    )


@command.command("sheets")
@click.argument("codes", type=FILE)
@click.option("--out", type=FILE, required=True, help="The PDF; it must not be there yet.")
@json_option
def sheets(*, codes: Path, out: Path, as_json: bool) -> None:
    """Print CODES, the list that the ceremony wrote, a sheet for each slot; on that machine."""
    heading, found = code_sheets.read(read_text(codes))
    files.write_private(out, code_sheets.pdf(heading, found, system_clock()))
    answer(
        {"pdf": str(out), "sheets": len(found)},
        f"Written: {out}, {len(found)} sheets. Print it here, fold each, seal each in a bag of its own, "
        f"then delete {out} and {codes}.",
        as_json=as_json,
    )


@command.command("record")
@instance_option
@site_option
@click.option("--participant", default="", help="Whose sealed sheet it is.")
@click.option("--randomization-number", default="", help="Or the number that stands on the sheet.")
@click.option("--what", type=click.Choice([OPENED, RETURNED]), required=True, help="What happened to it.")
@click.option("--who", required=True, help="Who opened it or gave it back.")
@click.option("--at", "at_text", required=True, help="When, such as 2027-03-01T02:40Z; with Z or an offset.")
@click.option("--why", required=True, help="The occasion; nothing of what was read.")
@click.option("--opener", default="", help="User name of whoever opened it, if they have an account.")
@click.option("--drill", is_flag=True, help="It was a drill.")
@as_option
@password_option
@code_option
@json_option
def record(
    *,
    instance: Path | None,
    site: str,
    participant: str,
    randomization_number: str,
    what: str,
    who: str,
    at_text: str,
    why: str,
    opener: str,
    drill: bool,
    username: str,
    password: str,
    code: str,
    as_json: bool,
) -> None:
    """Record that a sealed sheet was opened or came back; a trial manager does it.

    Without a participant and a number, the whole pack came back.
    """
    recorder = RECORDERS.get((what, drill))
    if recorder is None:
        raise Refused("A drill opens and returns nothing: record it as --what opened --drill.", field="drill")
    report = Report(
        site=site,
        participant=participant,
        randomization_number=randomization_number,
        who=who,
        at=_moment(at_text),
        why=why,
        opener=opener,
    )
    settings, store = open_instance(instance)
    person, _ = sign_in(store, settings, username=username, password=password, code=code)
    with store.writing() as uow:
        entry = recorder(uow, person, report)
    assessed = recorder is packs.record_opening and bool(entry.participant)
    fields = {"act": entry.act, "entry": entry.number, "participant": entry.participant, "task": assessed}
    answer(
        fields,
        f"Entry {entry.number}: {entry.act}."
        + (" An impact assessment is open and notices are queued." if assessed else ""),
        as_json=as_json,
    )


def _moment(text: str) -> datetime:
    """A moment as typed, in UTC.

    Raises:
        Refused: It is none, or does not say in which time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused(
            "The moment is needed with its time zone. Nothing was changed.",
            field="at",
            next_step="Write it like 2027-03-01T02:40Z or 2027-03-01T03:40+01:00.",
        )
    return moment.astimezone(UTC)
