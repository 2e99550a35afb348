"""Before the first participant: record, definition, instance, people, ceremony, activation, open sites.

DIR/definition/   registry record, draft, definition, unblinded definition of the rehearsal
DIR/instance/     the instance, with its database
DIR/people/       a directory for each contributor, custodian and statistician, and for the witness
DIR/ceremony/     split release keys; what the contributors pass on
DIR/bundle/       what the ceremony leaves
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argon2 import PasswordHasher, profiles

from randomizer.cli.bundle_options import read_key
from randomizer.cli.story.cast import Cast
from randomizer.cli.story.processes import await_file, result, run_all, start
from randomizer.config import load_codebreak_secrets, load_settings
from randomizer.domain.definition import parse_definition
from randomizer.domain.draft import draft
from randomizer.domain.people import Role
from randomizer.domain.registry import read_record
from randomizer.domain.trial import Kind
from randomizer.services import checkpoints, conduct, outside
from randomizer.services.authentication import Gate
from randomizer.services.founding import (
    activation,
    definition_signing,
    instance_publication,
    instances,
    key_installation,
)
from randomizer.services.founding.instance_files import read_checkpoint_key, write_instance
from randomizer.services.sealed.bundle import CEREMONY_PUBLIC, TERMS, Bundle
from randomizer.services.transactions import open_store
from randomizer.services.unblinded.desk import open_desk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from randomizer.cli.story.calendar import SimulatedClock
    from randomizer.config import Settings
    from randomizer.domain.definition_values import Definition
    from randomizer.services.transactions import Store
    from randomizer.services.unblinded.desk import Desk

CONFIG = Path(__file__).parents[3] / "config"
RECORD = "mesems.registry.txt"
DEFINITION = "mesems.toml"
UNBLINDED = "mesems.unblinded.toml"
ORIGIN = "crossover-randomizer.example/mesems-rehearsal"
CONTRIBUTORS = ("sponsor", "statistician")
STEP_UP_SECONDS = 24 * 60 * 60
SPARE_SLOTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A stage on which the trial can begin.

    Args:
        settings: Of the instance.
        store: The instance.
        cast: Everybody who acts.
        definition: The definition.
        desk: The code-break host's own.
        certificate_digest: For the trial master file.
        ceremony_key: Likewise.
    """

    settings: Settings
    store: Store
    cast: Cast
    definition: Definition
    desk: Desk
    certificate_digest: str
    ceremony_key: str


def write_definition(directory: Path, participants: int) -> Definition:
    """From the registry record to the definition that is signed.

    Args:
        directory: Of the story.
        participants: How many will be randomized; the strata are made large enough.
    """
    place = directory / "definition"
    place.mkdir(parents=True)
    for name in (RECORD, UNBLINDED):
        shutil.copy(CONFIG / name, place / name)
    record = read_record((place / RECORD).read_bytes())
    (place / "draft.toml").write_text(draft(record), encoding="utf-8")
    # A person completes the draft; config/ holds what one would write, with the examples marked.
    text = (CONFIG / DEFINITION).read_text(encoding="utf-8")
    strata = len(parse_definition(text, DEFINITION).strata)
    least = -(-participants // strata) + SPARE_SLOTS
    enlarged = re.sub(
        r"^capacity = (\d+)",
        lambda found: f"capacity = {max(int(found[1]), least)}",
        text,
        flags=re.MULTILINE,
    )
    (place / DEFINITION).write_text(enlarged, encoding="utf-8")
    return parse_definition(enlarged, DEFINITION)


def make_instance(
    directory: Path,
    definition: Definition,
    clock: SimulatedClock,
    *,
    database_url: str | None = None,
    witness_keys: Sequence[str] = (),
) -> tuple[Settings, Store, Cast]:
    """An instance with the draft, everybody's account, and both signatures under the definition."""
    found: dict[str, object] = {"kind": Kind.REHEARSAL.value, "origin": ORIGIN, "plain_http": True}
    if witness_keys:
        found["witness_keys"] = list(witness_keys)
    if database_url:
        found["database_url"] = database_url
    write_instance(directory / "instance", found, entropy=secrets.token_bytes)
    settings = load_settings(directory / "instance")
    held = outside.reader(settings.public, settings.witness_keys)
    store = open_store(settings.engine_url, clock=clock, entropy=secrets.token_bytes, held=held)
    totp_key = load_codebreak_secrets(settings.directory).totp_key
    # The cheapest profile of the library: the story hashes thousands of passwords that guard nothing.
    hasher = PasswordHasher.from_parameters(profiles.CHEAPEST)
    gate = Gate(totp_key=totp_key.get_secret_value().encode(), hasher=hasher, step_up_seconds=STEP_UP_SECONDS)
    with store.writing() as uow:
        instances.create(uow, definition, settings.kind)
    cast = Cast(store, gate, clock)
    cast.join_all(tuple(site.code for site in definition.sites))
    for role in (Role.SPONSOR, Role.UNBLINDED_STATISTICIAN):
        cast.sign(definition_signing.sign, role)
    return settings, store, cast


def hold_ceremony(
    directory: Path, definition: Definition, settings: Settings, waiting: Callable[[], None] = lambda: None
) -> dict[str, str]:
    """Custodians, contributors and the ceremony itself, each a process of its own.

    Args:
        directory: Of the story.
        definition: Names the quorum.
        settings: Of the instance, whose transport key the code-break keys are sealed to.
        waiting: Called after each step, for a progress bar.

    Returns:
        Digest and key of the certificate.
    """
    people, room = directory / "people", directory / "ceremony"
    custodians = [people / f"custodian-{number}" for number in range(1, definition.quorum.n + 1)]
    holders = [*custodians, people / "statistician"]
    run_all("keys", *(("identity", "--dir", place, "--name", place.name) for place in holders))
    waiting()
    keys = [part for place in custodians for part in ("--custodian-key", place / "identity.pub")]
    quorum = ("--k", definition.quorum.k, "--n", definition.quorum.n)
    purposes = ("release", "staged")
    run_all(
        "keys",
        *(("split", *quorum, *keys, "--purpose", purpose, "--out", room / purpose) for purpose in purposes),
    )
    waiting()
    answer = _seal(directory, settings)
    waiting()
    run_all(
        "keys",
        *(
            ("receive", "--dir", place, "--sealed", room / "release" / f"share-{number}.sealed", "--keep")
            for number, place in enumerate(custodians, start=1)
        ),
    )
    waiting()
    return answer


def activate(directory: Path, settings: Settings, store: Store, cast: Cast, sealed: dict[str, str]) -> Desk:
    """Load the bundle, install the keys, sign the first checkpoint, open every site."""
    bundle = Bundle(directory / "bundle")
    key, digest = read_key(sealed["ceremony_key"]), sealed["certificate_digest"]
    cast.act(activation.activate, Role.ADMINISTRATOR, bundle, key=key, pinned_digest=digest)
    instance_publication.publish(bundle, settings.public)
    key_installation.install(bundle, settings.directory / "codebreak", key=key, pinned_digest=digest)
    sign_checkpoint(settings, cast)
    for site in parse_definition(
        (directory / "definition" / DEFINITION).read_text("utf-8"), DEFINITION
    ).sites:
        cast.sign(conduct.open_site, Role.SPONSOR, site.code)
    return open_desk(store, settings.directory / "codebreak")


def sign_checkpoint(settings: Settings, cast: Cast) -> None:
    """What the jobs process does within seconds."""
    key = read_checkpoint_key(settings.directory)
    cast.serve(lambda uow: checkpoints.sign(uow, key, settings.origin))


def _seal(directory: Path, settings: Settings) -> dict[str, str]:
    """The ceremony: contributors commit when the terms are out, and reveal when every commitment is."""
    people, room, bundle = directory / "people", directory / "ceremony", directory / "bundle"
    places = {name: people / f"contributor-{name}" for name in CONTRIBUTORS}
    definition = directory / "definition"
    ceremony = start(
        "randomizer",
        "seal",
        *("--definition", definition / DEFINITION, "--unblinded", definition / UNBLINDED),
        *("--kind", Kind.REHEARSAL.value, "--transport", settings.public / "transport.pub"),
        *("--release", room / "release" / "release-shares.json"),
        *("--staged", room / "staged" / "staged-shares.json"),
        *("--recipient", "statistician", people / "statistician" / "identity.pub"),
        *(part for place in places.values() for part in ("--contributor", place)),
        *("--out", bundle),
    )
    await_file(bundle / TERMS, ceremony)
    run_all(
        "keys", *(("contribute", "commit", *_terms(bundle, name), "--dir", places[name]) for name in places)
    )
    one_time = bundle / CEREMONY_PUBLIC
    await_file(one_time, ceremony)
    run_all(
        "keys",
        *(
            ("contribute", "reveal", "--dir", place, "--to", one_time, "--out", place / "reveal.sealed")
            for place in places.values()
        ),
    )
    answer = result(ceremony)
    return {name: str(answer[name]) for name in ("certificate_digest", "ceremony_key")}


def _terms(bundle: Path, name: str) -> tuple[object, ...]:
    terms = json.loads((bundle / TERMS).read_bytes())
    return (
        *("--name", name, "--attempt", terms["attempt"]),
        *("--definition-digest", terms["definition_digest"], "--generator-digest", terms["generator_digest"]),
    )
