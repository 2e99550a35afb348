"""Every command line that a page shows can be typed: the command is there, and takes these options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from keys.__main__ import keys
from randomizer.cli import randomizer

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/ceremony.md", "docs/sealing.md", "docs/verification.md", "docs/definition.md")
PROGRAMS = (("randomizer", randomizer), ("python -m keys", keys))


def lines_of(page: str) -> list[str]:
    """The command lines in the fenced blocks of a page, those that go on put together."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in found if line.startswith(tuple(f"{name} " for name, _ in PROGRAMS))]


def documented() -> list[tuple[str, str]]:
    return [(page, line) for page in PAGES for line in lines_of(page)]


def spoken(line: str) -> str:
    """A line as it could be typed: what is optional is left out, numbers stand for their names."""
    typed = re.sub(r"\[[^\]]*\](\.\.\.)?", "", line.partition("#")[0])
    return re.sub(r"\b(COUNT|N|SIZE)\b", "3", typed)


@pytest.mark.promise(18)
@pytest.mark.parametrize(("page", "line"), documented())
def test_a_line_of_a_page_can_be_typed(page: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for asked in ("PASSWORD", "CODE"):
        monkeypatch.setenv(f"RANDOMIZER_{asked}", "asked for")
    name, program = next((name, program) for name, program in PROGRAMS if line.startswith(f"{name} "))
    command: click.Command = program
    rest = shlex.split(spoken(line).removeprefix(name))
    context = click.Context(command, info_name=name)
    try:
        while isinstance(command, click.Group):
            _, found, rest = command.resolve_command(context, rest)
            assert found is not None
            command = found
            context = click.Context(command, info_name=command.name, parent=context)
        command.parse_args(context, rest)
    except click.UsageError as error:
        pytest.fail(f"{page}: {line}: {error.format_message()}")


def test_pages_show_the_road_of_a_trial() -> None:
    lines = [line for page, line in documented() if page == "docs/ceremony.md"]
    for begun in ("init", "token-key", "seal", "certificate", "activate", "lock", "release open"):
        assert any(line.startswith(f"randomizer {begun}") for line in lines)
    for begun in ("identity", "split", "contribute commit", "contribute reveal", "receive", "combine"):
        assert any(line.startswith(f"python -m keys {begun}") for line in lines)
