"""The search for canaries finds what is hidden in each form, and in a database that was overwritten since."""

from __future__ import annotations

import base64
import random  # noqa: TID251 - noise around what a test hides
import sqlite3
import zlib
from pathlib import Path

import pytest

from tests.games import canaries
from tests.games.canaries import BLOCK, BOUND, FORMS, UNBLINDED, WORDS_OF_PAGES, bindings, search

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def definition(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The canonical definition, in which treatments are named."""
    place = tmp_path_factory.mktemp("config") / "config"
    canaries.write_config(CONFIG, place)
    return canaries.definition_of(place)[1]


def noise(count: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(count)  # noqa: S311 - around what is hidden


@pytest.mark.parametrize("canary", [*UNBLINDED, *BOUND])
@pytest.mark.parametrize("form", FORMS["XANTHIC7Q"])
def test_a_hidden_canary_is_found_in_each_form(canary: str, form: str) -> None:
    hidden = noise(4000) + FORMS[canary][form] + noise(4000, seed=1)
    assert f"{canary} ({form})" in search(hidden, (canary,))
    assert search(noise(8000), (canary,)) == []


@pytest.mark.parametrize("before", range(7))
def test_a_canary_inside_of_base64_is_found_wherever_it_begins(before: int) -> None:
    hidden = base64.b64encode(b"x" * before + b"XANTHIC7Q" + b"yyyy")
    assert search(hidden, ("XANTHIC7Q",))


@pytest.mark.parametrize(
    "told",
    [
        b"Block 3 of 7",
        b'{"block_sizes": [4]}',
        b"in sizes [10,14]",
        b"permuted-blocks",
        b"the last of a block",
    ],
)
def test_talk_of_blocks_is_found(told: bytes) -> None:
    assert BLOCK.search(WORDS_OF_PAGES.sub(b"", b'<p class="block">' + told + b"</p>"))


@pytest.mark.parametrize("level", range(10))
def test_a_canary_inside_of_zlib_is_found(level: int) -> None:
    hidden = (
        noise(500) + zlib.compress(b"some words and then XANTHIC7Q and more of them " * 3, level) + noise(500)
    )
    assert "XANTHIC7Q (in zlib, UTF-8)" in search(hidden, ("XANTHIC7Q",))


@pytest.mark.promise(3)
@pytest.mark.parametrize("place", ["participant", "values", "freed page", "write-ahead log"])
def test_a_leak_into_the_database_is_found(tmp_path: Path, definition: bytes, place: str) -> None:
    """Also where the row was overwritten since."""
    database = sqlite3.connect(tmp_path / "trial.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE kept (number TEXT, content TEXT)")
    database.execute("INSERT INTO kept VALUES ('trial', ?)", [definition.decode()])
    clean = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert bindings(clean, definition) == search(clean) == []
    told = {"participant": "QZOLITE", "values": '{"content": "UMBRETTE"}'}.get(place, "XANTHIC7Q QZOLITE")
    database.execute("INSERT INTO kept VALUES ('10013', ?)", [told])
    if place == "freed page":
        database.execute("DELETE FROM kept WHERE number = '10013'")
    if place == "write-ahead log":
        database.execute("UPDATE kept SET content = ? WHERE number = '10013'", ["nothing any more"])
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    database.close()
    assert bindings(content, definition)
