"""``randomizer seal``: the ceremony, from the definition to a sealed bundle, in one process.

Contributions, seed and private keys exist in the memory of this process alone.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from keys import hpke, transport
from randomizer.cli.ceremony_room import Room
from randomizer.cli.console import FILE, answer, json_option, progress, read_text, say
from randomizer.cli.offline import demand_offline
from randomizer.config import system_clock
from randomizer.domain.definition import parse_definition
from randomizer.domain.trial import Kind
from randomizer.domain.unblinded import parse_unblinded
from randomizer.errors import Refused
from randomizer.services.sealed import bundle, ceremony, ceremony_files, rehearsals
from randomizer.services.sealed.ceremony import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keys.contribution import Contribution
    from keys.entropy import Entropy
    from randomizer.services.sealed.ceremony import Committed, Opening, Sealed

HOST = "code-break-host"
RECIPIENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the command was given."""

    definition: Path
    unblinded: Path
    kind: str
    release: Path
    staged: Path
    transport: Path
    token: Path | None
    recipients: tuple[tuple[str, Path], ...]
    staged_recipients: tuple[tuple[str, Path], ...]
    contributors: tuple[Path, ...]
    attempt: int
    earlier: tuple[tuple[Path, str], ...]
    out: Path
    timeout_minutes: float
    rehearsal_seed: str | None


@click.command()
@click.option("--definition", type=FILE, required=True, help="The blinded definition that was signed.")
@click.option("--unblinded", type=FILE, required=True, help="Sequences and procedure.")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), required=True)
@click.option("--release", type=FILE, required=True, help="release-shares.json of python -m keys split.")
@click.option("--staged", type=FILE, required=True, help="staged-shares.json of python -m keys split.")
@click.option("--transport", type=FILE, required=True, help="transport.pub of the code-break host.")
@click.option("--token", type=FILE, help="Its token.pub, where it keeps its keys in a PKCS#11 token.")
@click.option(
    "--recipient",
    "recipients",
    type=(str, FILE),
    multiple=True,
    required=True,
    metavar="NAME FILE",
    help="Who may receive the release; the code-break host is one without being named.",
)
@click.option(
    "--staged-recipient",
    "staged_recipients",
    type=(str, FILE),
    multiple=True,
    metavar="NAME FILE",
    help="Who may receive the staged release; without it those of --recipient.",
)
@click.option(
    "--contributor",
    "contributors",
    type=FILE,
    multiple=True,
    help="Where a contributor puts commitment.note, contributor.vkey and reveal.sealed.",
)
@click.option("--attempt", type=click.IntRange(1, 65535), default=1, show_default=True)
@click.option(
    "--earlier", type=(FILE, str), multiple=True, metavar="DIR REASON", help="An attempt that was given up."
)
@click.option("--out", type=FILE, required=True, help="Directory of the bundle; must not hold anything.")
@click.option(
    "--timeout-minutes",
    type=click.FloatRange(min=0),
    default=120,
    show_default=True,
    help="How long each step waits for contributors.",
)
@click.option("--rehearsal-seed", help="Fix all randomness by a text; only for a rehearsal.")
@click.option("--offline", is_flag=True, help="Refuse while this machine is connected to a network.")
@json_option
def command(*, offline: bool, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - the options above
    """Hold a ceremony: wait for contributors, make the schedule, seal every slot, write the bundle."""
    if offline:
        demand_offline()
    inputs = Inputs(**given)
    started = time.monotonic()
    plan = _plan(inputs)
    warnings = [finding.message for finding in ceremony.prepare(plan)]
    for warning in warnings:
        say(f"Warning: {warning}")
    entropy = _entropy(inputs)
    opening = ceremony.begin(plan, entropy)
    committed, contributions = _gather(inputs, plan, opening, entropy)
    with progress("Sealing slots", plan.definition.capacity) as advance:
        sealed = ceremony.finish(
            plan,
            opening,
            committed,
            contributions,
            directory=inputs.out,
            entropy=entropy,
            sealed_at=system_clock(),
            progress=advance,
        )
    fields = {
        "bundle": str(inputs.out),
        "kind": inputs.kind,
        "certificate_digest": sealed.digest,
        "ceremony_key": sealed.verifier.encode(),
        "schedule_version": sealed.fields.schedule_version,
        "slots": sealed.fields.sizes.slots,
        "warnings": warnings,
        "seconds": round(time.monotonic() - started, 3),
    }
    answer(fields, _text(inputs, sealed), as_json=as_json)


def _plan(inputs: Inputs) -> Plan:
    kind = Kind(inputs.kind)
    definition = parse_definition(read_text(inputs.definition), inputs.definition.name)
    unblinded = parse_unblinded(read_text(inputs.unblinded), definition, inputs.unblinded.name)
    host = _public(inputs.transport)
    recipients = {HOST: host} | _recipients(inputs.recipients)
    staged_recipients = _recipients(inputs.staged_recipients or inputs.recipients)
    return Plan(
        definition=definition,
        unblinded=unblinded,
        kind=kind,
        attempt=inputs.attempt,
        earlier=tuple(ceremony_files.read_attempt(place, reason) for place, reason in inputs.earlier),
        release=ceremony_files.read_quorum(inputs.release, "release", recipients),
        staged=ceremony_files.read_quorum(inputs.staged, "staged", staged_recipients),
        transport=host if inputs.token is None else transport.parse_public_line(read_text(inputs.token)),
        fixed=inputs.rehearsal_seed is not None,
    )


def _recipients(given: Sequence[tuple[str, Path]]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, path in given:
        if not RECIPIENT_NAME.fullmatch(name) or name in found or name == HOST:
            raise Refused(
                f"{name!r} cannot name a recipient: letters, digits, dots and dashes, each name once, "
                f"and not {HOST}.",
                field="recipient",
            )
        found[name] = _public(path)
    return found


def _public(path: Path) -> bytes:
    return hpke.parse_public_line(read_text(path))[0]


def _entropy(inputs: Inputs) -> Entropy:
    if inputs.rehearsal_seed is None:
        return secrets.token_bytes
    say("REHEARSAL with fixed randomness: whoever knows the text knows the schedule.")
    return rehearsals.fixed_entropy(inputs.rehearsal_seed)


def _gather(
    inputs: Inputs, plan: Plan, opening: Opening, entropy: Entropy
) -> tuple[list[Committed], list[Contribution]]:
    machine = ceremony.machine_commitment(opening)
    if plan.fixed and not inputs.contributors:
        made = rehearsals.contributors(plan, entropy)
        committed = [machine, *(one for one, _ in made)]
        ceremony_files.open_directory(inputs.out, plan, machine)
        ceremony_files.publish_commitments(inputs.out, committed, opening.one_time.public)
        return committed, [one for _, one in made]
    ceremony.demand_contributors(plan, len(inputs.contributors))
    ceremony_files.open_directory(inputs.out, plan, machine)
    room = Room(
        plan,
        opening,
        out=inputs.out,
        places=inputs.contributors,
        patience_seconds=60 * inputs.timeout_minutes,
    )
    committed = room.commitments(machine)
    return committed, room.contributions(committed)


def _text(inputs: Inputs, sealed: Sealed) -> str:
    note, key, codes = (inputs.out / name for name in (bundle.CERTIFICATE, bundle.CEREMONY_KEY, bundle.CODES))
    lines = [
        f"{inputs.out} holds {sealed.fields.sizes.slots} slots, schedule version {inputs.attempt}.",
        "For the trial master file:",
        f"  digest of the certificate  {sealed.digest}",
        f"  key of the ceremony        {sealed.verifier.encode()}",
        "Print the certificate, to be filed there:",
        f"  randomizer certificate {note} --vkey {key} --out certificate.pdf",
        "Print the emergency codes, then delete this PDF and the list:",
        f"  randomizer emergency-pack sheets {codes} --out codes.pdf",
        "Bring the rest to the instance: randomizer activate.",
    ]
    return "\n".join([*([sealed.fields.rehearsal] if sealed.fields.rehearsal else []), *lines])
