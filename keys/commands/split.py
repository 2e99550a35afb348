"""``split``: make a release key in this process, and leave of it only its public half and sealed shares."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import click

from keys import certificate, files, hpke, shares
from keys.commands.console import FILE, answer, json_option, read_public
from keys.errors import KeyFileRefused, ShareRefused
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
@click.option("--purpose", type=click.Choice(PURPOSES), default=RELEASE, show_default=True)
@click.option("--out", "directory", type=FILE, required=True, help="Where the named outputs go.")
@json_option
def split(k: int, n: int, paths: tuple[Path, ...], purpose: str, directory: Path, *, as_json: bool) -> None:
    """Make a release key and seal one share of it to each custodian; the key itself is never written."""
    custodians = [read_public(path) for path in paths]
    _check_custodians(custodians, n)
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
            {"name": name, "key_digest": hpke.public_digest(public)} for public, name in custodians
        ],
    }
    outputs = {
        f"{purpose}.pub": hpke.public_line(key.public, purpose).encode(),
        f"{purpose}-shares.json": certificate.canonical({"type": SPLIT_TYPE, **fields}) + b"\n",
    }
    for number, (mnemonic, (public, _)) in enumerate(zip(mnemonics, custodians, strict=True), start=1):
        outputs[share_file(purpose, number)] = SealedShare(purpose, number, k, n, mnemonic).seal(public)
    _write_all(directory, outputs)
    answer(
        fields,
        f"The {purpose} key exists only as {n} shares, of which {k} rebuild it. Written to {directory}: "
        f"{', '.join(outputs)}.",
        as_json=as_json,
    )


def share_file(purpose: str, number: int) -> str:
    """Name the file of a sealed share."""
    return f"share-{number}.sealed" if purpose == RELEASE else f"{purpose}-share-{number}.sealed"


def _check_custodians(custodians: list[tuple[bytes, str]], n: int) -> None:
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


def _write_all(directory: Path, outputs: dict[str, bytes]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name in outputs:
        if (directory / name).exists():
            raise KeyFileRefused(f"{directory / name} is there already; nothing was written.")
    for name, content in outputs.items():
        files.write_public(directory / name, content)
