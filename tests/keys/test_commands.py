"""Each person runs ``python -m keys`` in a directory of their own; in a process where something is typed."""

from __future__ import annotations

import base64
import json
import os
import pty
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from keys import __main__ as program
from keys import certificate, contribution, hpke, shares, wraps
from keys.contribution import MACHINE, Contribution, Terms
from keys.errors import KeyFileRefused
from keys.hpke import Identity
from keys.notes import NoteKey, VerifierKey
from keys.staged import StagedCopy, StagedSlots, WrappedSlot
from keys.stream import Stream
from tests.called import Answer, call

ROOT = Path(__file__).parents[2]
RELEASE = b"seed, contributions, schedule and salts" * 20
STAGED_KEY = bytes(range(32))
STAGED = json.dumps(
    {
        "format": "crossover-randomizer/v1/staged-release",
        "trial_id": "example",
        "schedule_version": 1,
        "staged_key": base64.b64encode(STAGED_KEY).decode(),
    }
).encode()
LOG = NoteKey("example.org/log", bytes(range(32)))
DIGESTS = ["--definition-digest", "aa" * 32, "--generator-digest", "bb" * 32]

run = partial(call, program.main)


def typing(typed: str, *arguments: object) -> Answer:
    """Run a command in a process and type into it."""
    done = subprocess.run(
        [sys.executable, "-m", "keys", *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        input=typed,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd="/",
        start_new_session=True,  # no terminal: what is prompted for is read from standard input
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def refused(answer: Answer) -> str:
    """The one plain sentence of a refusal."""
    assert answer.status == 1
    assert answer.out == ""
    assert "Traceback" not in answer.error
    lines = answer.error.strip().splitlines()
    assert len(lines) == 1, answer.error
    return lines[0]


def modes(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in directory.iterdir()}


def spellings(secret: bytes) -> list[bytes]:
    """The forms in which a secret could have been left behind."""
    return [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret).rstrip(b"="),
    ]


def files_holding(root: Path, secret: bytes) -> set[str]:
    contents = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return {
        str(path.relative_to(root))
        for path, content in contents.items()
        if any(spelling in content for spelling in spellings(secret))
    }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three custodians hold a release key and a staged key; a certificate names two recipients."""
    root = tmp_path_factory.mktemp("story")
    custodians = [f"custodian-{number}" for number in (1, 2, 3)]
    people = [*custodians, "statistician", "code-break-host", "stranger"]
    public = {name: run("identity", "--dir", root / name, "--name", name, "--json").json for name in people}
    fields: dict[str, Any] = {"trial": "example"}
    recipients = {"release": ["statistician", "code-break-host"], "staged": ["statistician"]}
    for purpose, content in (("release", RELEASE), ("staged", STAGED)):
        keys = [option for name in custodians for option in ("--custodian-key", root / name / "identity.pub")]
        made = run(
            *("split", "--k", 2, "--n", 3, *keys),
            *("--purpose", purpose, "--out", root / "ceremony", "--json"),
        ).json
        fields[purpose] = {name: made[name] for name in ("public_key", "k", "n", "share_digests")}
        fields[purpose]["recipients"] = {name: public[name]["digest"] for name in recipients[purpose]}
        info = f"crossover-randomizer/v1/{purpose}".encode()
        sealed = hpke.seal(hpke.parse_public(made["public_key"]), content, info)
        (root / "ceremony" / f"{purpose}.sealed").write_bytes(sealed)
        for number, name in enumerate(custodians, start=1):
            share = "share" if purpose == "release" else "staged-share"
            shutil.copy(root / "ceremony" / f"{share}-{number}.sealed", root / name)
            received = run(
                "receive", "--dir", root / name, "--sealed", root / name / f"{share}-{number}.sealed"
            )
            assert f"Share {number} of 3 of the {purpose} key" in received.out
            run(
                *("receive", "--dir", root / name, "--keep"),
                *("--sealed", root / name / f"{share}-{number}.sealed"),
            )
    (root / "ceremony" / "certificate.note").write_bytes(certificate.sign(fields, LOG))
    (root / "ceremony" / "log.vkey").write_text(LOG.verifier.encode() + "\n")
    return root


def combine(
    story: Path, out: Path, shares_given: list[Path], *more: object, purpose: str = "release"
) -> Answer:
    options = [option for path in shares_given for option in ("--share", path)]
    named = more or ("--recipient", story / "statistician" / "identity.pub")
    ceremony = story / "ceremony"
    return run(
        *("combine", "--certificate", ceremony / "certificate.note", "--vkey", ceremony / "log.vkey"),
        *("--purpose", purpose, "--sealed", ceremony / f"{purpose}.sealed", "--out", out, *options, *named),
    )


def slot_key(index: int) -> bytes:
    return bytes([index]) * 32


def staged_slots(path: Path, *indices: int, key: bytes = STAGED_KEY) -> tuple[object, ...]:
    """The slots in use, as a host exports them, and the options that name them."""
    entropy = Stream(bytes(32), "wraps").take
    slots = tuple(
        WrappedSlot(index, b"slot %d" % index, wraps.wrap(slot_key(index), key, b"slot %d" % index, entropy))
        for index in indices
    )
    path.write_bytes(StagedSlots("example", 1, slots).to_bytes())
    return ("--slots", path, "--randomized", len(indices))


def kept(story: Path, *numbers: int, name: str = "share.txt") -> list[Path]:
    return [story / f"custodian-{number}" / name for number in numbers]


@pytest.mark.promise(14)
@pytest.mark.requirement("ceremony")
def test_two_custodians_hand_the_release_to_its_recipients(story: Path, tmp_path: Path) -> None:
    both = [
        option
        for n in ("statistician", "code-break-host")
        for option in ("--recipient", story / n / "identity.pub")
    ]
    answer = combine(story, tmp_path, kept(story, 3, 1), *both)
    assert answer.status == 0, answer.error
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "release-code-break-host.sealed",
        "release-statistician.sealed",
    ]
    for name in ("statistician", "code-break-host"):
        identity = Identity.load(story / name / "identity.key")
        sealed = (tmp_path / f"release-{name}.sealed").read_bytes()
        assert hpke.open_sealed(identity, sealed, b"crossover-randomizer/v1/recipient/release") == RELEASE
    assert files_holding(tmp_path, RELEASE[:32]) == set()


@pytest.mark.promise(14)
def test_the_staged_release_has_shares_of_its_own(story: Path, tmp_path: Path) -> None:
    staged = kept(story, 1, 2, name="staged-share.txt")
    ours = ("--recipient", story / "statistician" / "identity.pub")
    in_use = staged_slots(tmp_path / "staged-slots.json", 3, 8)
    out = tmp_path / "out"
    opened = combine(story, out, staged, *ours, *in_use, "--json", purpose="staged").json
    assert opened["slots"] == [3, 8]
    identity = Identity.load(story / "statistician" / "identity.key")
    sealed = (out / "staged-statistician.sealed").read_bytes()
    copy = hpke.open_sealed(identity, sealed, b"crossover-randomizer/v1/recipient/staged")
    assert dict(StagedCopy.from_bytes(copy).keys) == {3: slot_key(3), 8: slot_key(8)}
    assert not any(spelling in copy for spelling in spellings(STAGED_KEY))

    said = refused(combine(story, tmp_path / "mixed", [*kept(story, 1), staged[1]]))
    assert said == "Share 2 is foreign: it is share 2 of the staged key."
    host = ("--recipient", story / "code-break-host" / "identity.pub")
    said = refused(combine(story, tmp_path / "host", staged, *host, *in_use, purpose="staged"))
    assert "code-break-host" in said
    assert "is not a recipient of the staged" in said


@pytest.mark.promise(14)
def test_of_a_staged_release_the_slots_in_use_are_opened_and_no_other(story: Path, tmp_path: Path) -> None:
    staged = kept(story, 1, 2, name="staged-share.txt")
    ours = ("--recipient", story / "statistician" / "identity.pub")
    out, listed = tmp_path / "out", tmp_path / "staged-slots.json"

    def said(*more: object, given: list[Path] = staged) -> str:
        return refused(combine(story, out, given, *ours, *more, purpose="staged"))

    assert "opens the slots in use and no other" in said()
    in_use = staged_slots(listed, 3, 8)
    assert "lists 2 slots, but 1 people were randomized" in said(*in_use[:2], "--randomized", 1)
    assert said(*in_use, given=staged[:1]) == "2 shares are needed; 1 were given."
    listed.write_bytes(listed.read_bytes().replace(b'"index":3', b'"index":2'))
    listed.write_bytes(listed.read_bytes().replace(b'"trial_id":"example"', b'"trial_id":"other"'))
    assert "of another trial" in said(*in_use)
    listed.write_bytes(listed.read_bytes().replace(b'"index":2', b'"index":8'))
    assert "names a slot twice" in said(*in_use)
    staged_slots(listed, 3, 8, key=bytes(32))
    assert "Slot 3 does not open" in said(*in_use)
    listed.write_bytes(b"{}")
    assert "no file of the type" in said(*in_use)
    assert not out.exists()
    final = refused(combine(story, out, kept(story, 1, 2), *ours, *in_use))
    assert "for --purpose staged alone" in final


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
def test_k_minus_one_shares_open_nothing(story: Path, tmp_path: Path) -> None:
    said = refused(combine(story, tmp_path / "out", kept(story, 2)))
    assert said == "2 shares are needed; 1 were given."
    assert not (tmp_path / "out").exists()


@pytest.mark.promise(14)
def test_a_duplicate_share_is_named(story: Path, tmp_path: Path) -> None:
    said = refused(combine(story, tmp_path / "out", kept(story, 2, 2)))
    assert said.startswith("Share 2 is the share of custodian 2 again")


@pytest.mark.promise(14)
def test_a_foreign_share_is_named(story: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.txt"
    foreign.write_text(shares.split(bytes(32), 2, 3, Stream(bytes(32), "foreign").take)[0])
    assert refused(combine(story, tmp_path / "out", [*kept(story, 1), foreign])).startswith(
        "Share 2 is foreign"
    )


@pytest.mark.promise(14)
def test_a_wrong_share_is_named(story: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.txt"
    words = kept(story, 1)[0].read_text().split()
    words[10], words[11] = words[11], words[10] + "x"
    wrong.write_text(" ".join(words))
    assert refused(combine(story, tmp_path / "out", [wrong, *kept(story, 2)])).startswith("Share 1 is false")
    wrong.write_bytes(b"\xff\xfe")
    assert "not a short text file" in refused(combine(story, tmp_path / "out", [wrong, *kept(story, 2)]))


@pytest.mark.promise(14)
def test_a_stranger_is_refused_by_name_before_anything_is_opened(story: Path, tmp_path: Path) -> None:
    stranger = story / "stranger" / "identity.pub"
    said = refused(combine(story, tmp_path / "out", kept(story, 1, 2), "--recipient", stranger))
    assert said.startswith(f"stranger ({stranger}) is not a recipient of the release")
    assert not (tmp_path / "out").exists()


@pytest.mark.promise(14)
def test_words_can_be_typed_in_place_of_files(story: Path, tmp_path: Path) -> None:
    words = {path.read_text().strip() for path in kept(story, 2, 3)}
    ceremony = story / "ceremony"
    command = (
        *("combine", "--certificate", ceremony / "certificate.note", "--vkey", LOG.verifier.encode()),
        *("--sealed", ceremony / "release.sealed", "--out", tmp_path),
        *("--recipient", story / "statistician" / "identity.pub"),
    )
    assert refused(typing("", *command)) == "2 shares are needed; 0 were given."
    answer = typing("".join(f"{share}\n" for share in sorted(words)), *command)
    assert answer.status == 0, answer.error
    assert not any(share in answer.out + answer.error for share in words)


@pytest.mark.promise(14)
def test_words_typed_at_a_terminal_are_not_shown(story: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    program = [sys.executable, "-m", "keys", "combine", "--vkey", LOG.verifier.encode(), "--out", tmp_path]
    options = [
        "--certificate",
        story / "ceremony/certificate.note",
        "--sealed",
        story / "ceremony/release.sealed",
    ]
    recipient = ["--recipient", story / "statistician/identity.pub"]
    with subprocess.Popen(
        [str(argument) for argument in (*program, *options, *recipient)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        for position, path in enumerate(kept(story, 2, 3), start=1):
            while f"share {position} of 2: ".encode() not in shown:
                shown += os.read(ours, 1000)
            os.write(ours, path.read_bytes())
        while b"was opened and sealed" not in shown:
            shown += os.read(ours, 1000)
        assert process.wait() == 0
    os.close(ours)
    assert not any(path.read_bytes()[:40] in shown for path in kept(story, 2, 3))


@pytest.mark.promise(18)
def test_what_is_no_text_is_refused_in_words(story: Path, tmp_path: Path) -> None:
    named = os.fsdecode(b"\xff")
    assert "not text in UTF-8" in refused(typing("", "identity", "--dir", tmp_path / "own", "--name", named))
    certified = ["--certificate", story / "ceremony/certificate.note", "--vkey", LOG.verifier.encode()]
    sealed = ["--sealed", story / "ceremony/release.sealed", "--out", tmp_path / "out"]
    recipient = ["--recipient", story / "statistician/identity.pub"]
    answer = typing(os.fsdecode(b"\xff\n"), "combine", *certified, *sealed, *recipient)
    assert len(answer.error.strip().splitlines()) == 1
    assert answer.status == 1


@pytest.mark.promise(15)
def test_a_certificate_has_to_be_the_pinned_one(story: Path, tmp_path: Path) -> None:
    mapping = certificate.verify((story / "ceremony/certificate.note").read_bytes(), [LOG.verifier])
    pinned = certificate.digest(certificate.canonical(mapping))
    recipient = ("--recipient", story / "statistician" / "identity.pub")
    assert combine(story, tmp_path, kept(story, 1, 2), *recipient, "--digest", pinned).status == 0
    other = combine(story, tmp_path / "out", kept(story, 1, 2), *recipient, "--digest", "00" * 32)
    assert "not the one with the digest" in refused(other)


@pytest.mark.promise(15)
def test_a_certificate_that_another_key_signed_is_refused(story: Path, tmp_path: Path) -> None:
    other = tmp_path / "certificate.note"
    mapping = certificate.verify((story / "ceremony/certificate.note").read_bytes(), [LOG.verifier])
    other.write_bytes(certificate.sign(mapping, NoteKey(LOG.name, bytes(32))))
    answer = run(
        *("combine", "--certificate", other, "--vkey", LOG.verifier.encode()),
        *("--sealed", story / "ceremony/release.sealed", "--out", tmp_path / "out"),
        *("--recipient", story / "statistician/identity.pub"),
    )
    assert "not signed by a known key" in refused(answer)


@pytest.mark.promise(14)
def test_a_release_sealed_to_another_key_is_refused(story: Path, tmp_path: Path) -> None:
    other = tmp_path / "release.sealed"
    other.write_bytes(
        hpke.seal(Identity(bytes(range(32))).public, RELEASE, b"crossover-randomizer/v1/release")
    )
    options = [option for path in kept(story, 1, 2) for option in ("--share", path)]
    answer = run(
        *("combine", "--certificate", story / "ceremony/certificate.note", "--vkey", LOG.verifier.encode()),
        *("--sealed", other, "--out", tmp_path / "out", *options),
        *("--recipient", story / "statistician/identity.pub"),
    )
    assert "was not sealed to this key" in refused(answer)


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
