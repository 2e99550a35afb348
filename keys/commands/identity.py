"""``identity`` and ``receive``: an X25519 key of one's own, and the share that was sealed to it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import click

from keys import files, hpke, shares
from keys.commands.console import FILE, answer, json_option, read_bytes, read_certificate
from keys.errors import KeyFileRefused, ShareRefused
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
    as_json: bool,
) -> None:
    """Open the share that was sealed to you."""
    share = open_share(Identity.load(directory / IDENTITY_FILE), read_bytes(sealed))
    digest = shares.share_digest(share.words)
    if certificate_path:
        listed = read_quorum(read_certificate(certificate_path, vkeys), share.purpose).share_digests
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
    if keep:
        kept = directory / _kept_name(share)
        files.write_private(kept, share.words.encode() + b"\n")
        answer(fields | {"kept": str(kept)}, f"{said}\nKept in {kept}.", as_json=as_json)
    else:
        answer(fields | {"words": share.words}, f"{said}\n{_numbered(share.words)}", as_json=as_json)


def _kept_name(share: SealedShare) -> str:
    return "share.txt" if share.purpose == RELEASE else f"{share.purpose}-share.txt"


def _numbered(words: str) -> str:
    numbered = [f"{number:2}. {word:<9}" for number, word in enumerate(words.split(), start=1)]
    return "\n".join("".join(numbered[at : at + 4]).rstrip() for at in range(0, len(numbered), 4))
