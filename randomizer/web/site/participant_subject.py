"""Acts on one participant: what their pages show of the participant, and what the API answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.services.care import assessments, readiness
from randomizer.services.views import participant_views
from randomizer.web import words
from randomizer.web.site.acts import Loaded

if TYPE_CHECKING:
    from randomizer.domain.participants import Participant
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight


class OfParticipant:
    """Acts on one participant."""

    name = "participant"
    rule = "/participants/<key>"

    def load(self, sight: Sight, key: str) -> Loaded:
        """See `Subject`."""
        participant = participant_views.find(sight, key)
        whole = participant_views.whole(sight, participant)
        site = sight.definition.site(participant.site).name
        return Loaded(
            key=participant.number,
            caption=f"Participant {participant.number} · {site}",
            back=f"Participant {participant.number}",
            facts=facts(sight, participant, whole),
            alert=bool(whole["alert"]),
        )

    def demand(self, sight: Sight, key: str, act: Act) -> None:
        """See `Subject`."""
        participant = participant_views.find(sight, key)
        if act is Act.ASSESSMENT_SIGNED:
            assessments.demand_blind(sight.uow, sight.person, participant)
            assessments.demand_some(sight.definition, sight.person, participant.site)
        readiness.demand(sight.uow, act, participant)

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:
        """See `Subject`."""
        participant = participant_views.find(sight, key)
        whole = participant_views.whole(sight, participant)
        return {
            "participant": whole["participant"],
            "products": whole["products"],
            "allocation": whole["allocation"] or None,
            "periods": whole["periods"],
            "assessments": whole["assessments"],
        }


def facts(sight: Sight, participant: Participant, whole: View) -> dict[str, tuple[str, str]]:
    """What the pages of acts can show of a participant, by name."""
    shown: dict[str, tuple[str, str]] = {
        "participant": ("Participant", participant.number),
        "site": ("Site", sight.definition.site(participant.site).name),
        "state": ("State", words.capital(str(whole["participant"].get("words", "")))),
    }
    for name, level in whole["levels"]:
        shown[f"level {name}"] = (name, level)
    if whole["products"]:
        product = whole["products"][-1]
        when = product.get("cleared_at") or product["harvested_at"]
        shown["product"] = ("Product", f"{words.capital(str(product['state']))}, {words.moment(when)}")
    record = next((one for one in whole["periods"] if one.get("outcome") is None), None)
    if record:
        shown["period"] = ("Period", f"{record['period']} of {sight.definition.period_count}")
        if record.get("booked_for"):
            shown["booked"] = ("Booked for", words.moment(record["booked_for"]))
        limits = record["window"]
        if limits:
            span = f"{words.day(limits['opens_on'])} to {words.day(limits['closes_on'])}"
            shown["window"] = ("Visit window", span)
            shown["earliest"] = ("Not before", words.day(limits["not_before"]))
        if record.get("dispensed_at"):
            shown["dispensed"] = ("Kit handed out", words.moment(record["dispensed_at"]))
    return shown
