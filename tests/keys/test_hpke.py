from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import hpke
from keys.errors import KeyFileRefused, SealBroken
from keys.hpke import Identity

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = Identity(bytes(range(32)))
INFO = b"crossover-randomizer/v1/release"
SEALED = bytes.fromhex(
    "02004782f54c07b3d026c396b546b53184171d639736c875377ffdce054a0938"
    "9190ace21212be97eebd687bd8f6ac55d60cfd0d0dd4fc"
)


def test_known_answers() -> None:
    assert hpke.open_sealed(IDENTITY, SEALED, INFO) == b"content"
    assert hpke.public_text(IDENTITY.public) == "x25519:j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8="
    assert hpke.public_digest(IDENTITY.public) == (
        "eedd883da0a9451593dc0a38e583fb770fa27dbbed209c20404e075e68c4f0c9"
    )


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_was_sealed_opens(plaintext: bytes, info: bytes) -> None:
    sealed = hpke.seal(IDENTITY.public, plaintext, info)
    assert len(sealed) == len(plaintext) + 48
    assert hpke.open_sealed(IDENTITY, sealed, info) == plaintext


@pytest.mark.promise(14)
def test_every_flipped_byte_breaks_the_seal() -> None:
    for at in range(len(SEALED)):
        flipped = SEALED[:at] + bytes([SEALED[at] ^ 1]) + SEALED[at + 1 :]
        with pytest.raises(SealBroken):
            hpke.open_sealed(IDENTITY, flipped, INFO)


@pytest.mark.promise(14)
def test_another_key_or_purpose_does_not_open() -> None:
    with pytest.raises(SealBroken):
        hpke.open_sealed(Identity(bytes(range(1, 33))), SEALED, INFO)
    with pytest.raises(SealBroken):
        hpke.open_sealed(IDENTITY, SEALED, b"crossover-randomizer/v1/staged")


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(SealBroken):
        hpke.open_sealed(IDENTITY, content, INFO)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32)])
def test_nothing_is_sealed_to_an_improper_key(public: bytes) -> None:
    with pytest.raises(KeyFileRefused):
        hpke.seal(public, b"content", INFO)


def test_public_keys_read_back() -> None:
    assert hpke.parse_public(hpke.public_text(IDENTITY.public)) == IDENTITY.public
    line = hpke.public_line(IDENTITY.public, "Custodian One")
    assert hpke.parse_public_line(line) == (IDENTITY.public, "Custodian One")
    assert hpke.parse_public_line(hpke.public_text(IDENTITY.public)) == (IDENTITY.public, "")


@given(st.text(max_size=60))
def test_any_text_is_no_public_key(text: str) -> None:
    for tried in (text, "x25519:" + text):
        with pytest.raises(KeyFileRefused):
            hpke.parse_public_line(tried)


@pytest.mark.parametrize("name", ["", " ", "two\nlines"])
def test_a_holder_has_a_name_on_one_line(name: str) -> None:
    with pytest.raises(KeyFileRefused):
        hpke.public_line(IDENTITY.public, name)


@pytest.mark.promise(14)
def test_an_identity_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    made = Identity.generate(secrets.token_bytes)
    made.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Identity.load(path) == made
    with pytest.raises(KeyFileRefused, match="not overwritten"):
        made.save(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileRefused, match="mode 0640"):
        Identity.load(path)


@pytest.mark.parametrize("content", [b"", b"x25519:AAAA\n", b"PRIVATE-x25519:AAAA\n", b"\xff\xfe"])
def test_a_file_without_an_identity_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "identity.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileRefused):
        Identity.load(path)


@pytest.mark.promise(3)
def test_it_prints_masked() -> None:
    assert repr(IDENTITY) == "Identity()"
