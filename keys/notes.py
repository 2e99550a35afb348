"""Signed notes as specified by C2SP: a text and one or more signatures of named keys; no I/O.

Two signature types are known: Ed25519 (0x01), and the timestamped Ed25519 cosignature of a witness (0x04).

Source:
    c2sp.org/signed-note, c2sp.org/tlog-cosignature, RFC 8032.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from keys.base64_text import from_base64, to_base64
from keys.entropy import Entropy, draw
from keys.errors import NoteRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

ED25519: Final = 1
COSIGNATURE: Final = 4
NOTE_MAX_LENGTH: Final = 1 << 20  # bytes
SIGNATURES_MAX: Final = 100
_KEY_LENGTH: Final = 32  # bytes
_KEY_ID_LENGTH: Final = 4  # bytes
_STAMP_LENGTH: Final = 8  # bytes
_TIME_END: Final = 1 << 63  # POSIX seconds
_KEY_PARTS: Final = 3  # name, key id, key
_PRIVATE_PREFIX: Final = "PRIVATE+KEY+"
_FIRST_PRINTABLE: Final = 0x20


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a note key.

    Args:
        name: Key name without spaces or plus signs.
        public: Ed25519 public key, 32 bytes.
        kind: `ED25519` or `COSIGNATURE`.
    """

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name || newline || kind || public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[
            :_KEY_ID_LENGTH
        ]

    def encode(self) -> str:
        """Give the verifier key string: name, key id in hex, kind and key in base64, joined by plus signs."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a verifier key string.

        Raises:
            NoteRefused: It is not one, or its key id does not fit.
        """
        name, key_id, kind, public = _split_key(text)
        key = cls(name, public, kind)
        if key.key_id.hex() != key_id:
            raise NoteRefused(f"The key id of verifier key {name} does not fit its name and key.")
        return key


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A private note key; it prints without its secret.

    Args:
        name: Key name without spaces or plus signs.
        secret: Ed25519 private key (seed), 32 bytes.
        kind: `ED25519`, or `COSIGNATURE` for a witness.
    """

    name: str
    secret: bytes = field(repr=False)
    kind: int = ED25519

    @classmethod
    def generate(cls, name: str, entropy: Entropy, kind: int = ED25519) -> NoteKey:
        """Make a key.

        Raises:
            NoteRefused: The name is empty or holds a space, a plus sign or a control character.
        """
        _check_name(name)
        return cls(name, draw(entropy, _KEY_LENGTH), kind)

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()
        return VerifierKey(self.name, public, self.kind)

    def encode(self) -> str:
        """Give the private key string; whoever reads it can sign as this key."""
        material = to_base64(bytes([self.kind]) + self.secret)
        return f"{_PRIVATE_PREFIX}{self.name}+{self.verifier.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> NoteKey:
        """Read a private key string.

        Raises:
            NoteRefused: It is not one; the message does not repeat it.
        """
        if not text.startswith(_PRIVATE_PREFIX):
            raise NoteRefused("A private note key starts with PRIVATE+KEY+; this text does not.")
        name, key_id, kind, secret = _split_key(text.removeprefix(_PRIVATE_PREFIX))
        key = cls(name, secret, kind)
        if key.verifier.key_id.hex() != key_id:
            raise NoteRefused(f"The key id of private key {name} does not fit its name and key.")
        return key


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verified note says and who signed it.

    Args:
        text: The text with its final newline.
        names: Names of the known keys whose signatures hold, in the order of the note.
        cosigned_at: For each cosignature that holds, the name and the time in POSIX seconds.
    """

    text: str
    names: tuple[str, ...]
    cosigned_at: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Signature:
    name: str
    key_id: bytes
    value: bytes


def sign(text: str, key: NoteKey) -> bytes:
    """Sign a text and give the note.

    Args:
        text: Ends with a newline; no other control character.
        key: A key of kind `ED25519`.

    Raises:
        NoteRefused: The text cannot be a note's, or the key is a witness's.
    """
    body = _encode_text(text)
    if key.kind != ED25519:
        raise NoteRefused(f"Key {key.name} is for cosignatures; it cannot sign a text of its own.")
    return _bounded(body + b"\n" + _signature_line(key, body, b""))


def signature(message: bytes, key: NoteKey) -> bytes:
    """Give the bare Ed25519 signature of a message, 64 bytes; the notes here are made of it.

    Source:
        RFC 8032 section 5.1.6.
    """
    return Ed25519PrivateKey.from_private_bytes(key.secret).sign(message)


def check_signature(message: bytes, value: bytes, public: bytes) -> bool:
    """Say whether a bare Ed25519 signature of a message holds under a public key of 32 bytes.

    Source:
        RFC 8032 section 5.1.7.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def cosign(note: bytes, key: NoteKey, at: int | None = None) -> bytes:
    """Add a signature to a note; the caller has verified what it signs.

    Args:
        note: A signed note.
        key: Any key; one of kind `COSIGNATURE` makes a timestamped cosignature of a checkpoint.
        at: POSIX seconds for a timestamped cosignature; None for a plain signature.

    Raises:
        NoteRefused: The note is malformed or signed by this key already, or the time does not fit the kind.
    """
    text, signatures = _split_note(note)
    if (at is not None) != (key.kind == COSIGNATURE) or not 0 <= (at or 0) < _TIME_END:
        raise NoteRefused("A cosignature needs a time, and no other signature takes one.")
    verifier = key.verifier
    if any((s.name, s.key_id) == (key.name, verifier.key_id) for s in signatures):
        raise NoteRefused(f"Key {key.name} has signed this note already.")
    if len(signatures) >= SIGNATURES_MAX:
        raise NoteRefused(f"A note carries at most {SIGNATURES_MAX} signatures.")
    stamp = b"" if at is None else at.to_bytes(_STAMP_LENGTH, "big")
    return _bounded(note + _signature_line(key, text.encode(), stamp))


def keep(note: bytes, verifiers: Sequence[VerifierKey]) -> bytes:
    """Give a note with the signatures of known keys alone, each of them verified.

    Raises:
        NoteRefused: As `verify`.
    """
    verify(note, verifiers)
    text, signatures = _split_note(note)
    return b"".join([text.encode(), b"\n", *_known_lines(text, signatures, verifiers)])


def adopt(note: bytes, other: bytes, verifiers: Sequence[VerifierKey]) -> bytes:
    """Add to a note the signatures that known keys made on the same text elsewhere.

    Args:
        note: The note as it is; a signature that it carries already is not added again.
        other: A note with the same text.
        verifiers: The known keys.

    Raises:
        NoteRefused: One is malformed, the texts differ, or a known key's signature does not hold.
    """
    text, carried = _split_note(note)
    other_text, offered = _split_note(other)
    if text != other_text:
        raise NoteRefused("The two notes do not say the same.")
    there = {(found.name, found.key_id) for found in carried}
    new = [found for found in offered if (found.name, found.key_id) not in there]
    return _bounded(note + b"".join(_known_lines(text, new, verifiers)))


def verify(note: bytes, verifiers: Sequence[VerifierKey]) -> Verified:
    """Verify a note against known keys; signatures of unknown keys are ignored.

    Args:
        note: Any bytes.
        verifiers: The known keys, from a source that is trusted.

    Raises:
        NoteRefused: The note is malformed, a known key's signature does not hold, or no known key signed it.
    """
    text, signatures = _split_note(note)
    known = {(key.name, key.key_id): key for key in verifiers}
    names: list[str] = []
    times: list[tuple[str, int]] = []
    for found in signatures:
        key = known.get((found.name, found.key_id))
        if key is None:
            continue
        stamp = _check_line(text.encode(), found, key)
        if key.name not in names:
            names.append(key.name)
        if stamp is not None:
            times.append((key.name, stamp))
    if not names:
        wanted = ", ".join(key.name for key in verifiers) or "none"
        raise NoteRefused(f"The note is not signed by a known key (known: {wanted}).")
    return Verified(text, tuple(names), tuple(times))


def read_unverified(note: bytes) -> tuple[str, tuple[str, ...]]:
    """Read the text and the claimed signers of a note, to show them; nothing is verified.

    Raises:
        NoteRefused: The note is malformed.
    """
    text, signatures = _split_note(note)
    return text, tuple(found.name for found in signatures)


def _check_line(body: bytes, claimed: _Signature, key: VerifierKey) -> int | None:
    stamp, value = b"", claimed.value
    if key.kind == COSIGNATURE:
        stamp, value = value[:_STAMP_LENGTH], value[_STAMP_LENGTH:]
    if not check_signature(_message(body, stamp), value, key.public):
        raise NoteRefused(f"The signature of {key.name} does not hold.")
    at = int.from_bytes(stamp, "big")
    if at >= _TIME_END:
        raise NoteRefused(f"The cosignature of {key.name} has a time that cannot be.")
    return at if stamp else None


def _message(body: bytes, stamp: bytes) -> bytes:
    if not stamp:
        return body
    return b"cosignature/v1\ntime %d\n" % int.from_bytes(stamp, "big") + body


def _known_lines(text: str, claimed: Sequence[_Signature], verifiers: Sequence[VerifierKey]) -> list[bytes]:
    known = {(key.name, key.key_id): key for key in verifiers}
    lines: dict[tuple[str, bytes], bytes] = {}
    for found in claimed:
        key = known.get((found.name, found.key_id))
        if key is not None:
            _check_line(text.encode(), found, key)
            lines.setdefault((found.name, found.key_id), _line(found.name, found.key_id + found.value))
    return list(lines.values())


def _signature_line(key: NoteKey, body: bytes, stamp: bytes) -> bytes:
    value = signature(_message(body, stamp), key)
    return _line(key.name, key.verifier.key_id + stamp + value)


def _line(name: str, value: bytes) -> bytes:
    return f"— {name} {to_base64(value)}\n".encode()


def _split_note(note: bytes) -> tuple[str, list[_Signature]]:
    try:
        text = _bounded(note).decode()
    except UnicodeDecodeError:
        raise NoteRefused("The note is not UTF-8.") from None
    _check_controls(text)
    blank = text.rfind("\n\n")
    if blank < 0 or not text.endswith("\n") or blank + 2 == len(text):
        raise NoteRefused("A note is a text, an empty line and at least one signature line.")
    lines = text[blank + 2 : -1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteRefused(f"A note carries at most {SIGNATURES_MAX} signatures, not {len(lines)}.")
    return text[: blank + 1], [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> _Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    if dash != "—":
        raise NoteRefused("A signature line starts with an em dash and a space.")
    _check_name(name)
    value = from_base64(encoded)
    if value is None or len(value) <= _KEY_ID_LENGTH:
        raise NoteRefused(f"The signature line of {name} does not hold a signature.")
    return _Signature(name, value[:_KEY_ID_LENGTH], value[_KEY_ID_LENGTH:])


def _split_key(text: str) -> tuple[str, str, int, bytes]:
    parts = text.split("+", 2)
    material = from_base64(parts[-1])
    if len(parts) != _KEY_PARTS or material is None or len(material) != 1 + _KEY_LENGTH:
        raise NoteRefused("A note key is a name, a key id and a key of 32 bytes, joined by plus signs.")
    _check_name(parts[0])
    if material[0] not in {ED25519, COSIGNATURE}:
        raise NoteRefused(f"Note key {parts[0]} is of type {material[0]}; only types 1 and 4 are known.")
    return parts[0], parts[1], material[0], material[1:]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or ord(c) < _FIRST_PRINTABLE for c in name):
        raise NoteRefused("A key name is not empty and holds no space, plus sign or control character.")
    if any("\ud800" <= c <= "\udfff" for c in name):
        raise NoteRefused("A key name is Unicode text.")


def _check_controls(text: str) -> None:
    if any(ord(c) < _FIRST_PRINTABLE and c != "\n" for c in text):
        raise NoteRefused("A note holds no control character but newline.")


def _encode_text(text: str) -> bytes:
    if not text.endswith("\n"):
        raise NoteRefused("The text of a note ends with a newline.")
    _check_controls(text)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NoteRefused("The text of a note is Unicode text.") from None


def _bounded(note: bytes) -> bytes:
    if len(note) > NOTE_MAX_LENGTH:
        raise NoteRefused(f"A note has at most {NOTE_MAX_LENGTH} bytes, not {len(note)}.")
    return note
