"""Custodians of a release, as ``python -m keys`` left them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from keys import certificate, hpke
from tests.keys.commands import LOG, RELEASE, STAGED, run

if TYPE_CHECKING:
    from pathlib import Path


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
