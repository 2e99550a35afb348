from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from keys import certificate, contribution, hpke
from keys.contribution import new_contribution
from keys.errors import ContributionRefused
from keys.hpke import Identity
from keys.notes import NoteKey
from randomizer.domain import unblinded as unblinded_definition
from randomizer.domain.design_check import WARNING
from randomizer.domain.trial import Kind
from randomizer.errors import BundleRefused, Refused
from randomizer.services.sealed import bundle as bundle_files
from randomizer.services.sealed import bundle_check, ceremony, ceremony_files, certificate_fields, generator
from randomizer.services.sealed.ceremony import Committed
from randomizer.services.sealed.certificate_fields import AttemptFields
from tests.activated import START, entropy_of

if TYPE_CHECKING:
    from pathlib import Path

    from keys.contribution import Contribution
    from randomizer.services.sealed.ceremony import Opening, Plan
    from tests.activated import Rehearsal


def made_by(name: str, plan: Plan) -> tuple[Committed, Contribution]:
    entropy = entropy_of(name)
    key = NoteKey.generate(name, entropy)
    made = new_contribution(name, plan.terms, entropy)
    return Committed(commitment=made.commitment, verifier=key.verifier, note=made.commitment.note(key)), made


@pytest.fixture
def plan(rehearsal: Rehearsal) -> Plan:
    return rehearsal.plan


@pytest.fixture
def opening(plan: Plan) -> Opening:
    return ceremony.begin(plan, entropy_of("ceremony"))


def finish(
    plan: Plan, opening: Opening, out: Path, committed: list[Committed], contributions: list[Contribution]
) -> ceremony.Sealed:
    return ceremony.finish(
        plan,
        opening,
        [ceremony.machine_commitment(opening), *committed],
        contributions,
        directory=out,
        entropy=entropy_of("finish"),
        sealed_at=START,
    )


@pytest.mark.requirement("ceremony")
def test_warnings_of_the_design_are_given_and_do_not_stop(plan: Plan) -> None:
    findings = ceremony.prepare(plan)
    assert findings
    assert {finding.level for finding in findings} == {WARNING}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": Kind.PRODUCTION, "fixed": False}, "rehearsal_only = true"),
        ({"attempt": 2}, "tell of every attempt"),
        ({"earlier": (AttemptFields(attempt=1, reason="x", commitments=[]),)}, "tell of every attempt"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_before_anybody_commits(
    plan: Plan, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(Refused, match=told):
        ceremony.prepare(replace(plan, **changes))


@pytest.mark.parametrize("purpose", ["release", "staged"])
def test_the_quorum_is_that_of_the_definition(plan: Plan, purpose: str) -> None:
    other = getattr(plan, purpose).model_copy(update={"n": 4})
    with pytest.raises(Refused, match=f"The {purpose} key is split 2 of 4; the definition wants 2 of 3"):
        ceremony.prepare(replace(plan, **{purpose: other}))


@pytest.mark.promise(11)
def test_every_contribution_moves_the_schedule(plan: Plan, opening: Opening, tmp_path: Path) -> None:
    roots = set()
    for number, names in enumerate((["anna", "bob"], ["anna", "carl"], ["bob", "anna"])):
        people = [made_by(name, plan) for name in names]
        out = tmp_path / str(number)
        out.mkdir()
        sealed = finish(plan, opening, out, [one for one, _ in people], [one for _, one in people])
        roots.add(sealed.fields.leaf_root)
    assert len(roots) == 3


@pytest.mark.promise(11)
def test_a_contribution_that_was_not_committed_seals_nothing(
    plan: Plan, opening: Opening, tmp_path: Path
) -> None:
    (anna, _), (_, bob) = made_by("anna", plan), made_by("bob", plan)
    with pytest.raises(ContributionRefused):
        finish(plan, opening, tmp_path, [anna], [bob])
    with pytest.raises(ContributionRefused, match="anna is missing"):
        finish(plan, opening, tmp_path, [anna], [])
    with pytest.raises(ContributionRefused, match="machine alone"):
        finish(plan, opening, tmp_path, [], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.promise(3)
def test_a_ceremony_under_way_prints_masked(opening: Opening) -> None:
    assert repr(opening) == "Opening(masked)"
    assert opening.machine.secret.hex() not in repr(opening.machine)


@pytest.mark.promise(11)
def test_a_commitment_to_the_unblinded_definition_needs_its_salt(rehearsal: Rehearsal) -> None:
    fields = certificate_fields.read(rehearsal.bundle.read(bundle_files.CERTIFICATE))
    plain = certificate.digest(unblinded_definition.canonical(rehearsal.unblinded))
    assert fields.unblinded_commitment != plain


def test_the_certificate_names_terms_sizes_and_people(rehearsal: Rehearsal) -> None:
    fields = bundle_check.check(rehearsal.bundle, rehearsal.key).fields
    assert fields.generator.digest == generator.digest()
    assert fields.definition_digest == rehearsal.plan.terms.definition_digest
    assert [one.name for one in fields.contributions] == ["machine", "rehearsal-1", "rehearsal-2"]
    assert fields.sizes.strata == {"REL": 12, "PRO": 8}
    assert fields.transport_key == hpke.public_digest(rehearsal.transport.public)
    assert fields.sealed_at == "2027-01-04T08:00:00Z"
    assert "fixed by a text" in fields.rehearsal


class TestFiles:
    """What passes between a ceremony and its contributors."""

    def contributor(self, place: Path, plan: Plan, name: str = "anna") -> tuple[Committed, Contribution]:
        committed, made = made_by(name, plan)
        place.mkdir()
        (place / "commitment.note").write_bytes(committed.note)
        (place / "contributor.vkey").write_text(f"{committed.verifier.encode()}\n")
        return committed, made

    def test_a_commitment_is_read_once_both_files_are_there(self, plan: Plan, tmp_path: Path) -> None:
        assert ceremony_files.read_commitment(tmp_path / "anna", plan.terms) is None
        committed, _ = self.contributor(tmp_path / "anna", plan)
        assert ceremony_files.read_commitment(tmp_path / "anna", plan.terms) == committed
        (tmp_path / "anna" / "contributor.vkey").unlink()
        assert ceremony_files.read_commitment(tmp_path / "anna", plan.terms) is None

    @pytest.mark.promise(11)
    def test_a_commitment_for_something_else_is_refused(self, plan: Plan, tmp_path: Path) -> None:
        self.contributor(tmp_path / "anna", plan)
        terms = replace(plan.terms, attempt=2)
        with pytest.raises(Refused, match="anna is for another attempt"):
            ceremony_files.read_commitment(tmp_path / "anna", terms)

    @pytest.mark.promise(11)
    def test_a_commitment_of_somebody_else_is_refused(self, plan: Plan, tmp_path: Path) -> None:
        self.contributor(tmp_path / "anna", plan)
        other, _ = made_by("bob", plan)
        (tmp_path / "anna" / "commitment.note").write_bytes(other.note)
        with pytest.raises(Refused, match="does not hold"):
            ceremony_files.read_commitment(tmp_path / "anna", plan.terms)

    @pytest.mark.promise(11)
    def test_a_reveal_is_what_was_committed_and_for_this_ceremony(
        self, plan: Plan, opening: Opening, tmp_path: Path
    ) -> None:
        place = tmp_path / "anna"
        committed, made = self.contributor(place, plan)
        assert ceremony_files.read_reveal(place, opening, committed) is None
        (place / "reveal.sealed").write_bytes(contribution.reveal(made, opening.one_time.public))
        assert ceremony_files.read_reveal(place, opening, committed) == made
        elsewhere = Identity.generate(entropy_of("another ceremony"))
        (place / "reveal.sealed").write_bytes(contribution.reveal(made, elsewhere.public))
        with pytest.raises(Refused, match="What anna revealed cannot be used"):
            ceremony_files.read_reveal(place, opening, committed)
        _, other = made_by("bob", plan)
        (place / "reveal.sealed").write_bytes(contribution.reveal(other, opening.one_time.public))
        with pytest.raises(Refused, match="What anna revealed cannot be used"):
            ceremony_files.read_reveal(place, opening, committed)

    @pytest.mark.promise(11)
    def test_the_one_time_key_is_published_after_every_commitment(
        self, plan: Plan, opening: Opening, tmp_path: Path
    ) -> None:
        machine = ceremony.machine_commitment(opening)
        out = tmp_path / "out"
        ceremony_files.open_directory(out, plan, machine)
        assert not (out / "ceremony.pub").exists()
        twice, _ = self.contributor(tmp_path / "anna", plan)
        with pytest.raises(ContributionRefused, match="stands twice"):
            ceremony_files.publish_commitments(out, [machine, twice, twice], opening.one_time.public)
        assert not (out / "ceremony.pub").exists()
        ceremony_files.publish_commitments(out, [machine, twice], opening.one_time.public)
        public, name = hpke.parse_public_line((out / "ceremony.pub").read_text())
        assert (public, name) == (opening.one_time.public, "ceremony")

    def test_a_sealed_bundle_was_not_given_up(self, rehearsal: Rehearsal, tmp_path: Path) -> None:
        with pytest.raises(BundleRefused, match="was sealed"):
            ceremony_files.read_attempt(rehearsal.directory, "a reason")
        with pytest.raises(BundleRefused, match=r"terms\.json of the bundle cannot be read"):
            ceremony_files.read_attempt(tmp_path, "a reason")
        with pytest.raises(Refused, match="needs its reason"):
            ceremony_files.read_attempt(rehearsal.directory, " ")
