"""A share on its way to its custodian: canonical JSON, sealed to the custodian's public key; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from keys import certificate, hpke
from keys.errors import NoteRefused, ShareRefused
from keys.quorum import PURPOSES

if TYPE_CHECKING:
    from keys.hpke import Identity

SHARE_TYPE: Final = "crossover-randomizer/v1/share"
SHARE_INFO: Final = SHARE_TYPE.encode()


@dataclass(frozen=True, slots=True)
class SealedShare:
    """What one custodian receives; it prints without its words.

    Args:
        purpose: The release that the key is for.
        number: Number of the custodian, 1-based.
        k: How many shares rebuild the key.
        n: How many shares there are.
        words: The SLIP-39 mnemonic.
    """

    purpose: str
    number: int
    k: int
    n: int
    words: str = field(repr=False)

    def seal(self, public: bytes) -> bytes:
        """Seal to the custodian's public key."""
        fields = {"purpose": self.purpose, "number": self.number, "k": self.k, "n": self.n}
        content = certificate.canonical({"type": SHARE_TYPE, "words": self.words, **fields})
        return hpke.seal(public, content, SHARE_INFO)


def open_share(identity: Identity, sealed: bytes) -> SealedShare:
    """Open a share.

    Raises:
        SealBroken: It was not sealed to this identity, or was changed.
        ShareRefused: What was sealed is no share.
    """
    content = hpke.open_sealed(identity, sealed, SHARE_INFO)
    try:
        mapping = certificate.parse(content.decode() + "\n")
        share = SealedShare(**{name: mapping[name] for name in ("purpose", "number", "k", "n", "words")})
    except (NoteRefused, UnicodeDecodeError, KeyError):
        raise ShareRefused("What was sealed to this key is no share.", why="false") from None
    numbers = (share.k, share.n, share.number)
    if share.purpose not in PURPOSES or not all(isinstance(number, int) for number in numbers):
        raise ShareRefused("What was sealed to this key is no share of a release key.", why="false")
    if not isinstance(share.words, str) or not 1 <= share.number <= share.n:
        raise ShareRefused("What was sealed to this key is no share of a custodian.", why="false")
    return share
