"""A participant's record in words: facts, periods and timeline."""

from __future__ import annotations

from typing import Any

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.services.views import next_steps
from randomizer.web import words

QUIET_ACTS = frozenset({Act.PREPARATION_BEGUN, Act.PREPARATION_ENDED})
LOOK_AT = frozenset(
    {
        Act.SCREEN_FAILED,
        Act.PRODUCT_FAILED,
        Act.RANDOMIZED_IN_ERROR,
        Act.FACTOR_CORRECTED,
        Act.DEVIATION_SIGNED,
        Act.KIT_EXPIRED,
        Act.PERIOD_MISSED,
        Act.BOOKING_CANCELLED,
        Act.CODE_BREAK_INTENT,
    }
)
"""Acts that a reader should notice."""


def facts(whole: dict[str, Any], site_name: str) -> list[tuple[str, str]]:
    """Label and value of what stands about a participant."""
    shown = whole["participant"]
    rows = [("Site", site_name), ("State", words.capital(shown.get("words", "")))]
    rows += [(name, level) for name, level in whole["levels"]]
    rows += [(f"{name}, true level", level) for name, level in whole["corrected"]]
    if whole["allocation"].get("randomization_number"):
        rows.append(("Randomization number", group3(whole["allocation"]["randomization_number"])))
    if whole["products"]:
        product = whole["products"][-1]
        rows.append(("Product", words.capital(str(product["state"]))))
        if product.get("identifier"):
            rows.append(("Donation identifier", product["identifier"]))
    if shown.get("attempt", 1) > 1:
        rows.append(("Screening attempt", str(shown["attempt"])))
    if shown.get("replaces"):
        rows.append(("Replaces", f"participant {shown['replaces']}"))
    if shown.get("ending"):
        rows.append(("Follow-up", "Goes on" if shown.get("follow_up") else "Ended"))
    return rows


def periods(whole: dict[str, Any], count: int) -> list[tuple[str, str, str, str]]:
    """One row per period: period, window or booking, digits of the kit or "", outcome."""
    rows, step = [], whole["next"]
    for one in whole["periods"]:
        if "period" not in one:
            continue
        if _over(whole) and one.get("outcome") is None and not one.get("dispensed_at"):
            rows.append((f"{one['period']} of {count}", words.NONE, _kit(one), "No longer planned"))
            continue
        aside = step.get("period") == one["period"] and step.get("state") == next_steps.IN_QUARANTINE
        state = next_steps.IN_QUARANTINE if aside else _outcome(one)
        rows.append((f"{one['period']} of {count}", _when(one), _kit(one), state))
    return rows


def timeline(whole: dict[str, Any], count: int) -> list[dict[str, str]]:
    """The participant's life in order, with what is planned at the end."""
    shown = whole["participant"]
    events = (
        [{"at": words.moment(shown["consented_at"]), "what": "Consented"}]
        if shown.get("consented_at")
        else []
    )
    for event in whole["events"]:
        if event["act"] in QUIET_ACTS:
            continue
        # Whose a code break was is not told here.
        by = ", ".join(part for part in (event.get("by"), event.get("role")) if part)
        state = "attention" if event["act"] in LOOK_AT else "done"
        events.append(
            {"at": words.moment(event["at"]), "what": words.capital(event["act"]), "by": by, "state": state}
        )
    return events + _planned(whole, count)


def _over(whole: dict[str, Any]) -> bool:
    """Whether nothing more is given: treatment has ended, or the trial."""
    return bool(whole["participant"].get("ending")) or not whole["running"]


def _planned(whole: dict[str, Any], count: int) -> list[dict[str, str]]:
    events = []
    for one in whole["periods"]:
        if one.get("outcome") is not None or "period" not in one or _over(whole):
            continue
        booked, limits = one.get("booked_for"), one.get("window") or {}
        if booked:
            at, state = words.moment(booked), "now"
        elif limits:
            at, state = f"From {words.day(limits['opens_on'])}", "planned"
        else:
            at, state = "Not booked", "planned"
        events.append({"at": at, "what": f"Infusion of period {one['period']} of {count}", "state": state})
    return events


def _when(one: dict[str, Any]) -> str:
    if one.get("given_at"):
        return f"Given {words.moment(one['given_at'])}"
    if one.get("outcome"):
        return words.NONE
    if one.get("booked_for"):
        return f"Booked for {words.moment(one['booked_for'])}"
    limits = one.get("window") or {}
    return f"{words.day(limits['opens_on'])} to {words.day(limits['closes_on'])}" if limits else "Not booked"


def _kit(one: dict[str, Any]) -> str:
    kit = one.get("kit_shown") or {}
    return str(kit.get("number", ""))


def _asked(one: dict[str, Any]) -> str:
    if not one.get("answered_at"):
        return "Another kit was asked for"
    if not one.get("available_at"):
        return "No product for this period"
    return f"Another kit at {words.moment(one['available_at'])}"


def _outcome(one: dict[str, Any]) -> str:
    if one.get("outcome"):
        return words.capital(str(one["outcome"]))
    if one.get("dispensed_at"):
        return f"Handed out {words.moment(one['dispensed_at'])}"
    if one.get("kit_shown"):
        return f"Kit {one['kit_shown'].get('state', 'ready')}"
    return _unready(one)


def _unready(one: dict[str, Any]) -> str:
    """How a period without a kit stands."""
    if one.get("asked_at") and not one.get("preparation_begun_at"):
        return _asked(one)
    if one.get("preparation_begun_at"):
        return "Being prepared"
    if one.get("preparation_ended_at"):
        return "Not ready"
    return "Fit for infusion signed" if one.get("fit_signed_at") else "Open"
