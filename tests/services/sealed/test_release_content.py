from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from keys import hpke
from keys.hpke import Identity
from keys.quorum import release_info
from keys.shares import combine
from randomizer.errors import BundleRefused
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed import generator, release_content

if TYPE_CHECKING:
    from tests.activated import Rehearsal


@pytest.fixture(scope="session")
def opened(rehearsal: Rehearsal) -> bytes:
    key = Identity(combine(rehearsal.release_shares[:2], rehearsal.plan.release.share_digests, 2))
    return hpke.open_sealed(key, rehearsal.bundle.read(bundle_files.RELEASE), release_info("release"))


@pytest.fixture(scope="session")
def opened_staged(rehearsal: Rehearsal) -> bytes:
    key = Identity(combine(rehearsal.staged_shares[1:], rehearsal.plan.staged.share_digests, 2))
    return hpke.open_sealed(key, rehearsal.bundle.read(bundle_files.STAGED), release_info("staged"))


@pytest.mark.promise(15)
def test_the_release_holds_all_that_the_schedule_was_made_of(rehearsal: Rehearsal, opened: bytes) -> None:
    content = release_content.decode_release(opened)
    schedule = generator.generate(rehearsal.definition, content.unblinded, content.seed)
    assert content.unblinded == rehearsal.unblinded
    assert content.slots == release_content.sequence_codes(schedule)
    next_salt = generator.salts(content.seed)
    assert content.salts == tuple(next_salt() for _ in content.slots)
    assert [name for name, _ in content.contributions] == ["machine", "rehearsal-1", "rehearsal-2"]
    assert release_content.encode_release(content) == opened


@pytest.mark.promise(14)
def test_the_staged_release_holds_its_key_and_never_the_seed(opened: bytes, opened_staged: bytes) -> None:
    content = release_content.decode_staged(opened_staged)
    assert len(content.staged_key) == 32
    assert release_content.encode_staged(content) == opened_staged
    assert set(json.loads(opened_staged)) == {"format", "trial_id", "schedule_version", "staged_key"}
    assert release_content.decode_release(opened).seed.hex().encode() not in opened_staged


@pytest.mark.promise(3)
def test_a_release_prints_masked(opened: bytes, opened_staged: bytes) -> None:
    assert repr(release_content.decode_release(opened)) == "ReleaseContent(masked)"
    assert repr(release_content.decode_staged(opened_staged)) == "StagedContent(masked)"


@pytest.mark.promise(2)
def test_lengths_are_rounded_up(opened: bytes, opened_staged: bytes) -> None:
    assert len(opened) % release_content.PAD_BYTES == 0
    assert len(opened_staged) == release_content.PAD_BYTES


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b'{"format": "crossover-randomizer/v1/release"}', b"[" * 100000]
)
def test_what_is_no_release_is_refused_without_repeating_it(data: bytes) -> None:
    for decode in (release_content.decode_release, release_content.decode_staged):
        with pytest.raises(BundleRefused, match="What was opened is not a"):
            decode(data)


def test_one_release_is_not_taken_for_the_other(opened: bytes, opened_staged: bytes) -> None:
    with pytest.raises(BundleRefused):
        release_content.decode_staged(opened)
    with pytest.raises(BundleRefused):
        release_content.decode_release(opened_staged)
