from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import notes
from keys.base64_text import to_base64
from keys.errors import KeysError, NoteRefused
from keys.notes import NoteKey, VerifierKey

if TYPE_CHECKING:
    from pathlib import Path

LOG = NoteKey("example.org/log", bytes(range(32)))
WITNESS = NoteKey("example.org/witness", bytes(range(32, 64)), notes.COSIGNATURE)
OTHER = NoteKey("example.org/log", bytes(range(1, 33)))
TEXT = "example.org/log\n2\nsTeYX/SE+2ANuTEHx3sDZcgNePW0Kd7Q/Zc2HQd5mes=\n"
NOTE = notes.sign(TEXT, LOG)
note_text = st.text(st.characters(min_codepoint=32, codec="utf-8") | st.just("\n"), max_size=60).map(
    lambda text: text + "\n"
)


@pytest.mark.requirement("trail")
def test_the_official_note_verifies(conformance: Path) -> None:
    example = json.loads((conformance / "vectors/signed-note/c2sp_example.json").read_text())
    verifier = VerifierKey.parse(example["vkey"])
    verified = notes.verify(example["note"].encode(), [verifier])
    assert verified.text == "This is an example message.\n"
    assert verified.names == ("example.com/foo",)
    assert verifier.encode() == example["vkey"]


@pytest.mark.requirement("trail")
def test_the_official_ed25519_cases(conformance: Path) -> None:
    groups = json.loads((conformance / "vectors/wycheproof/ed25519_test.json").read_text())["testGroups"]
    cases = [(bytes.fromhex(group["publicKey"]["pk"]), case) for group in groups for case in group["tests"]]
    wrong = [
        case["tcId"]
        for public, case in cases
        if notes.check_signature(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]), public)
        != (case["result"] == "valid")
    ]
    assert len(cases) == 151
    assert wrong == []


def test_known_answers() -> None:
    assert LOG.verifier.encode() == "example.org/log+98af023b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert LOG.encode() == (
        "PRIVATE+KEY+example.org/log+98af023b+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    )
    assert notes.cosign(NOTE, WITNESS, 1700000000).decode() == (
        f"{TEXT}\n"
        "— example.org/log "
        "mK8COzhgVG9w2ikTuigAT5huRcvj9TAH11qdCWb8pZPvUTMqOHUfapn13R1Y0tSlvsb6MDs6TZuXPxYxWZliE+49/AM=\n"
        "— example.org/witness "
        "5tjajgAAAABlU/EAQbiC3Qeq2mG5yhxLIihneMJh2bRTB4b9oHrwgRZl+jWorbu/PnIHfOsC60h2MOfN+QRzsOILWmLGFZB6TKqjCA==\n"
    )


@given(note_text)
def test_a_signed_text_verifies_and_comes_back(text: str) -> None:
    verified = notes.verify(notes.sign(text, LOG), [LOG.verifier])
    assert (verified.text, verified.names) == (text, (LOG.name,))


@pytest.mark.promise(17)
def test_a_flipped_byte_anywhere_is_refused() -> None:
    note = notes.cosign(NOTE, WITNESS, 1700000000)
    verifiers = [LOG.verifier, WITNESS.verifier]
    for at in range(len(note)):
        for bit in (1, 32, 128):
            flipped = note[:at] + bytes([note[at] ^ bit]) + note[at + 1 :]
            try:
                verified = notes.verify(flipped, verifiers)
            except NoteRefused:
                continue
            # A changed name or key id makes a signature unknown; the other one still has to hold.
            assert verified.text == TEXT
            assert len(verified.names) == 1


@pytest.mark.promise(18)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(NoteRefused):
        notes.verify(content, [LOG.verifier])


@pytest.mark.promise(18)
@given(st.text(max_size=60), st.text(max_size=30), st.binary(max_size=90))
def test_anything_in_the_place_of_a_signature_is_refused_in_words(text: str, name: str, value: bytes) -> None:
    line = f"— {name} {to_base64(value)}\n"
    content = (text + "\n\n" + line).encode("utf-8", "surrogatepass")
    with pytest.raises(NoteRefused):
        notes.verify(content, [LOG.verifier])


@pytest.mark.promise(18)
@given(st.text(max_size=90))
def test_any_text_is_read_as_a_key_or_refused_in_words(text: str) -> None:
    for prefix in ("", "PRIVATE+KEY+", "name+00000000+"):
        for parse in (VerifierKey.parse, NoteKey.parse):
            with pytest.raises(NoteRefused):
                parse(prefix + text)


@pytest.mark.parametrize(
    "defect",
    [
        b"",
        b"text\n",
        TEXT.encode() + b"\n",
        NOTE.replace(b"\n\n", b"\n"),
        NOTE[:-1],
        NOTE.replace("—".encode(), b"--"),
        NOTE.replace(b"\n2\n", b"\n2\r\n"),
        NOTE.replace(b"/AM=\n", b"/AN=\n"),
        NOTE.replace(b"/AM=\n", b"/AM=\n\n"),
        NOTE.replace(b"/AM=\n", b"/AM= \n"),
        NOTE + b"\xff\n",
        NOTE + "— example.org/log mK8COw==\n".encode(),
        NOTE + "—  mK8COzhg\n".encode(),
        NOTE + "— a+b mK8COzhg\n".encode(),
        NOTE + "— a\u00a0b mK8COzhg\n".encode(),
        NOTE + "— other mK8COzhg\n".encode() * notes.SIGNATURES_MAX,
        b"x" * notes.NOTE_MAX_LENGTH + NOTE,
    ],
)
def test_a_malformed_note_is_refused(defect: bytes) -> None:
    with pytest.raises(NoteRefused):
        notes.verify(defect, [LOG.verifier])


def test_signatures_of_unknown_keys_are_ignored() -> None:
    note = notes.cosign(NOTE, OTHER)
    assert notes.verify(note, [LOG.verifier]).names == (LOG.name,)
    with pytest.raises(NoteRefused, match="not signed by a known key"):
        notes.verify(NOTE, [OTHER.verifier])
    with pytest.raises(NoteRefused, match="known: none"):
        notes.verify(NOTE, [])


def test_one_false_signature_of_a_known_key_refuses_the_note() -> None:
    moved = notes.sign("another text\n", OTHER).split(b"\n\n")[1]
    with pytest.raises(NoteRefused, match="does not hold"):
        notes.verify(NOTE + moved, [LOG.verifier, OTHER.verifier])


def test_sixteen_signatures_and_more_are_read() -> None:
    note = NOTE
    keys = [NoteKey(f"signer-{number}", bytes([number]) * 32) for number in range(1, 17)]
    for key in keys:
        note = notes.cosign(note, key)
    assert len(notes.verify(note, [key.verifier for key in (LOG, *keys)]).names) == 17


def test_a_cosignature_carries_its_time() -> None:
    verified = notes.verify(notes.cosign(NOTE, WITNESS, 1700000000), [WITNESS.verifier])
    assert verified.cosigned_at == ((WITNESS.name, 1700000000),)


def test_a_cosignature_is_no_signature_of_the_same_key() -> None:
    plain = NoteKey(WITNESS.name, WITNESS.secret)
    with pytest.raises(NoteRefused):
        notes.verify(notes.cosign(NOTE, WITNESS, 1), [plain.verifier])
    with pytest.raises(NoteRefused, match="for cosignatures"):
        notes.sign(TEXT, WITNESS)


@pytest.mark.parametrize(("key", "at"), [(WITNESS, None), (OTHER, 1), (WITNESS, -1), (WITNESS, 2**63)])
def test_a_time_that_does_not_fit_the_key_is_refused(key: NoteKey, at: int | None) -> None:
    with pytest.raises(NoteRefused, match="needs a time"):
        notes.cosign(NOTE, key, at)


def test_a_cosignature_of_a_time_that_cannot_be_is_refused() -> None:
    message = b"cosignature/v1\ntime %d\n" % 2**63 + TEXT.encode()
    value = WITNESS.verifier.key_id + (2**63).to_bytes(8, "big") + notes.signature(message, WITNESS)
    line = f"— {WITNESS.name} {to_base64(value)}\n".encode()
    with pytest.raises(NoteRefused, match="time that cannot be"):
        notes.verify(NOTE + line, [WITNESS.verifier])


def test_nobody_signs_twice() -> None:
    with pytest.raises(NoteRefused, match="already"):
        notes.cosign(NOTE, LOG)


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n", "nul\0\n", "\ud800\n"])
def test_a_text_that_is_no_note_is_not_signed(text: str) -> None:
    with pytest.raises(NoteRefused):
        notes.sign(text, LOG)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "\x1f", "\ud800"])
def test_a_name_that_cannot_stand_in_a_note_is_refused(name: str) -> None:
    with pytest.raises(NoteRefused):
        NoteKey.generate(name, bytes)


def test_keys_read_back() -> None:
    for key in (LOG, WITNESS):
        assert NoteKey.parse(key.encode()) == key
        assert VerifierKey.parse(key.verifier.encode()) == key.verifier


def test_a_key_with_another_name_or_type_is_refused() -> None:
    for text in (LOG.verifier.encode().replace("log", "lag"), "name+00000000+" + "/w" + "A" * 42):
        with pytest.raises(NoteRefused):
            VerifierKey.parse(text)
    with pytest.raises(NoteRefused):
        NoteKey.parse(LOG.encode().replace("log", "lag"))


@pytest.mark.promise(3)
def test_a_private_key_prints_masked_and_refusals_do_not_repeat_it() -> None:
    assert "secret" not in repr(LOG)
    assert repr(LOG.secret) not in repr(LOG)
    with pytest.raises(NoteRefused) as refusal:
        NoteKey.parse(LOG.encode()[:-4])
    assert "AQABAgMEBQ" not in str(refusal.value)


def test_a_source_that_gives_too_little_is_refused() -> None:
    with pytest.raises(KeysError, match="31 bytes where 32"):
        NoteKey.generate("name", lambda count: bytes(count - 1))


def test_only_the_signatures_of_known_keys_are_kept() -> None:
    note = notes.cosign(NOTE, WITNESS, 1700000000)
    assert notes.keep(note, [LOG.verifier]) == NOTE
    with pytest.raises(NoteRefused):
        notes.keep(note, [OTHER.verifier])


def test_signatures_on_the_same_text_are_brought_together() -> None:
    elsewhere = notes.cosign(NOTE, WITNESS, 1700000000)
    both = [LOG.verifier, WITNESS.verifier]
    assert notes.adopt(NOTE, elsewhere, both) == elsewhere
    assert notes.adopt(elsewhere, notes.cosign(NOTE, WITNESS, 1800000000), both) == elsewhere
    assert notes.adopt(NOTE, elsewhere, [LOG.verifier]) == NOTE
    another = notes.sign("another text\n", LOG)
    with pytest.raises(NoteRefused, match="do not say the same"):
        notes.adopt(another, elsewhere, both)
    moved = another + elsewhere.splitlines(keepends=True)[-1]
    with pytest.raises(NoteRefused, match="does not hold"):
        notes.adopt(another, moved, both)
