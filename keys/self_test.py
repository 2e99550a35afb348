"""Single known answers, run before a process opens anything: wrong arithmetic must not meet a sealed slot.

Source:
    RFC 5869 appendix A.1; the GCM submission to NIST, test case 16; RFC 8032 section 7.1 test 2; the roots of
    the RFC 6962 reference implementation; SLIP-0039 vector 1. The rest are this project's own answers, which
    docs/sealing.md repeats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from shamir_mnemonic import combine_mnemonics

from keys import checkpoint, contribution, envelope, hpke, merkle, notes, shares, wraps
from keys.checkpoint import Checkpoint
from keys.contribution import Contribution, Terms
from keys.errors import SelfTestFailed
from keys.hpke import Identity
from keys.notes import NoteKey
from keys.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

_COUNTING: Final = bytes(range(64))
_GCM_KEY: Final = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
_GCM_NONCE: Final = bytes.fromhex("cafebabefacedbaddecaf888")
_GCM_ASSOCIATED: Final = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
_GCM_PLAINTEXT: Final = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
_GCM_SEALED: Final = bytes.fromhex(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    "76fc6ece0f4e1768cddf8853bb2d551b"
)
_TREE_LEAVES: Final = (
    *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
    "606162636465666768696a6b6c6d6e6f",
)
_SLIP39_WORDS: Final = (
    "duckling enlarge academic academic agency result length solution fridge kidney coal piece deal "
    "husband erode duke ajar critical decision keyboard"
)
_SHARE_ONE: Final = (
    "academic apart academic acid armed evening problem grasp eclipse infant muscle staff work presence "
    "public chew laden buyer nail aluminum merit diagnose kind criminal corner railroad screw venture "
    "review install fiber findings gesture"
)
_SHARE_THREE: Final = (
    "academic apart academic always acrobat hand cultural pajamas mustang focus fatal nail alarm lunar "
    "frozen burden fused fraction mason agree manual repair alive diploma move ambition usher petition "
    "acne chest body warn usher"
)
_SHARE_DIGESTS: Final = (
    "a9b0a1cf749e875050ef3caa0b2e261b13e7f822ab9838ec0c5c04ebb248c463",
    "ce7c66a4869a1c3e1960af54cbc2bd41205a1d89ff80d3149dbfde56f6c9eefc",
)
_HPKE_SEALED: Final = bytes.fromhex(
    "02004782f54c07b3d026c396b546b53184171d639736c875377ffdce054a0938"
    "9190ace21212be97eebd687bd8f6ac55d60cfd0d0dd4fc"
)
_CHECKPOINT: Final = (
    "example.org/log\n2\nsTeYX/SE+2ANuTEHx3sDZcgNePW0Kd7Q/Zc2HQd5mes=\n\n"
    "— example.org/log "
    "mK8COzhgVG9w2ikTuigAT5huRcvj9TAH11qdCWb8pZPvUTMqOHUfapn13R1Y0tSlvsb6MDs6TZuXPxYxWZliE+49/AM=\n"
)


def run() -> None:
    """Compute every known answer once.

    Raises:
        SelfTestFailed: One came out wrong, or could not be computed; it is named.
    """
    for name, holds in _ANSWERS.items():
        try:
            right = holds()
        except Exception as error:
            raise SelfTestFailed(f"The self-test of {name} failed; nothing may be opened here.") from error
        if not right:
            raise SelfTestFailed(f"The self-test of {name} gave a wrong answer; nothing may be opened here.")


def _hkdf() -> bool:
    derived = HKDF(
        algorithm=SHA256(),
        length=42,
        salt=bytes(range(13)),
        info=bytes(range(0xF0, 0xFA)),
    ).derive(b"\x0b" * 22)
    return derived.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )


def _aes_gcm() -> bool:
    sealed = envelope.seal(_GCM_KEY, _GCM_PLAINTEXT, _GCM_ASSOCIATED, lambda _: _GCM_NONCE)
    opened = envelope.open_envelope(_GCM_KEY, _GCM_NONCE + _GCM_SEALED, _GCM_ASSOCIATED)
    return sealed == _GCM_NONCE + _GCM_SEALED and opened == _GCM_PLAINTEXT


def _ed25519() -> bool:
    key = NoteKey(
        "rfc8032", bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    )
    public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    signature = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    return key.verifier.public.hex() == public and notes.signature(b"\x72", key).hex() == signature


def _merkle() -> bool:
    leaves = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in _TREE_LEAVES]
    grown = merkle.Frontier()
    for leaf in leaves:
        grown.append(leaf)
    expected = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    merkle.verify_inclusion(leaves[5], 5, 8, merkle.inclusion_proof(leaves, 5), grown.root())
    return merkle.root(leaves).hex() == expected == grown.root().hex()


def _slip39() -> bool:
    published = combine_mnemonics([_SLIP39_WORDS], b"TREZOR").hex() == "bb54aac4b89dc868ba37d9cc21b2cece"
    return published and shares.combine((_SHARE_ONE, _SHARE_THREE), _SHARE_DIGESTS, 2) == _COUNTING[:32]


def _hpke() -> bool:
    opened = hpke.open_sealed(Identity(_COUNTING[:32]), _HPKE_SEALED, b"crossover-randomizer/v1/release")
    return opened == b"content"


def _stream() -> bool:
    stream = Stream(_COUNTING[:32], "crossover-randomizer/v1/schedule")
    taken = stream.take(32).hex() == "2b02c23a893d3cc80d9ab78761b1a1058784ae5529eb4309a5d19c86722c47f6"
    return taken and [stream.below(6) for _ in range(12)] == [0, 5, 3, 2, 3, 0, 4, 1, 2, 5, 5, 1]


def _wrap() -> bool:
    wrapped = wraps.wrap(_COUNTING[:32], _COUNTING[32:], b"slot", lambda count: _COUNTING[:count])
    expected = (
        "000102030405060708090a0b5c535fa44e30edebb4f0c3cd2a7e50330361"
        "fb777e04b0063c14c9a1a79cd5870a648d485695a63f2c2b7c365cbc3e4a"
    )
    return wrapped.hex() == expected and wraps.unwrap(wrapped, _COUNTING[32:], b"slot") == _COUNTING[:32]


def _emergency_code() -> bool:
    code = wraps.parse_code("000-410-610-50R-3GG-28A-1C6-0T3-GF6")
    key = wraps.emergency_key(code, b"slot").hex()
    expected = "cc08c303a29c6028e53e909a78050b55cea091e233a660947001bb0ddd86617d"
    return code.secret == _COUNTING[:16] and key == expected


def _seed() -> bool:
    terms = Terms(1, "aa" * 32, "bb" * 32)
    made = [
        Contribution("machine", terms, _COUNTING[:32]),
        Contribution("anna", terms, _COUNTING[32:]),
    ]
    seed = contribution.combine([one.commitment for one in made], made).hex()
    return seed == "212ebb771a0f53e411abd4810b44bfc53773c5605a47d9266dd0084d5d04069d"


def _signed_checkpoint() -> bool:
    key = NoteKey("example.org/log", _COUNTING[:32])
    root = merkle.root([merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")])
    head = Checkpoint(key.name, 2, root)
    verified = checkpoint.verify(_CHECKPOINT.encode(), [key.verifier])
    return checkpoint.sign(head, key) == _CHECKPOINT.encode() and verified.checkpoint == head


_ANSWERS: Final[dict[str, Callable[[], bool]]] = {
    "HKDF-SHA256 (RFC 5869)": _hkdf,
    "AES-256-GCM (NIST)": _aes_gcm,
    "Ed25519 (RFC 8032)": _ed25519,
    "the Merkle tree (RFC 6962)": _merkle,
    "SLIP-39": _slip39,
    "HPKE": _hpke,
    "the bit stream": _stream,
    "the slot key wrap": _wrap,
    "the emergency code": _emergency_code,
    "the seed": _seed,
    "the signed checkpoint": _signed_checkpoint,
}
