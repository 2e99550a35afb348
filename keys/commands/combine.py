"""``combine``: rebuild a release key from its shares, and hand the release on to its recipients alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from keys import certificate, files, hpke, shares, staged
from keys.commands.console import (
    FILE,
    TEXT_MAX_LENGTH,
    answer,
    json_option,
    read_bytes,
    read_certificate,
    read_public,
    read_text,
)
from keys.errors import KeyFileRefused, NoteRefused, ShareRefused, StagedRefused
from keys.hpke import Identity
from keys.quorum import PURPOSES, RELEASE, STAGED, Quorum, read_quorum, recipient_info, release_info
from keys.staged import StagedSlots

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--certificate", "certificate_path", type=FILE, required=True, help="The certificate's note.")
@click.option("--vkey", "vkeys", multiple=True, required=True, help="Its verifier key, or a file with it.")
@click.option("--digest", "pinned", help="The certificate's digest in the trial master file.")
@click.option("--share", "share_paths", type=FILE, multiple=True, help="File with the words of one share.")
@click.option("--purpose", type=click.Choice(PURPOSES), default=RELEASE, show_default=True)
@click.option("--sealed", type=FILE, required=True, help="The sealed release.")
@click.option(
    "--recipient", "recipient_paths", type=FILE, multiple=True, required=True, help="Public key file."
)
@click.option("--slots", "slots_path", type=FILE, help="Staged: the slots in use, from the host.")
@click.option("--randomized", type=int, help="Staged: how many were randomized, by the public record.")
@click.option("--out", "directory", type=FILE, required=True, help="Where the recipients' copies go.")
@json_option
def combine(
    *,
    certificate_path: Path,
    vkeys: tuple[str, ...],
    pinned: str | None,
    share_paths: tuple[Path, ...],
    purpose: str,
    sealed: Path,
    recipient_paths: tuple[Path, ...],
    slots_path: Path | None,
    randomized: int | None,
    directory: Path,
    as_json: bool,
) -> None:
    """Open a release with k shares and seal it again to each recipient; nothing is written in plain.

    Of a staged release the recipients get the keys of the slots in --slots, and never the key of them all.
    """
    mapping = read_certificate(certificate_path, vkeys)
    found = certificate.digest(certificate.canonical(mapping))
    if pinned is not None and found != certificate.typed_digest(pinned):
        raise NoteRefused("The certificate is signed, but it is not the one with the digest that you gave.")
    quorum = read_quorum(mapping, purpose)
    recipients = {_recipient_name(path, quorum): read_public(path)[0] for path in recipient_paths}
    outputs = {name: directory / f"{purpose}-{name}.sealed" for name in recipients}
    for output in outputs.values():
        if output.exists():
            raise KeyFileRefused(f"{output} is there already; nothing was opened.")
    content, wanted = read_bytes(sealed), _read_slots(purpose, slots_path, randomized)
    key = _rebuild(_read_shares(share_paths, quorum), quorum, mapping)
    release = hpke.open_sealed(key, content, release_info(purpose))
    if wanted is not None:
        release = staged.narrow(release, wanted).to_bytes()
    directory.mkdir(parents=True, exist_ok=True)
    for name, public in recipients.items():
        files.write_public(outputs[name], hpke.seal(public, release, recipient_info(purpose)))
    fields: dict[str, Any] = {"recipients": {name: str(output) for name, output in outputs.items()}}
    which = ""
    if wanted is not None:
        fields["slots"] = [one.index for one in wanted.slots]
        which = f" Of the schedule it opens {len(wanted.slots)} slots and no other."
    answer(
        fields | {"purpose": purpose},
        f"The {_called(purpose)} was opened and sealed to {', '.join(recipients)} in {directory}.{which}\n"
        "Hand each of them their file: nobody else can open it. Seal the sheets of the shares again.",
        as_json=as_json,
    )


def _read_slots(purpose: str, path: Path | None, randomized: int | None) -> StagedSlots | None:
    if purpose != STAGED:
        if path is not None or randomized is not None:
            raise StagedRefused(
                "--slots and --randomized are for --purpose staged alone; nothing was opened."
            )
        return None
    if path is None or randomized is None:
        raise StagedRefused(
            "A staged release opens the slots in use and no other: give the list of them that the host "
            "exported with --slots, and with --randomized how many were randomized by the public record."
        )
    slots = StagedSlots.from_bytes(read_bytes(path))
    if len(slots.slots) != randomized:
        raise StagedRefused(
            f"{path} lists {len(slots.slots)} slots, but {randomized} people were randomized; nothing was "
            "opened. Compare both with the public record."
        )
    return slots


def _called(purpose: str) -> str:
    return RELEASE if purpose == RELEASE else f"{purpose} release"


def _recipient_name(path: Path, quorum: Quorum) -> str:
    public, name = read_public(path)
    digest = hpke.public_digest(public)
    for listed, listed_digest in quorum.recipients.items():
        if listed_digest == digest:
            return listed
    named = ", ".join(quorum.recipients) or "nobody"
    raise KeyFileRefused(
        f"{name} ({path}) is not a recipient of the {_called(quorum.purpose)}; the certificate names {named}."
    )


def _read_shares(paths: tuple[Path, ...], quorum: Quorum) -> list[str]:
    if paths:
        return [read_text(path) for path in paths]
    if not sys.stdin.isatty():
        return [line for line in sys.stdin.read(TEXT_MAX_LENGTH).splitlines() if line.strip()]
    return [
        click.prompt(f"Words of share {position} of {quorum.k}", hide_input=True, err=True)
        for position in range(1, quorum.k + 1)
    ]


def _rebuild(given: list[str], quorum: Quorum, mapping: dict[str, Any]) -> Identity:
    _refuse_shares_of_another_release(given, quorum, mapping)
    key = Identity(shares.combine(given, quorum.share_digests, quorum.k))
    if key.public != quorum.public:
        raise ShareRefused("The shares rebuild a key, but not the one in the certificate.", why="foreign")
    return key


def _refuse_shares_of_another_release(given: list[str], quorum: Quorum, mapping: dict[str, Any]) -> None:
    for other in PURPOSES:
        if other == quorum.purpose or other not in mapping:
            continue
        digests = read_quorum(mapping, other).share_digests
        for position, share in enumerate(given, start=1):
            if shares.share_digest(share) in digests:
                custodian = digests.index(shares.share_digest(share)) + 1
                raise ShareRefused(
                    f"Share {position} is foreign: it is share {custodian} of the {other} key.",
                    why="foreign",
                    position=position,
                    custodian=custodian,
                )
