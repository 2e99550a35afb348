"""SLIP-39 shares of a 32-byte release key: split, name by digest, and combine; no I/O.

Shares carry an empty passphrase, the extendable flag and iteration exponent 0: what they protect is a random
key, so that slow stretching would protect nothing.

Source:
    SLIP-0039.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics, shamir
from shamir_mnemonic.share import Share
from shamir_mnemonic.wordlist import WORD_INDEX_MAP

from keys.entropy import Entropy, draw
from keys.errors import ShareRefused
from keys.labelled import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECRET_LENGTH: Final = 32  # bytes
WORDS: Final = 33  # of the share of such a secret
CUSTODIANS_MAX: Final = 16
_DIGEST_LABEL: Final = "crossover-randomizer/v1/share-digest"
_ITERATION_EXPONENT: Final = 0
_library_lock = threading.Lock()


def split(secret: bytes, k: int, n: int, entropy: Entropy) -> tuple[str, ...]:
    """Split a secret into shares, custodian 1 first.

    Args:
        secret: 32 bytes.
        k: How many shares rebuild it, 2 to n; 1 only when n is 1.
        n: How many shares are made, at most 16.
        entropy: Source of the randomness of the shares.

    Raises:
        ShareRefused: The quorum or the secret's length is not possible.
    """
    if len(secret) != SECRET_LENGTH:
        raise ShareRefused(f"A secret of {SECRET_LENGTH} bytes is split, not {len(secret)}.", why="false")
    if not 1 <= k <= n <= CUSTODIANS_MAX or (k == 1 < n):
        raise ShareRefused(
            f"A quorum of {k} of {n} is not possible: there are at most {CUSTODIANS_MAX} custodians, and at "
            "least 2 of them are needed unless there is only one.",
            why="too few",
        )
    with _library_draws_from(entropy):
        groups = generate_mnemonics(
            1, [(k, n)], secret, extendable=True, iteration_exponent=_ITERATION_EXPONENT
        )
    return tuple(groups[0])


def share_digest(mnemonic: str) -> str:
    """Name a share: labelled SHA-256 of its words in lower case with single spaces, in hex."""
    return digest(_DIGEST_LABEL, _normal(mnemonic).encode()).hex()


def combine(shares: Sequence[str], digests: Sequence[str], k: int) -> bytes:
    """Rebuild the secret; every share given is checked, also those beyond k.

    Args:
        shares: The words of each share, in any order.
        digests: The published share digests, custodian 1 first.
        k: How many shares rebuild the secret.

    Returns:
        32 bytes; the caller checks them against the published public key.

    Raises:
        ShareRefused: A share is false, foreign or given twice, or there are fewer than k.
    """
    known = {share: number for number, share in enumerate(digests, start=1)}
    seen: dict[str, int] = {}
    for position, share in enumerate(shares, start=1):
        name = share_digest(share)
        if name not in known:
            raise _refusal(shares, known, position)
        if name in seen:
            raise ShareRefused(
                f"Share {position} is the share of custodian {known[name]} again; it was given as share "
                f"{seen[name]} already.",
                why="duplicate",
                position=position,
                custodian=known[name],
            )
        seen[name] = position
    if len(seen) < k:
        raise ShareRefused(f"{k} shares are needed; {len(seen)} were given.", why="too few")
    return _rebuild([_normal(share) for share in shares[:k]])


def _rebuild(mnemonics: list[str]) -> bytes:
    try:
        secret = combine_mnemonics(mnemonics)
    except (MnemonicError, ValueError):
        raise ShareRefused("The shares fit their digests but not each other.", why="false") from None
    if len(secret) != SECRET_LENGTH:
        raise ShareRefused("The shares rebuild a secret of another length.", why="foreign")
    return bytes(secret)


def _refusal(shares: Sequence[str], known: dict[str, int], position: int) -> ShareRefused:
    """Say what is wrong with a share that is not in the list, without a word of it."""
    share = _decode(shares[position - 1])
    if share is None:
        return ShareRefused(
            f"Share {position} is false: {_mistyped(shares[position - 1].lower().split())}.",
            why="false",
            position=position,
        )
    genuine = (_decode(other) for other in shares if share_digest(other) in known)
    if any(other and other.common_parameters() == share.common_parameters() for other in genuine):
        custodian = int(share.index) + 1
        return ShareRefused(
            f"Share {position} is false: it claims to be the share of custodian {custodian}, but its digest "
            "is not the published one.",
            why="false",
            position=position,
            custodian=custodian,
        )
    return ShareRefused(
        f"Share {position} is foreign: it is a proper share, but of another key than this one.",
        why="foreign",
        position=position,
    )


def _mistyped(words: list[str]) -> str:
    """What is wrong with words that are no share, by their places alone."""
    if len(words) != WORDS:
        return f"it has {len(words)} words, and a share has {WORDS}"
    unknown = [str(place) for place, word in enumerate(words, start=1) if word not in WORD_INDEX_MAP]
    if unknown:
        said = "word {} is" if len(unknown) == 1 else "words {} are"
        return f"{said.format(', '.join(unknown))} not on the word list; compare them with the sheet"
    return "a word was read or typed as another one, or two stand in each other's place"


def _decode(mnemonic: str) -> Share | None:
    try:
        return Share.from_mnemonic(_normal(mnemonic))
    except (MnemonicError, ValueError):
        return None


def _normal(mnemonic: str) -> str:
    return " ".join(mnemonic.lower().split())


@contextmanager
def _library_draws_from(entropy: Entropy) -> Iterator[None]:
    # The library draws from a module variable, documented as its hook for other sources.
    with _library_lock:
        usual = shamir.RANDOM_BYTES
        shamir.RANDOM_BYTES = lambda count: draw(entropy, count)
        try:
            yield
        finally:
            shamir.RANDOM_BYTES = usual
