"""What the commands share at the terminal: options, answers, progress."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from keys import files
from keys.errors import KeysError
from randomizer.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


FILE: Final = click.Path(path_type=Path)

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
instance_option = click.option(
    "--instance",
    type=FILE,
    help="The instance directory; without it that of RANDOMIZER_INSTANCE, or var/instance.",
)


def answer(fields: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print one answer on standard output: the fields in JSON, or a text for people."""
    click.echo(json.dumps(fields, sort_keys=True) if as_json else text)


def say(sentence: str) -> None:
    """Tell how it goes, on standard error."""
    click.echo(sentence, err=True)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, and nothing elsewhere.

    Args:
        what: What is done.
        total: How many steps there are.

    Yields:
        To be told the number of steps that are done since the last time.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total)

        def advance(steps: int) -> None:
            bar.advance(task, steps)

        yield advance


def read_file(path: Path) -> bytes:
    """The bytes of a file that somebody named.

    Raises:
        Refused: It cannot be read, or is a device.
    """
    try:
        return files.read_brought(path)
    except KeysError as error:
        raise Refused(str(error), field=path.name) from None


def read_text(path: Path) -> str:
    """The text of a file that somebody named.

    Raises:
        Refused: It cannot be read, or is not UTF-8.
    """
    try:
        return read_file(path).decode()
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text.", field=path.name) from None


def write_new(path: Path, text: str) -> None:
    """Write a file that must not be there yet.

    Raises:
        Refused: It is there, or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Refused(
            f"{path} is there already. Nothing was written.",
            field="out",
            next_step="Name a file that does not exist yet.",
        ) from None
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.", field="out") from None


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each step of long work on a terminal, and nothing elsewhere.

    Yields:
        To be told a step, how many of its parts are done, and how many there are.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        known: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in known:
                known[step] = bars.add_task(step, total=total)
            bars.update(known[step], completed=done)

        yield tell
