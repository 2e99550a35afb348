from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import checkpoint, notes
from keys.checkpoint import Checkpoint
from keys.errors import NoteRefused
from keys.notes import NoteKey

LOG = NoteKey("example.org/log", bytes(range(32)))
WITNESS = NoteKey("example.org/witness", bytes(range(32, 64)), notes.COSIGNATURE)
HEAD = Checkpoint(LOG.name, 2, bytes(range(32)))
ROOT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@pytest.mark.promise(17)
@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_comes_back(size: int, root: bytes) -> None:
    head = Checkpoint(LOG.name, size, root)
    verified = checkpoint.verify(checkpoint.sign(head, LOG), [LOG.verifier])
    assert (verified.checkpoint, verified.names, verified.cosigned_at) == (head, (LOG.name,), ())


def test_the_text_is_three_lines() -> None:
    assert HEAD.text() == f"example.org/log\n2\n{ROOT}\n"


def test_a_witness_is_named_with_its_time() -> None:
    note = notes.cosign(checkpoint.sign(HEAD, LOG), WITNESS, 1700000000)
    verified = checkpoint.verify(note, [LOG.verifier, WITNESS.verifier])
    assert verified.names == (LOG.name, WITNESS.name)
    assert verified.cosigned_at == ((WITNESS.name, 1700000000),)


@pytest.mark.promise(13)
def test_a_witness_alone_carries_no_checkpoint() -> None:
    note = notes.cosign(checkpoint.sign(HEAD, LOG), WITNESS, 1700000000)
    with pytest.raises(NoteRefused):
        checkpoint.verify(note, [WITNESS.verifier])


def test_another_log_cannot_sign() -> None:
    other = NoteKey("example.org/other", LOG.secret)
    with pytest.raises(NoteRefused, match="cannot sign for the log"):
        checkpoint.sign(HEAD, other)
    with pytest.raises(NoteRefused):
        checkpoint.verify(notes.sign(HEAD.text(), other), [other.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"\n2\n{ROOT}\n",
        f"log\n02\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n\u0662\n{ROOT}\n",
        f"log\n{2**63}\n{ROOT}\n",
        f"log\n2\n{ROOT[:-2]}9=\n",
        f"log\n2\n{ROOT[:-4]}\n",
        f"log\n2\n{ROOT}\nextension\n",
        f"log\n2\n{ROOT}",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Checkpoint.parse(text)


@pytest.mark.parametrize("head", [Checkpoint(LOG.name, -1, bytes(32)), Checkpoint(LOG.name, 1, bytes(31))])
def test_a_checkpoint_that_could_not_be_read_is_not_signed(head: Checkpoint) -> None:
    with pytest.raises(NoteRefused):
        checkpoint.sign(head, LOG)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        head = Checkpoint.parse(text)
    except NoteRefused:
        return
    assert head.text() == text
