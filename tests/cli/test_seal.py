"""A ceremony in a process of its own, with two contributors and three custodians."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from keys import hpke, quorum, shares
from keys.commands import console
from keys.hpke import Identity
from keys.notes import NoteKey, VerifierKey
from randomizer.services.sealed import bundle_check, generator, rehearsals, release_content
from randomizer.services.sealed.bundle import Bundle
from tests.ceremony_table import OUTPUTS, PATIENCE_SECONDS, ROOT, Table, command, files_of, run, wait_for

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Held:
    """A ceremony that was held."""

    place: Path
    out: Path
    answer: dict[str, Any]
    told: str

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.parse(self.answer["ceremony_key"])


@pytest.fixture(scope="module")
def held(table: Table) -> Held:
    place, out = table.place, table.place / "bundle"
    people = [place / "anna", place / "bob"]
    contributors = [part for person in people for part in ("--contributor", person)]
    with subprocess.Popen(
        command(*table.seal("--kind", "rehearsal", *contributors, "--out", out, "--json")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        wait_for(out / "terms.json", process)
        terms = json.loads((out / "terms.json").read_text())
        for person in people:
            assert not (out / "ceremony.pub").exists(), "nobody can reveal before everybody has committed"
            run(
                "keys",
                "contribute",
                "commit",
                "--dir",
                person,
                "--name",
                person.name,
                "--definition-digest",
                terms["definition_digest"],
                "--generator-digest",
                terms["generator_digest"],
                "--attempt",
                terms["attempt"],
                cwd=place,
            )
        wait_for(out / "ceremony.pub", process)
        for person in people:
            run(
                "keys",
                "contribute",
                "reveal",
                "--dir",
                person,
                "--commitments",
                out / "commitments",
                "--to",
                out / "ceremony.pub",
                "--out",
                person / "reveal.sealed",
                cwd=place,
            )
        answer, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, told
    return Held(place, out, json.loads(answer), told)


def open_release(held: Held) -> bytes:
    """Two custodians bring their shares; the statistician opens what is handed on."""
    brought: list[object] = []
    for number in (1, 3):
        own = held.place / f"custodian-{number}"
        kept = own / "share.txt"
        if not kept.exists():
            sealed = held.place / "split" / f"share-{number}.sealed"
            run("keys", "receive", "--dir", own, "--sealed", sealed, "--keep", cwd=held.place)
        brought += ["--share", kept]
    opened = held.place / "opened" / "release-statistician.sealed"
    if not opened.exists():
        run(
            "keys",
            "combine",
            "--certificate",
            held.out / "certificate.note",
            "--vkey",
            held.answer["ceremony_key"],
            "--digest",
            held.answer["certificate_digest"],
            *brought,
            "--sealed",
            held.out / "release.sealed",
            "--recipient",
            held.place / "statistician" / "identity.pub",
            "--out",
            held.place / "opened",
            cwd=held.place,
        )
    statistician = Identity.load(held.place / "statistician" / "identity.key")
    return hpke.open_sealed(statistician, opened.read_bytes(), quorum.recipient_info(quorum.RELEASE))


def open_staged(held: Held) -> bytes:
    """What no command gives anybody: the staged release as it was sealed, with the key of all slots."""
    mapping = console.read_certificate(held.out / "certificate.note", (held.answer["ceremony_key"],))
    staged = quorum.read_quorum(mapping, quorum.STAGED)
    words = []
    for number in (1, 3):
        own = held.place / f"custodian-{number}"
        sealed = held.place / "split" / f"staged-share-{number}.sealed"
        run("keys", "receive", "--dir", own, "--sealed", sealed, "--keep", cwd=held.place)
        words.append((own / "staged-share.txt").read_text().strip())
    key = Identity(shares.combine(words, staged.share_digests, staged.k))
    content = (held.out / "staged.sealed").read_bytes()
    return hpke.open_sealed(key, content, quorum.release_info(quorum.STAGED))


def spellings(secret: bytes) -> tuple[bytes, ...]:
    return (
        secret,
        secret.hex().encode(),
        base64.b64encode(secret).rstrip(b"="),
        secret.hex().upper().encode(),
    )


def holders(directory: Path, secret: bytes) -> list[str]:
    """The files in which a secret stands in any spelling."""
    return [
        str(path.relative_to(directory))
        for path in sorted(directory.rglob("*"))
        if path.is_file() and any(form in path.read_bytes() for form in spellings(secret))
    ]


@pytest.mark.promise(11)
@pytest.mark.requirement("ceremony")
def test_a_ceremony_gives_a_bundle_that_holds(held: Held) -> None:
    checked = bundle_check.check(Bundle(held.out), held.key, held.answer["certificate_digest"])
    assert checked.fields.sizes.slots == 24 == held.answer["slots"]
    assert [one.name for one in checked.fields.contributions] == ["machine", "anna", "bob"]
    assert checked.fields.rehearsal.startswith("REHEARSAL")


@pytest.mark.promise(14)
@pytest.mark.requirement("ceremony")
def test_a_ceremony_writes_its_named_outputs_and_nothing_else(held: Held) -> None:
    assert files_of(held.out) == OUTPUTS
    assert (held.out / "emergency-codes.txt").stat().st_mode & 0o777 == 0o600


@pytest.mark.promise(11)
@pytest.mark.promise(14)
def test_seed_contributions_and_keys_are_in_no_file_that_the_ceremony_wrote(held: Held) -> None:
    content = release_content.decode_release(open_release(held))
    staged = release_content.decode_staged(open_staged(held))
    secrets = [content.seed, staged.staged_key, content.unblinded_salt, *content.salts]
    secrets += [secret for _, secret in content.contributions]
    assert len(secrets) == 3 + 24 + 3
    assert {place for secret in secrets for place in holders(held.out, secret)} == set()
    assert not [path for path in held.out.rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()]


@pytest.mark.promise(11)
def test_the_search_for_secrets_finds_a_leak(tmp_path: Path) -> None:
    secret = bytes(range(7, 39))
    for number, form in enumerate(spellings(secret)):
        (tmp_path / f"leak-{number}").write_bytes(b"{" + form + b"}")
    (tmp_path / "clean").write_bytes(secret[:-1])
    assert holders(tmp_path, secret) == ["leak-0", "leak-1", "leak-2", "leak-3"]


@pytest.mark.promise(11)
def test_each_contribution_stands_with_its_contributor_alone(held: Held) -> None:
    content = release_content.decode_release(open_release(held))
    by_name = dict(content.contributions)
    assert holders(held.place, by_name["machine"]) == []
    assert holders(held.place, by_name["anna"]) == ["anna/contribution.secret"]
    assert holders(held.place, by_name["bob"]) == ["bob/contribution.secret"]


@pytest.mark.promise(15)
def test_the_release_regenerates_the_sealed_schedule(held: Held) -> None:
    content = release_content.decode_release(open_release(held))
    checked = bundle_check.check(Bundle(held.out), held.key)
    schedule = generator.generate(checked.definition, content.unblinded, content.seed)
    assert release_content.sequence_codes(schedule) == content.slots
    assert [plan.kits for plan in schedule] == [slot.kits for slot in Bundle(held.out).slots()]


def test_the_progress_of_a_ceremony_is_told_on_standard_error(held: Held) -> None:
    assert "Commitment 2 of 2 is here" in held.told
    assert "Contribution 2 of 2 is here" in held.told
    assert "\x1b" not in held.told, "no terminal, no escape codes"


@pytest.mark.promise(11)
def test_a_rehearsal_with_fixed_randomness_comes_out_the_same_byte_for_byte(
    table: Table, tmp_path: Path
) -> None:
    first, second, other = tmp_path / "1", tmp_path / "2", tmp_path / "3"
    table.rehearse(first)
    table.rehearse(second)
    table.rehearse(other, "another text")
    assert files_of(first) == files_of(second) == OUTPUTS
    # What is sealed to a public key draws the library's own randomness, and the certificate names its digest.
    ours = OUTPUTS - {"keyring.sealed", "release.sealed", "staged.sealed", "certificate.note"}
    for name in sorted(ours):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    for name in ("slots.jsonl", "preparation.jsonl", "unblinded.sealed", "emergency-codes.txt"):
        assert (first / name).read_bytes() != (other / name).read_bytes(), name


@pytest.mark.promise(14)
def test_no_key_of_a_ceremony_is_in_any_file_that_it_wrote(table: Table, tmp_path: Path) -> None:
    answer = table.rehearse(tmp_path / "out")
    # Everything that a ceremony draws before it seals slots, in its order; fixed, so that a test can know it.
    bits = rehearsals.fixed_entropy("a text")
    names = ("machine", "machine key", "certificate key", "one-time key", "1 key", "1", "2 key", "2",
             "code-break key", "preparation key", "staged key", "salt")  # fmt: skip
    drawn = {name: bits(32) for name in names}
    certificate_key = NoteKey(answer["ceremony_key"].split("+")[0], drawn["certificate key"])
    one_time = hpke.public_line(Identity(drawn["one-time key"]).public, "ceremony")
    assert certificate_key.verifier.encode() == answer["ceremony_key"]
    assert (tmp_path / "out" / "ceremony.pub").read_text() == one_time
    assert {name: holders(tmp_path, secret) for name, secret in drawn.items()} == {name: [] for name in drawn}


@pytest.mark.promise(11)
def test_a_rehearsal_with_fixed_randomness_says_so(table: Table, tmp_path: Path) -> None:
    answer = table.rehearse(tmp_path / "out")
    fields = bundle_check.check_certificate(
        Bundle(tmp_path / "out"), VerifierKey.parse(answer["ceremony_key"])
    )[1]
    assert "fixed by a text" in fields.rehearsal
    assert (tmp_path / "out" / "emergency-codes.txt").read_text().startswith("REHEARSAL")
