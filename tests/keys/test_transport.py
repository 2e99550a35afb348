from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from keys import custody, hpke, transport
from keys.custody import KeyRing
from keys.errors import KeyFileRefused
from keys.hpke import Identity

MADE_AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
RING = custody.new_ring(secrets.token_bytes, MADE_AT)


def rsa_key(bits: int = 3072) -> bytes:
    public = rsa.generate_private_key(65537, bits).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


RSA_KEY = rsa_key()


def test_a_ring_goes_to_a_host_with_a_key_file_whole() -> None:
    identity = Identity.generate(secrets.token_bytes)
    sealed = transport.seal_ring(identity.public, RING)
    assert KeyRing.from_bytes(hpke.open_sealed(identity, sealed, transport.HPKE_INFO)) == RING
    assert transport.digest(identity.public) == hpke.public_digest(identity.public)


@pytest.mark.requirement("custody")
def test_to_a_token_goes_each_key_by_itself() -> None:
    sealed = transport.seal_ring(RSA_KEY, RING)
    found = transport.wrapped_keys(sealed)
    assert found.keys() == {"code-break", "preparation"}
    assert {(len(wrapped), made_at) for wrapped, made_at in found.values()} == {(384, MADE_AT)}
    for held in RING.keys:
        assert held.secret not in sealed


def test_a_public_line_comes_back() -> None:
    line = transport.public_line(RSA_KEY, "example.org/trial token")
    assert line.endswith(" example.org/trial token\n")
    assert transport.parse_public_line(line) == RSA_KEY


@pytest.mark.parametrize(
    "line",
    ["", "rsa:", "rsa:AAAA x\n", hpke.public_line(bytes(32), "x"), transport.public_line(rsa_key(2048), "x")],
)
def test_another_key_is_refused(line: str) -> None:
    with pytest.raises(KeyFileRefused):
        transport.parse_public_line(line)


@pytest.mark.promise(18)
@given(st.binary(max_size=80))
def test_any_bytes_are_refused_in_words(content: bytes) -> None:
    with pytest.raises(KeyFileRefused):
        transport.wrapped_keys(content)
    with pytest.raises(KeyFileRefused):
        transport.seal_ring(content.ljust(33, b"x"), RING)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"wrapped-key-ring", b"key-ring"), (b'"wrapped"', b'"wrapt"'), (b'"2026', b'"x026'), (b"==", b"")],
)
def test_malformed_keys_are_refused(old: bytes, new: bytes) -> None:
    sealed = transport.seal_ring(RSA_KEY, RING)
    if old in sealed:
        with pytest.raises(KeyFileRefused):
            if transport.wrapped_keys(sealed.replace(old, new)) == {}:
                raise KeyFileRefused("empty")
