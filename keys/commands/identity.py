"""``identity`` and ``receive``: an X25519 key of one's own, and the share that was sealed to it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import click

from keys import files, hpke, shares
from keys.commands import printing
from keys.commands.console import FILE, answer, json_option, read_bytes, read_certificate, read_public
from keys.errors import KeyFileRefused, PrintingRefused, ShareRefused
from keys.hpke import Identity
from keys.quorum import RELEASE, read_quorum
from keys.sealed_share import SealedShare, open_share

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY_FILE: Final = "identity.key"
PUBLIC_FILE: Final = "identity.pub"


@click.command()
@click.option("--dir", "directory", type=FILE, required=True, help="Your own directory; made with mode 0700.")
@click.option("--name", required=True, help="Your name, as it stands in the key file.")
@json_option
def identity(directory: Path, name: str, *, as_json: bool) -> None:
    """Make a key that others can seal to: for a custodian, a recipient, or the code-break host."""
    made = Identity.generate(secrets.token_bytes)
    line = hpke.public_line(made.public, name)
    files.make_private_directory(directory)
    if (directory / PUBLIC_FILE).exists():
        raise KeyFileRefused(f"{directory / PUBLIC_FILE} is there already and was not overwritten.")
    made.save(directory / IDENTITY_FILE)
    files.write_public(directory / PUBLIC_FILE, line.encode())
    fields = {"name": name, "public_key": hpke.public_text(made.public)}
    answer(
        fields | {"digest": hpke.public_digest(made.public)},
        f"Give {directory / PUBLIC_FILE} to the ceremony; keep {directory / IDENTITY_FILE}. "
        f"Digest of the public key: {hpke.public_digest(made.public)}",
        as_json=as_json,
    )


@click.command()
@click.option("--dir", "directory", type=FILE, required=True, help="The directory of your identity.")
@click.option("--sealed", type=FILE, required=True, help="The share that was sealed to you.")
@click.option("--keep", is_flag=True, help="Write the words to a 0600 file there instead of showing them.")
@click.option(
    "--print-with",
    "command",
    metavar="COMMAND",
    help='Print the sheet instead: a command that reads a PDF, such as "lp -d PRINTER"; - for a pipe.',
)
@click.option(
    "--certificate", "certificate_path", type=FILE, help="Check the share against this certificate."
)
@click.option("--vkey", "vkeys", multiple=True, help="Verifier key of the certificate, or a file with it.")
@json_option
def receive(
    directory: Path,
    sealed: Path,
    certificate_path: Path | None,
    vkeys: tuple[str, ...],
    *,
    keep: bool,
    command: str | None,
    as_json: bool,
) -> None:
    """Open the share that was sealed to you, and print its sheet once: the words stay on paper alone."""
    if command is not None:
        if keep or (as_json and command == printing.PIPE):
            raise PrintingRefused("A sheet that is printed is not kept as well; give --print-with alone.")
        printing.demand_command(command, pipe=True)
    share = open_share(Identity.load(directory / IDENTITY_FILE), read_bytes(sealed))
    digest, trial = shares.share_digest(share.words), ""
    if certificate_path:
        mapping = read_certificate(certificate_path, vkeys)
        trial = str(mapping.get("trial_id", ""))
        listed = read_quorum(mapping, share.purpose).share_digests
        if share.number > len(listed) or listed[share.number - 1] != digest:
            raise ShareRefused(
                f"This is not the {share.purpose} share of custodian {share.number} in the certificate.",
                why="foreign",
                custodian=share.number,
            )
    said = (
        f"Share {share.number} of {share.n} of the {share.purpose} key; any {share.k} open it.\n"
        f"Digest: {digest}"
    )
    fields = {"purpose": share.purpose, "number": share.number, "k": share.k, "n": share.n, "digest": digest}
    if command is not None:
        printing.print_sheet(share, command, holder=_holder(directory), trial=trial)
        printed = f"{said}\nThe sheet went to the printer. Read it, fold it, seal it; nothing was kept here."
        if command == printing.PIPE:
            click.echo(printed, err=True)
        else:
            answer(fields | {"printed": True}, printed, as_json=as_json)
    elif keep:
        kept = directory / _kept_name(share)
        files.write_private(kept, share.words.encode() + b"\n")
        answer(fields | {"kept": str(kept)}, f"{said}\nKept in {kept}.", as_json=as_json)
    else:
        answer(fields | {"words": share.words}, f"{said}\n{_numbered(share.words)}", as_json=as_json)


def _holder(directory: Path) -> str:
    path = directory / PUBLIC_FILE
    return read_public(path)[1] if path.exists() else ""


def _kept_name(share: SealedShare) -> str:
    return "share.txt" if share.purpose == RELEASE else f"{share.purpose}-share.txt"


def _numbered(words: str) -> str:
    numbered = [f"{number:2}. {word:<9}" for number, word in enumerate(words.split(), start=1)]
    return "\n".join("".join(numbered[at : at + 4]).rstrip() for at in range(0, len(numbered), 4))
