"""``split``: make a release key in this process, and leave its public half, and shares sealed or on paper."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

from keys import certificate, files, hpke, shares
from keys.commands import printing
from keys.commands.console import FILE, answer, json_option, read_public
from keys.errors import KeyFileRefused, PrintingRefused, ShareRefused
from keys.hpke import Identity
from keys.quorum import PURPOSES, RELEASE, SPLIT_TYPE
from keys.sealed_share import SealedShare

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.option("--k", type=int, required=True, help="How many shares rebuild the key.")
@click.option("--n", type=int, required=True, help="How many custodians there are.")
@click.option(
    "--custodian-key", "paths", type=FILE, multiple=True, help="Public key file, custodian 1 first."
)
@click.option(
    "--custodian", "names", multiple=True, help="Name of a custodian who gets a printed sheet instead."
)
@click.option(
    "--print-with",
    "command",
    metavar="COMMAND",
    help='Prints a sheet for each --custodian: a command that reads a PDF, such as "lp -d PRINTER".',
)
@click.option("--purpose", type=click.Choice(PURPOSES), default=RELEASE, show_default=True)
@click.option("--out", "directory", type=FILE, required=True, help="Where the named outputs go.")
@json_option
def split(
    *,
    k: int,
    n: int,
    paths: tuple[Path, ...],
    names: tuple[str, ...],
    command: str | None,
    purpose: str,
    directory: Path,
    as_json: bool,
) -> None:
    """Make a release key and give one share of it to each custodian; the key itself is never written.

    Either every custodian gives a key, and the share is sealed to it; or each gets a sheet on paper, and
    there is no file of a share at all.
    """
    custodians = _on_paper(names, n, paths, command) if names else _by_key(paths, n, command)
    named = [f"{purpose}.pub", f"{purpose}-shares.json"]
    named += [share_file(purpose, number) for number in range(1, n + 1) if not names]
    _demand_free(directory, named)  # before anything is printed
    key = Identity.generate(secrets.token_bytes)
    mnemonics = shares.split(key.secret, k, n, secrets.token_bytes)
    digests = [shares.share_digest(mnemonic) for mnemonic in mnemonics]
    if shares.combine(mnemonics, digests, k) != key.secret:
        raise ShareRefused("The shares do not rebuild the key; nothing was written.", why="false")
    fields: dict[str, Any] = {
        "purpose": purpose,
        "public_key": hpke.public_text(key.public),
        "k": k,
        "n": n,
        "share_digests": digests,
        "custodians": [
            {"name": name, "key_digest": hpke.public_digest(public) if public else ""}
            for public, name in custodians
        ],
    }
    outputs = {
        f"{purpose}.pub": hpke.public_line(key.public, purpose).encode(),
        f"{purpose}-shares.json": certificate.canonical({"type": SPLIT_TYPE, **fields}) + b"\n",
    }
    for number, (mnemonic, (public, name)) in enumerate(zip(mnemonics, custodians, strict=True), start=1):
        share = SealedShare(purpose, number, k, n, mnemonic)
        if public:
            outputs[share_file(purpose, number)] = share.seal(public)
        else:
            _print(share, str(command), name)
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in outputs.items():
        files.write_public(directory / name, content)
    answer(
        fields,
        f"The {purpose} key exists only as {n} shares, of which {k} rebuild it. Written to {directory}: "
        f"{', '.join(outputs)}.",
        as_json=as_json,
    )


def share_file(purpose: str, number: int) -> str:
    """Name the file of a sealed share."""
    return f"share-{number}.sealed" if purpose == RELEASE else f"{purpose}-share-{number}.sealed"


def _on_paper(
    names: tuple[str, ...], n: int, paths: tuple[Path, ...], command: str | None
) -> list[tuple[bytes, str]]:
    """The custodians who get a sheet: no key, and a name."""
    if paths:
        raise ShareRefused("Give a key of each custodian, or a name of each, not both.", why="false")
    if command is None:
        raise PrintingRefused("Sheets for custodians by name need --print-with; nothing was made.")
    printing.demand_command(command)
    if len(names) != n:
        raise ShareRefused(f"{n} custodians need {n} names; {len(names)} were given.", why="too few")
    if len({name.strip() for name in names} - {""}) != n:
        raise ShareRefused("A custodian has no name, or that of another.", why="duplicate")
    return [(b"", name.strip()) for name in names]


def _print(share: SealedShare, command: str, holder: str) -> None:
    try:
        printing.print_until_legible(share, command, holder)
    except (PrintingRefused, click.Abort) as error:
        raise PrintingRefused(
            f"{error or 'Stopped.'} The key is forgotten and no file was written: destroy every sheet of "
            "this split, and begin again."
        ) from None


def _by_key(paths: tuple[Path, ...], n: int, command: str | None) -> list[tuple[bytes, str]]:
    """The custodians to whose keys the shares are sealed."""
    if command is not None:
        raise PrintingRefused(
            "Shares that are sealed to keys are printed by their custodians: python -m keys receive "
            "--print-with. To print them here, name the custodians with --custodian."
        )
    custodians = [read_public(path) for path in paths]
    if len(custodians) != n:
        raise ShareRefused(
            f"{n} custodians need {n} different key files; {len(custodians)} were given.", why="too few"
        )
    holders: dict[bytes, str] = {}
    for public, name in custodians:
        if public in holders:
            raise ShareRefused(
                f"{name} and {holders[public]} have the same key; each custodian holds one share.",
                why="duplicate",
            )
        holders[public] = name
    return custodians


def _demand_free(directory: Path, names: list[str]) -> None:
    for name in names:
        if (directory / name).exists():
            raise KeyFileRefused(f"{directory / name} is there already; nothing was written.")
