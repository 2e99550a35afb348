"""Records with exactly one defect in the values that stand beside the entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.services.verification.defects import caught_by

if TYPE_CHECKING:
    from tests.services.verification.forging import Forged


@caught_by("values.digests")
def values_changed(forged: Forged) -> None:
    forged.values[forged.numbers("release exported")[0]][1]["why_digest"] = "77" * 32
    forged.write_values()


@caught_by("values.digests")
def salt_of_values_changed(forged: Forged) -> None:
    number = forged.numbers("release exported")[0]
    forged.values[number] = ("88" * 32, forged.values[number][1])
    forged.write_values()


@caught_by("values.digests")
def values_missing(forged: Forged) -> None:
    del forged.values[forged.numbers("release exported")[0]]
    forged.write_values()


@caught_by("values.digests")
def values_beyond_the_entries(forged: Forged) -> None:
    forged.values[len(forged.entries)] = ("99" * 32, {"details": {}, "rows": [], "why_digest": "00" * 32})
    forged.write_values()


@caught_by("values.history")
def record_that_jumps(forged: Forged) -> None:
    forged.row(forged.numbers("kit dispensed")[0], "PeriodRecord")["old"]["dispensed_at"] = (
        "2027-01-04T08:00:00.000000Z"
    )
    forged.write_trail()


@caught_by("values.history")
def record_without_the_number_of_its_entry(forged: Forged) -> None:
    number = forged.numbers("trial released")[0]
    forged.row(number, "Trial")["new"]["entry"] = number - 1
    forged.write_trail()


@caught_by("values.history")
def kit_that_was_not_as_activated(forged: Forged) -> None:
    forged.row(forged.numbers("preparation ended")[0], "Kit")["old"]["state"] = "destroyed"
    forged.write_trail()


@caught_by("values.certificate")
def activation_with_another_certificate(forged: Forged) -> None:
    forged.details(forged.numbers("trial activated")[0])["certificate_digest"] = "ab" * 32
    forged.write_trail()


@caught_by("values.certificate")
def another_release_exported(forged: Forged) -> None:
    forged.details(forged.numbers("release exported")[0])["release_digest"] = "ab" * 32
    forged.write_trail()


@caught_by("values.certificate")
def another_staged_release_exported(forged: Forged) -> None:
    forged.details(forged.numbers("staged release exported")[0])["staged_digest"] = "ab" * 32
    forged.write_trail()


@caught_by("lock.no-data-act-after")
def staged_release_exported_before_the_lock_of_period_1(forged: Forged) -> None:
    forged.entries[forged.numbers("period 1 locked")[0]]["act"] = "enrolment closed"
    forged.write_entries()


@caught_by("lock.no-data-act-after")
def factor_corrected_after_the_lock_of_period_1(forged: Forged) -> None:
    number = forged.numbers("staged release exported")[0]
    forged.entries[number].update(act="factor corrected", role="investigator")
    forged.write_entries()


@caught_by("values.records")
def lock_of_a_period_after_its_act(forged: Forged) -> None:
    number = forged.numbers("period 1 locked")[0]
    forged.row(number, "PeriodLock")["new"]["locked_at"] = "2099-01-01T00:00:00.000000Z"
    forged.write_trail()


@caught_by("values.certificate")
def second_certificate(forged: Forged) -> None:
    forged.certificate["sealed_at"] = "2026-12-24T08:00:00Z"
    forged.sign_certificate()


@caught_by("values.signatures")
def signature_over_something_else(forged: Forged) -> None:
    forged.details(forged.numbers("site opened")[0])["signed"]["site"] = "EX2"
    forged.write_trail()


@caught_by("values.signatures")
def signature_missing(forged: Forged) -> None:
    number = forged.numbers("site opened")[0]
    content = forged.values[number][1]
    content["rows"] = [row for row in content["rows"] if row["kind"] != "Signature"]
    forged.write_trail()


@caught_by("values.signatures")
def signature_of_another_account(forged: Forged) -> None:
    forged.row(forged.numbers("site opened")[0], "Signature")["new"]["account"] = 2
    forged.write_trail()


@caught_by("values.signatures")
def another_definition_signed(forged: Forged) -> None:
    forged.details(forged.numbers("definition signed")[0])["signed"]["definition_digest"] = "ab" * 32
    forged.sign_signatures()
    forged.write_trail()


@caught_by("values.records")
def record_with_a_field_more(forged: Forged) -> None:
    forged.row(forged.numbers("site opened")[0], "Signature")["new"]["remark"] = "fine"
    forged.write_trail()


@caught_by("values.records")
def record_in_a_state_that_does_not_exist(forged: Forged) -> None:
    number = forged.last_randomization()
    forged.row(number, "Participant")["new"]["state"] = "enrolled"
    forged.write_trail()


@caught_by("values.records")
def signature_dated_otherwise_than_its_act(forged: Forged) -> None:
    forged.row(forged.last_randomization(), "Signature")["new"]["signed_at"] = "2027-01-04T08:00:00.000000Z"
    forged.write_trail()


@caught_by("values.records")
def infusion_dated_after_it_was_recorded(forged: Forged) -> None:
    number = forged.numbers("infusion recorded")[-1]
    forged.row(number, "PeriodRecord")["new"]["given_at"] = "2030-01-04T08:00:00.000000Z"
    forged.write_trail()


@caught_by("values.subjects")
def entry_about_another_participant(forged: Forged) -> None:
    number = forged.numbers("fit for infusion signed")[0]
    forged.entries[number]["participant"] = forged.entries[forged.last_randomization()]["participant"]
    forged.write_trail()


@caught_by("values.subjects")
def act_at_another_site(forged: Forged) -> None:
    forged.entries[forged.numbers("fit for infusion signed")[0]]["site"] = "EX1"
    forged.write_trail()


@caught_by("values.subjects")
def consent_at_another_site_than_its_record(forged: Forged) -> None:
    forged.entries[forged.numbers("participant consented")[0]]["site"] = "EX2"
    forged.write_trail()


@caught_by("values.subjects")
def act_for_somebody_who_had_not_consented(forged: Forged) -> None:
    forged.details(forged.numbers("participant consented")[-1])["participant"] = "10019"
    forged.write_trail()


@caught_by("values.erasures")
def erasure_of_nothing(forged: Forged) -> None:
    forged.details(forged.numbers("reason erased")[0])["erased"] = len(forged.entries)
    forged.write_trail()


@caught_by("values.erasures")
def erasure_of_a_reason_that_was_gone(forged: Forged) -> None:
    first, second = forged.numbers("reason erased")
    forged.details(second)["erased"] = forged.details(first)["erased"]
    forged.write_trail()
