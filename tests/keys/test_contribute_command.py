"""Contributors run ``python -m keys contribute``, each in their own directory; errors are one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keys import contribution, hpke
from keys.contribution import MACHINE, Contribution, Terms
from keys.errors import KeyFileRefused
from keys.hpke import Identity
from keys.notes import VerifierKey
from keys.stream import Stream
from tests.keys.commands import DIGESTS, files_holding, modes, refused, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.promise(11)
@pytest.mark.requirement("ceremony")
def test_contributors_commit_and_reveal_each_in_their_own_directory(tmp_path: Path) -> None:
    ceremony = Identity(bytes(range(32)))
    (tmp_path / "ceremony.pub").write_text(hpke.public_line(ceremony.public, "ceremony"))
    terms = Terms(1, "aa" * 32, "bb" * 32)
    made = [contribution.new_contribution(MACHINE, terms, Stream(bytes(32), "machine").take)]
    commitments = [made[0].commitment]
    for name in ("anna", "bert"):
        own = tmp_path / name
        said = run(
            "contribute", "commit", "--dir", own, "--name", name, *DIGESTS, "--attempt", 1, "--json"
        ).json
        private = {"contribution.secret": 0o600, "contributor.key": 0o600}
        assert modes(own) == private | {"commitment.note": 0o644, "contributor.vkey": 0o644}
        verifier = VerifierKey.parse((own / "contributor.vkey").read_text().strip())
        assert said["verifier"] == verifier.encode()
        commitment = contribution.verify_commitment((own / "commitment.note").read_bytes(), verifier)
        assert (commitment.value, commitment.terms) == (said["commitment"], terms)
        sealed = tmp_path / f"{name}.sealed"
        run(
            "contribute", "reveal", "--dir", own, "--to", tmp_path / "ceremony.pub", "--out", sealed, "--json"
        )
        made.append(contribution.open_reveal(ceremony, sealed.read_bytes(), commitment))
        commitments.append(commitment)
        assert files_holding(tmp_path, made[-1].secret) == {f"{name}/contribution.secret"}
    assert made[1].secret != made[2].secret
    assert len(contribution.combine(commitments, made)) == 32


@pytest.mark.promise(11)
def test_a_second_attempt_needs_a_directory_of_its_own_and_may_use_the_same_key(tmp_path: Path) -> None:
    commit = ["contribute", "commit", "--name", "anna", *DIGESTS]
    first = run(*commit, "--dir", tmp_path / "1", "--attempt", 1, "--json").json
    before = (tmp_path / "1/contribution.secret").read_bytes()
    assert "earlier attempt" in refused(run(*commit, "--dir", tmp_path / "1", "--attempt", 2))
    assert (tmp_path / "1/contribution.secret").read_bytes() == before
    key = tmp_path / "1/contributor.key"
    second = run(*commit, "--dir", tmp_path / "2", "--attempt", 2, "--key", key, "--json").json
    assert second["verifier"] == first["verifier"]
    assert second["commitment"] != first["commitment"]
    other = ["contribute", "commit", "--name", "bert", *DIGESTS]
    said = refused(run(*other, "--dir", tmp_path / "3", "--attempt", 1, "--key", key))
    assert "is the key of anna, not of bert" in said


@pytest.mark.promise(11)
def test_a_contribution_that_was_changed_after_its_commitment_is_not_revealed(tmp_path: Path) -> None:
    own = tmp_path / "anna"
    run("contribute", "commit", "--dir", own, "--name", "anna", *DIGESTS, "--attempt", 1)
    ceremony = tmp_path / "ceremony.pub"
    ceremony.write_text(hpke.public_line(Identity(bytes(range(32))).public, "ceremony"))
    path = own / "contribution.secret"
    kept = Contribution.from_bytes(path.read_bytes().strip())
    path.write_bytes(Contribution("anna", kept.terms, bytes(32)).to_bytes() + b"\n")
    reveal = ["contribute", "reveal", "--dir", own, "--to", ceremony, "--out", tmp_path / "reveal.sealed"]
    assert "not the one that anna committed to" in refused(run(*reveal))
    path.chmod(0o644)
    assert "mode 0644; it must be 0600" in refused(run(*reveal))
    assert not (tmp_path / "reveal.sealed").exists()


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["contribute", "commit", "--dir", "D", "--name", "machine", *DIGESTS, "--attempt", "1"],
            "machine's own",
        ),
        (["contribute", "commit", "--dir", "D", "--name", "a b", *DIGESTS, "--attempt", "1"], "A key name"),
        (
            ["contribute", "commit", "--dir", "D", "--name", "anna", *DIGESTS, "--attempt", "0"],
            "numbered from 1",
        ),
        (
            ["contribute", "commit", "--dir", "D", "--name", "anna", *DIGESTS, "--attempt", "x"],
            "not a valid integer",
        ),
        (["contribute", "commit", "--dir", "D"], "Missing option"),
        (["contribute", "reveal", "--dir", "D", "--to", "D/x.pub", "--out", "D/out"], "cannot be used"),
        (["receive", "--dir", "D", "--sealed", "D/x"], "cannot be used"),
        (["split", "--k", "1", "--n", "1", "--custodian-key", "D/x.pub", "--out", "D"], "No such file"),
        (["identity", "--dir", "D", "--name", ""], "needs a name"),
        (["inspect", "D/nothing"], "No such file"),
        (["nonsense"], "No such command"),
    ],
)
def test_every_error_is_one_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    own = tmp_path / "own"
    placed = [
        argument.replace("D", str(own), 1) if argument.startswith("D") else argument for argument in arguments
    ]
    assert said in refused(run(*placed))


@pytest.mark.promise(14)
def test_a_directory_that_others_can_read_gets_no_secret(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    said = refused(run("identity", "--dir", tmp_path, "--name", "anna"))
    assert "mode 0755; it must be 0700" in said
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_command() -> None:
    answer = run("--help")
    assert answer.status == 0
    for command in ("contribute", "split", "identity", "receive", "combine", "inspect"):
        assert command in answer.out


def test_a_custodian_key_of_a_wrong_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "custodian.pub"
    path.write_text("ssh-rsa AAAA")
    said = refused(run("split", "--k", 1, "--n", 1, "--custodian-key", path, "--out", tmp_path / "out"))
    assert said.startswith(f"{path}: ")
    with pytest.raises(KeyFileRefused):
        hpke.parse_public_line(path.read_text())
