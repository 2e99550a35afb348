"""A page on its way to a printer: through the standard input of a command, and through no file of ours."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click

from keys.errors import PrintingRefused

if TYPE_CHECKING:
    from keys.sealed_share import SealedShare

PIPE: Final = "-"
"""In the place of a command: standard output, where that is a pipe."""


def demand_command(command: str, *, pipe: bool = False) -> None:
    """Refuse a command that cannot take a page, before anything is made that would have to be printed.

    Args:
        command: As given with ``--print-with``.
        pipe: Whether standard output may take its place.

    Raises:
        PrintingRefused: It is empty or cannot be read; or the page would go to a terminal or into a file.
    """
    if command == PIPE:
        if not pipe:
            raise PrintingRefused("Several sheets go to a printer one by one; give its command.")
        if not _is_pipe():
            raise PrintingRefused(
                "Standard output is not a pipe, and a sheet is written to no file; add: | lp -d PRINTER."
            )
        return
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise PrintingRefused("--print-with needs a command that reads a PDF, such as: lp -d PRINTER.")


def print_sheet(share: SealedShare, command: str, *, holder: str, trial: str = "") -> None:
    """Send the page of a share.

    Args:
        share: As it was split or opened.
        command: As `demand_command` found it.
        holder: Name of the custodian, or "".
        trial: The trial, or "".

    Raises:
        PrintingRefused: The command is not there, or ended with an error.
    """
    from keys import share_sheet  # noqa: PLC0415 - loading what draws takes longer than any other command

    now = datetime.now(UTC)  # noqa: TID251 - the edge: the sheet says when it was printed
    page = share_sheet.pdf(share, holder, trial, now)
    if command == PIPE:
        sys.stdout.buffer.write(page)
        sys.stdout.buffer.flush()
        return
    try:
        done = subprocess.run(shlex.split(command), input=page, check=False)  # noqa: S603 - theirs to choose
    except OSError as error:
        raise PrintingRefused(f"{command} cannot be run: {error.strerror}. Nothing was printed.") from None
    if done.returncode:
        raise PrintingRefused(
            f"{command} ended with {done.returncode}. Destroy whatever came out of the printer."
        )


def print_until_legible(share: SealedShare, command: str, holder: str) -> None:
    """Print a sheet once its custodian stands alone at the printer, and again until they can read it.

    Raises:
        PrintingRefused: See `print_sheet`.
    """
    alone = f"Sheet {share.number} of {share.n}, for {holder}. Is nobody else at the printer?"
    click.confirm(alone, err=True, abort=True)
    print_sheet(share, command, holder=holder)
    while not click.confirm(f"{holder}: did it come out, and can you read all words?", err=True):
        click.confirm("Destroy what came out. Print it once more?", err=True, abort=True)
        print_sheet(share, command, holder=holder)


def _is_pipe() -> bool:
    mode = os.fstat(sys.stdout.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
