"""Shares on paper: a page per custodian goes through a printer's standard input, and no word into a file."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from keys import shares
from keys.__main__ import keys
from keys.sealed_share import SealedShare
from keys.share_sheet import pdf
from tests.activated import START

if TYPE_CHECKING:
    from click.testing import Result

ROOT = Path(__file__).parents[2]
NAMES = ("Anna Roth", "Bjørn Łukasz", "Ελένη")
READY = "y\ny\n"  # nobody else is there; it can be read

pytestmark = [pytest.mark.promise(14), pytest.mark.requirement("ceremony")]


def words_on(page: bytes) -> str:
    """The words of a sheet, in their order; they alone are in the built-in font with numbers."""
    found: dict[int, str] = {}
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", page, re.DOTALL):
        with suppress(zlib.error):
            text = zlib.decompress(stream).decode("latin-1")
            found |= {int(number): word for number, word in re.findall(r"\( ?(\d+)\. ([a-z]+)\)", text)}
    return " ".join(found[number] for number in range(1, len(found) + 1))


@dataclass
class Printer:
    """A command that keeps what it was sent, where no other command may write."""

    tray: Path

    @property
    def command(self) -> str:
        program = (
            "import sys, pathlib; tray = pathlib.Path(sys.argv[1]); page = sys.stdin.buffer.read(); "
            "(tray / str(len(list(tray.iterdir())))).write_bytes(page)"
        )
        return shlex.join([sys.executable, "-c", program, str(self.tray)])

    def pages(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.tray.iterdir())]


@pytest.fixture
def printer(tmp_path: Path) -> Printer:
    tray = tmp_path / "tray"
    tray.mkdir()
    return Printer(tray)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everywhere that a command could write without being told."""
    place = tmp_path / "place"
    for name in ("home", "temporary", "here"):
        (place / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(place / "home"))
    monkeypatch.setenv("TMPDIR", str(place / "temporary"))
    monkeypatch.chdir(place / "here")
    return place


def run(*arguments: object, typed: str = "") -> Result:
    return CliRunner().invoke(keys, [str(one) for one in arguments], input=typed)


def split(place: Path, printer: Printer, *more: object, typed: str = READY * 3) -> Result:
    names = [option for name in NAMES for option in ("--custodian", name)]
    command = ("--print-with", printer.command)
    return run("split", "--k", 2, "--n", 3, *names, *command, "--out", place / "out", *more, typed=typed)


def written(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.rglob("*") if path.is_file()}


def holds_words(content: bytes, words: str) -> bool:
    """Whether any three words of a share stand in a row, however they are parted."""
    text = " ".join(re.findall(r"[a-z]+", content.decode("latin-1").lower()))
    each = words.split()
    return any(" ".join(each[at : at + 3]) in text for at in range(len(each) - 2))


def test_each_custodian_gets_a_sheet_and_no_word_is_in_a_file(place: Path, printer: Printer) -> None:
    done = split(place, printer)
    assert done.exit_code == 0, done.output
    pages = printer.pages()
    given = [words_on(page) for page in pages]
    public = json.loads((place / "out" / "release-shares.json").read_text())
    assert [shares.share_digest(words) for words in given] == public["share_digests"]
    assert public["custodians"] == [{"key_digest": "", "name": name} for name in NAMES]
    assert len(shares.combine(given[1:], public["share_digests"], 2)) == 32
    assert set(written(place)) == {"release.pub", "release-shares.json"}
    for words in given:
        assert not any(holds_words(content, words) for content in written(place).values())
        assert not holds_words(done.output.encode(), words)
        assert holds_words(f"1. {words}".encode(), words)  # the search finds what it looks for
    for name in NAMES:
        assert f"for {name}. Is nobody else at the printer?" in done.output


def test_a_sheet_that_cannot_be_read_is_printed_again(place: Path, printer: Printer) -> None:
    done = split(place, printer, typed="y\nn\ny\ny\n" + READY * 2)
    assert done.exit_code == 0, done.output
    words = [words_on(page) for page in printer.pages()]
    assert len(words) == 4
    assert words[0] == words[1] != words[2]


@pytest.mark.parametrize("typed", ["", "n\n", "y\ny\nn\n", "y\nn\nn\n"])
def test_a_split_that_is_stopped_leaves_nothing(place: Path, printer: Printer, typed: str) -> None:
    done = split(place, printer, typed=typed)
    assert "destroy every sheet of this split" in str(done.exception)
    assert written(place) == {}


def test_nothing_is_printed_where_it_could_not_be_written_down(place: Path, printer: Printer) -> None:
    (place / "out").mkdir()
    (place / "out" / "release-shares.json").write_text("an earlier split")
    assert "is there already" in str(split(place, printer).exception)
    assert printer.pages() == []


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--custodian", "A", "--custodian", "B"], "need --print-with"),
        (["--custodian", "A", "--custodian", "A", "--print-with", "lp"], "has no name, or that of another"),
        (["--custodian", "A", "--print-with", "lp"], "2 custodians need 2 names; 1 were given"),
        (["--custodian", "A", "--custodian-key", "a.pub", "--print-with", "lp"], "not both"),
        (["--custodian", "A", "--custodian", "B", "--print-with", "-"], "one by one; give its command"),
        (["--custodian", "A", "--custodian", "B", "--print-with", ' "'], "a command that reads a PDF"),
        (["--print-with", "lp"], "python -m keys receive --print-with"),
    ],
)
def test_what_cannot_be_printed_is_refused_before_anything_is_made(
    place: Path, options: list[str], told: str
) -> None:
    done = run("split", "--k", 2, "--n", 2, *options, "--out", place / "out")
    assert told in str(done.exception)
    assert written(place) == {}


@pytest.mark.parametrize("command", ["/nowhere/printer", f"{sys.executable} -c raise(SystemExit(3))"])
def test_a_printer_that_fails_is_said(place: Path, printer: Printer, command: str) -> None:
    printer_of = ("--print-with", command)
    done = run(
        "split", "--k", 1, "--n", 1, "--custodian", "A", *printer_of, "--out", place / "out", typed=READY
    )
    assert "cannot be run" in str(done.exception) or "ended with 3" in str(done.exception)
    assert written(place) == {}
    assert printer.pages() == []


@pytest.fixture
def received(place: Path) -> dict[str, Any]:
    """A custodian with a key, and the share that was sealed to it."""
    own = place / "own"
    assert run("identity", "--dir", own, "--name", "Anna Roth").exit_code == 0
    made = run(
        *("split", "--k", 1, "--n", 1, "--custodian-key", own / "identity.pub"),
        "--out",
        place / "out",
        "--json",
    )
    return {
        "own": own,
        "sealed": place / "out" / "share-1.sealed",
        "digest": json.loads(made.output)["share_digests"][0],
    }


def receive(received: dict[str, Any], *more: object) -> Result:
    return run("receive", "--dir", received["own"], "--sealed", received["sealed"], *more)


def test_a_custodian_prints_the_share_that_was_sealed_to_them(
    received: dict[str, Any], place: Path, printer: Printer
) -> None:
    before = written(place)
    done = receive(received, "--print-with", printer.command, "--json")
    (page,) = printer.pages()
    words = words_on(page)
    assert shares.share_digest(words) == received["digest"] == json.loads(done.output)["digest"]
    assert "words" not in json.loads(done.output)
    assert written(place) == before
    assert "nothing was kept here" in receive(received, "--print-with", printer.command).output
    assert not holds_words(done.output.encode(), words)
    for more in (("--keep",), ()):
        assert "not kept as well" in str(receive(received, *more, "--json", "--print-with", "-").exception)


def test_a_sheet_goes_into_a_pipe_and_neither_to_a_terminal_nor_into_a_file(
    received: dict[str, Any], place: Path
) -> None:
    command = [sys.executable, "-m", "keys", "receive", "--dir", received["own"], "--print-with", "-"]
    command += ["--sealed", received["sealed"]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    piped = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert shares.share_digest(words_on(piped.stdout)) == received["digest"]
    assert b"nothing was kept here" in piped.stderr
    with (place / "here" / "sheet.pdf").open("wb") as file:
        refused = subprocess.run(command, env=environment, stdout=file, stderr=subprocess.PIPE, check=False)
    assert (refused.returncode, b"written to no file" in refused.stderr) == (1, True)
    assert (place / "here" / "sheet.pdf").read_bytes() == b""


def test_words_on_the_terminal_stay_for_whoever_has_no_printer(received: dict[str, Any]) -> None:
    done = receive(received)
    words = " ".join(re.findall(r"\d+\. ([a-z]+)", done.output))
    assert shares.share_digest(words) == received["digest"]


def test_a_sheet_without_names_leaves_lines_for_them() -> None:
    words = " ".join(["academic"] * 33)
    page = pdf(SealedShare("staged", 1, 2, 3, words), "", "", START)
    assert words_on(page) == words
    assert page == pdf(SealedShare("staged", 1, 2, 3, words), "", "", START)
