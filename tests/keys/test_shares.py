from __future__ import annotations

import json
import secrets
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shamir_mnemonic import MnemonicError, combine_mnemonics, shamir
from shamir_mnemonic.share import Share

from keys import shares
from keys.errors import ShareRefused
from keys.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = bytes(range(32))
SHARES = shares.split(SECRET, 3, 5, Stream(SECRET, "shares").take)
DIGESTS = [shares.share_digest(share) for share in SHARES]
FOREIGN = shares.split(bytes(32), 3, 5, Stream(SECRET, "foreign").take)


def forged(share: str) -> str:
    """A share with the genuine parameters and a checksum that fits, of another value."""
    genuine = Share.from_mnemonic(share)
    parameters = (getattr(genuine, field) for field in genuine.__dataclass_fields__ if field != "value")
    return str(Share(*parameters, bytes(32)).mnemonic())


@pytest.mark.promise(14)
def test_the_official_vectors(conformance: Path) -> None:
    vectors = json.loads((conformance / "vectors/slip39/vectors.json").read_text())
    assert len(vectors) == 45
    for name, mnemonics, secret, _ in vectors:
        if secret:
            assert combine_mnemonics(mnemonics, b"TREZOR").hex() == secret, name
        else:
            with pytest.raises(MnemonicError):
                combine_mnemonics(mnemonics, b"TREZOR")


@pytest.mark.promise(18)
def test_every_official_vector_is_combined_or_refused_in_words(conformance: Path) -> None:
    for name, mnemonics, secret, _ in json.loads((conformance / "vectors/slip39/vectors.json").read_text()):
        digests = [shares.share_digest(mnemonic) for mnemonic in mnemonics]
        try:
            combined = shares.combine(mnemonics, digests, len(mnemonics))
        except ShareRefused:
            continue
        assert len(secret) == 64, name
        assert len(combined) == 32


def test_known_answers() -> None:
    split = shares.split(SECRET, 2, 3, lambda count: bytes(range(count)))
    assert split[0].startswith("academic apart academic acid armed evening problem grasp eclipse")
    assert [shares.share_digest(share) for share in split] == [
        "a9b0a1cf749e875050ef3caa0b2e261b13e7f822ab9838ec0c5c04ebb248c463",
        "f32e550ef003d20c7c53fa43a90d29aa0352e253067388eb2df803d4a48c012a",
        "ce7c66a4869a1c3e1960af54cbc2bd41205a1d89ff80d3149dbfde56f6c9eefc",
    ]


@pytest.mark.promise(14)
def test_any_k_shares_rebuild_the_secret_and_fewer_do_not() -> None:
    for count in range(6):
        for chosen in combinations(SHARES, count):
            if count >= 3:
                assert shares.combine(chosen, DIGESTS, 3) == SECRET
            else:
                with pytest.raises(ShareRefused, match=f"3 shares are needed; {count}") as refusal:
                    shares.combine(chosen, DIGESTS, 3)
                assert (refusal.value.why, refusal.value.position) == ("too few", None)


@pytest.mark.promise(14)
@given(st.binary(min_size=32, max_size=32), st.integers(2, 16), st.data())
def test_every_quorum_rebuilds_every_secret(secret: bytes, n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(2, n))
    made = shares.split(secret, k, n, secrets.token_bytes)
    chosen = data.draw(st.permutations(made))[:k]
    assert shares.combine(chosen, [shares.share_digest(share) for share in made], k) == secret


def test_one_of_one_is_possible() -> None:
    made = shares.split(SECRET, 1, 1, secrets.token_bytes)
    assert shares.combine(made, [shares.share_digest(made[0])], 1) == SECRET


def test_case_and_spaces_do_not_matter() -> None:
    sloppy = ["  " + share.upper().replace(" ", "\n ") for share in SHARES]
    assert shares.combine(sloppy, DIGESTS, 3) == SECRET


@pytest.mark.promise(14)
def test_a_duplicate_share_is_named() -> None:
    with pytest.raises(ShareRefused, match="Share 3 is the share of custodian 2 again") as refusal:
        shares.combine([SHARES[1], SHARES[0], SHARES[1].upper()], DIGESTS, 3)
    found = refusal.value
    assert (found.why, found.position, found.custodian) == ("duplicate", 3, 2)


@pytest.mark.promise(14)
def test_a_foreign_share_is_named() -> None:
    with pytest.raises(ShareRefused, match="Share 2 is foreign") as refusal:
        shares.combine([SHARES[0], FOREIGN[1], SHARES[2]], DIGESTS, 3)
    assert (refusal.value.why, refusal.value.position) == ("foreign", 2)


@pytest.mark.promise(14)
def test_a_forged_share_is_named_with_the_custodian_it_claims() -> None:
    with pytest.raises(ShareRefused, match="Share 2 is false") as refusal:
        shares.combine([SHARES[0], forged(SHARES[3]), SHARES[2]], DIGESTS, 3)
    found = refusal.value
    assert (found.why, found.position, found.custodian) == ("false", 2, 4)


@pytest.mark.promise(14)
@given(st.integers(0, 32), st.integers(0, 1023))
def test_a_mistyped_word_is_named_and_never_repeated(at: int, word: int) -> None:
    words = SHARES[4].split()
    mistyped = Share.from_mnemonic(FOREIGN[0]).words()[word % 33]
    if words[at] == mistyped:
        return
    words[at] = mistyped
    with pytest.raises(ShareRefused, match="Share 3") as refusal:
        shares.combine([*SHARES[:2], " ".join(words)], DIGESTS, 3)
    assert refusal.value.why == "false"
    assert str(refusal.value) == (
        "Share 3 is false: a word was read or typed as another one, or two stand in each other's place."
    )


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda words: words[:-1], "it has 32 words, and a share has 33"),
        (lambda words: [*words, "zoo"], "it has 34 words, and a share has 33"),
        (lambda words: [*words[:4], "zebraa", *words[5:]], "word 5 is not on the word list"),
        (lambda words: ["1.", *words[1:32], "x"], "words 1, 33 are not on the word list"),
    ],
)
def test_where_a_share_was_mistyped_is_said_by_place(
    change: Callable[[list[str]], list[str]], told: str
) -> None:
    typed = change(SHARES[1].split())
    with pytest.raises(ShareRefused) as refusal:
        shares.combine([SHARES[0], " ".join(typed)], DIGESTS, 3)
    assert told in str(refusal.value)
    assert not any(f" {word} " in str(refusal.value) for word in ("zebraa", "zoo", "x"))


@pytest.mark.promise(18)
@given(st.text(max_size=60))
def test_anything_typed_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ShareRefused):
        shares.combine([*SHARES[:2], typed], DIGESTS, 3)


def test_a_share_beyond_k_is_checked_too() -> None:
    with pytest.raises(ShareRefused, match="Share 4 is foreign"):
        shares.combine([*SHARES[:3], FOREIGN[0]], DIGESTS, 3)


def test_listed_shares_of_two_keys_do_not_combine() -> None:
    mixed = [SHARES[0], SHARES[1], FOREIGN[2]]
    with pytest.raises(ShareRefused, match="not each other"):
        shares.combine(mixed, [shares.share_digest(share) for share in mixed], 3)


@pytest.mark.parametrize(("k", "n"), [(0, 3), (4, 3), (1, 3), (2, 17), (-1, -1)])
def test_an_impossible_quorum_is_refused(k: int, n: int) -> None:
    with pytest.raises(ShareRefused, match="not possible"):
        shares.split(SECRET, k, n, secrets.token_bytes)


def test_only_a_key_is_split() -> None:
    with pytest.raises(ShareRefused, match="32 bytes is split, not 16"):
        shares.split(bytes(16), 2, 3, secrets.token_bytes)


def test_the_library_gets_its_own_source_back_after_a_failure() -> None:
    def broken(_: int) -> bytes:
        raise OSError("no randomness today")

    with pytest.raises(OSError, match="no randomness"):
        shares.split(SECRET, 2, 3, broken)
    assert shamir.RANDOM_BYTES is secrets.token_bytes
