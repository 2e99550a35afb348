"""What ``python -m keys`` leaves behind and shows: custodians with shares, and files that are inspected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keys import certificate, shares
from keys.notes import NoteKey
from tests.keys.commands import DIGESTS, LOG, files_holding, kept, modes, refused, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.promise(14)
def test_no_file_ever_holds_a_release_key_or_k_shares(story: Path, tmp_path: Path) -> None:
    for name in ("share.txt", "staged-share.txt"):
        words = [path.read_text() for path in kept(story, 1, 2, 3, name=name)]
        key = shares.combine(words, [shares.share_digest(share) for share in words], 2)
        assert files_holding(story, key) == set()
        holders = [
            [
                str(path)
                for path in story.rglob("*")
                if path.is_file() and share.encode().strip() in path.read_bytes()
            ]
            for share in words
        ]
        assert holders == [[str(path)] for path in kept(story, 1, 2, 3, name=name)]
    share_files = {f"{kind}share-{n}.sealed" for kind in ("", "staged-") for n in (1, 2, 3)}
    named = {
        f"{purpose}{suffix}"
        for purpose in ("release", "staged")
        for suffix in (".pub", "-shares.json", ".sealed")
    }
    assert set(modes(story / "ceremony")) == share_files | named | {"certificate.note", "log.vkey"}


@pytest.mark.promise(14)
def test_private_files_are_their_owners_alone(story: Path) -> None:
    for number in (1, 2, 3):
        directory = story / f"custodian-{number}"
        assert directory.stat().st_mode & 0o777 == 0o700
        found = modes(directory)
        assert {found[name] for name in ("identity.key", "share.txt", "staged-share.txt")} == {0o600}


@pytest.mark.promise(14)
def test_a_custodian_opens_no_other_share_and_checks_the_own_one(story: Path, tmp_path: Path) -> None:
    first = story / "custodian-1"
    sealed = story / "ceremony" / "share-2.sealed"
    assert "was not sealed to this key" in refused(run("receive", "--dir", first, "--sealed", sealed))
    checked = run(
        *("receive", "--dir", first, "--sealed", first / "share-1.sealed", "--json"),
        *("--certificate", story / "ceremony/certificate.note", "--vkey", LOG.verifier.encode()),
    ).json
    assert checked["words"] == (first / "share.txt").read_text().strip()
    assert "overwritten" in refused(
        run("receive", "--dir", first, "--sealed", first / "share-1.sealed", "--keep")
    )
    other = tmp_path / "certificate.note"
    mapping = certificate.verify((story / "ceremony/certificate.note").read_bytes(), [LOG.verifier])
    mapping["release"]["share_digests"].reverse()
    other.write_bytes(certificate.sign(mapping, LOG))
    answer = run(
        *("receive", "--dir", first, "--sealed", first / "share-1.sealed"),
        *("--certificate", other, "--vkey", LOG.verifier.encode()),
    )
    assert refused(answer) == "This is not the release share of custodian 1 in the certificate."


@pytest.mark.promise(14)
def test_a_split_that_gives_somebody_two_shares_is_refused(story: Path, tmp_path: Path) -> None:
    first, second = (story / f"custodian-{number}" / "identity.pub" for number in (1, 2))
    out = tmp_path / "out"
    twice = run("split", "--k", 2, "--n", 2, "--custodian-key", first, "--custodian-key", first, "--out", out)
    assert "have the same key" in refused(twice)
    short = run(
        "split", "--k", 2, "--n", 3, "--custodian-key", first, "--custodian-key", second, "--out", out
    )
    assert refused(short) == "3 custodians need 3 different key files; 2 were given."
    lone = run("split", "--k", 1, "--n", 2, "--custodian-key", first, "--custodian-key", second, "--out", out)
    assert "quorum of 1 of 2 is not possible" in refused(lone)
    assert not out.exists()


@pytest.mark.promise(3)
def test_inspect_names_each_file_and_shows_no_secret(story: Path, tmp_path: Path) -> None:
    own = tmp_path / "anna"
    run("contribute", "commit", "--dir", own, "--name", "anna", *DIGESTS, "--attempt", 1)
    first, ceremony = story / "custodian-1", story / "ceremony"
    (tmp_path / "empty").touch()
    kinds = {
        own / "commitment.note": "commitment",
        own / "contributor.vkey": "verifier key",
        own / "contributor.key": "private key (secret)",
        own / "contribution.secret": "contribution (secret)",
        first / "identity.key": "private key (secret)",
        first / "identity.pub": "public key",
        first / "share.txt": "share (secret)",
        ceremony / "release-shares.json": "shares of a key",
        ceremony / "certificate.note": "certificate",
        ceremony / "release.sealed": "sealed or unknown bytes",
        tmp_path / "empty": "unknown text",
    }
    for path, kind in kinds.items():
        answer = run("inspect", path, "--json")
        assert answer.json["kind"] == kind
        if "(secret)" in kind:
            assert len(answer.json) <= 2  # the kind, and for a share its digest
            assert path.read_text().strip() not in answer.out


@pytest.mark.promise(15)
def test_inspect_verifies_a_note_with_its_key_alone(story: Path) -> None:
    note = story / "ceremony" / "certificate.note"
    assert run("inspect", note, "--json").json["signature"] == "not checked, no verifier key was given"
    checked = run("inspect", note, "--vkey", story / "ceremony" / "log.vkey", "--json").json
    assert checked["signature"] == "holds for example.org/log"
    other = NoteKey("example.org/log", bytes(32)).verifier.encode()
    assert "not signed by a known key" in refused(run("inspect", note, "--vkey", other))
    assert "sha256" in run("inspect", story / "ceremony" / "release.sealed").out
