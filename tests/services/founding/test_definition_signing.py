from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from randomizer.domain.people import Role
from randomizer.domain.trial import Kind, Trial
from randomizer.errors import NotAllowed, Refused, StepUpRefused, Tampered
from randomizer.services.founding import definition_signing, instances
from tests.activated import sign_definition

if TYPE_CHECKING:
    from tests.activated import Instance


@pytest.mark.requirement("definition")
def test_a_signature_carries_name_time_and_meaning_and_is_bound_to_the_digest(draft: Instance) -> None:
    signature = draft.sign(definition_signing.sign, Role.SPONSOR)
    assert signature.printed_name == "Sponsor Representative"
    assert signature.signed_at == draft.clock()
    assert "sealed and run by it" in signature.meaning
    with draft.store.reading() as uow:
        assert definition_signing.signed(uow) == {Role.SPONSOR: signature}


def test_each_role_signs_once(draft: Instance) -> None:
    sign_definition(draft)
    for role in (Role.SPONSOR, Role.UNBLINDED_STATISTICIAN):
        with pytest.raises(Refused, match=f"signed by a {role} already"):
            draft.sign(definition_signing.sign, role)


def test_nobody_else_signs(draft: Instance) -> None:
    for role in (Role.STATISTICIAN, Role.INVESTIGATOR, Role.ADMINISTRATOR):
        with pytest.raises(NotAllowed):
            draft.sign(definition_signing.sign, role)


def test_a_signature_needs_the_signers_own_fresh_code(draft: Instance) -> None:
    other = draft.step_up(Role.UNBLINDED_STATISTICIAN)
    with pytest.raises(StepUpRefused):
        draft.act(definition_signing.sign, Role.SPONSOR, other)
    stale = draft.step_up(Role.SPONSOR)
    draft.clock.advance(hours=1)
    with pytest.raises(StepUpRefused):
        draft.act(definition_signing.sign, Role.SPONSOR, stale)


def test_an_active_trial_is_not_signed_again(instance: Instance) -> None:
    with pytest.raises(Refused, match="the trial has to be not activated yet"):
        instance.sign(definition_signing.sign, Role.SPONSOR)


@pytest.mark.promise(17)
def test_a_definition_edited_by_sql_is_not_signed(draft: Instance) -> None:
    with draft.store.engine.begin() as connection:
        connection.execute(text("UPDATE trial SET definition_digest = :digest"), {"digest": "0" * 64})
    with pytest.raises(Tampered, match="Trial 1"):
        draft.sign(definition_signing.sign, Role.SPONSOR)


def test_an_instance_holds_one_trial(draft: Instance) -> None:
    with pytest.raises(Refused, match="holds a trial already"), draft.store.writing() as uow:
        instances.create(uow, draft.definition, Kind.REHEARSAL)
    with draft.store.reading() as uow:
        assert uow.count(Trial) == 1
