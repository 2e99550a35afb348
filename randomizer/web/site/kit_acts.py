"""The acts on one kit: what their pages show and ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.supply import Destruction
from randomizer.errors import Refused
from randomizer.services.care import kits
from randomizer.services.views import kit_views
from randomizer.web import words
from randomizer.web.forms import WHY, Field
from randomizer.web.site import bodies, second
from randomizer.web.site.acts import ActPage, Call, Loaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from randomizer.services.views.sight import Sight

METHOD = Field(
    name="method",
    label="How was it destroyed?",
    type="radio",
    options=tuple((str(one), words.capital(one)) for one in Destruction),
    needed="Say how the kit was destroyed.",
)


SAW = second.fields("Second person", "A colleague of this site who saw the destruction.")


class OfKit:
    """Acts on one kit."""

    name = "kit"
    rule = "/kits/<key>"

    def load(self, sight: Sight, key: str) -> Loaded:
        """See `Subject`."""
        kit = kit_views.find(sight, key)
        whole = kit_views.whole(sight, kit)
        shown, site = whole["kit"], sight.definition.site(whole["site"]).name
        number = group3(str(shown["number"]))
        return Loaded(
            key=shown["number"],
            caption=f"Kit {number} · {site}",
            back=f"Kit {number}",
            facts={
                "kit": ("Kit", number),
                "participant": ("Participant", whole["participant"]),
                "period": ("Period", f"{shown['period']} of {sight.definition.period_count}"),
                "state": ("State", words.capital(shown["state"])),
            },
        )

    def demand(self, sight: Sight, key: str, act: Act) -> None:
        """See `Subject`."""
        kits.demand_possible(sight.uow, act, kit_views.find(sight, key))

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:
        """See `Subject`."""
        whole = kit_views.whole(sight, kit_views.find(sight, key))
        return {name: whole[name] for name in ("kit", "site", "participant")}


def _asks_why(_sight: Sight, _key: str) -> tuple[Field, ...]:
    return (WHY,)


def _asks_destruction(sight: Sight, _key: str) -> tuple[Field, ...]:
    return (METHOD, WHY, *(SAW if sight.definition.kits.second_person else ()))


def _moves(what: Act) -> Callable[[Call], object]:
    return lambda call: kits.move(call.uow, call.person, what, call.key, call.form.text("why"))


def _destroy(call: Call) -> object:
    try:
        method = Destruction(call.form.text("method"))
    except ValueError as error:
        known = "; ".join(Destruction)
        raise Refused(
            f"Say how the kit was destroyed: {known}. Nothing was changed.", field="method"
        ) from error
    return kits.destroy(
        call.uow,
        call.person,
        call.sign(),
        call.key,
        method=method,
        why=call.form.text("why"),
        second=second.step_up(call.uow, call.form, "second person"),
    )


def _page(act: Act, slug: str, title: str, lead: str, done: str) -> ActPage:
    return ActPage(
        act=act,
        slug=slug,
        title=title,
        lead=lead,
        button=title,
        done=done,
        body=bodies.Why,
        asks=_asks_why,
        facts=("kit", "participant", "period", "state"),
        run=_moves(act),
    )


PAGES = (
    _page(
        Act.KIT_RETURNED,
        "return",
        "Record the return",
        "The kit, or what is left of it, is back in the pharmacy. It is never handed out again.",
        "The return is recorded.",
    ),
    _page(
        Act.KIT_QUARANTINED,
        "quarantine",
        "Put this kit into quarantine",
        "It is not handed out any more. Where it was ready, another kit can be prepared for the period.",
        "The kit is in quarantine.",
    ),
    _page(
        Act.KIT_DAMAGED,
        "damage",
        "Record that this kit is damaged",
        "It is not handed out any more. Where it was ready, another kit can be prepared for the period.",
        "The damage is recorded.",
    ),
    _page(
        Act.KIT_MISSING,
        "missing",
        "Report this kit missing",
        "Where it was ready, another kit can be prepared for the period.",
        "The kit is recorded as missing.",
    ),
    _page(
        Act.KIT_FOUND,
        "found",
        "Record that this kit was found",
        "It goes into quarantine and is never handed out again.",
        "The kit is found and in quarantine.",
    ),
    ActPage(
        act=Act.KIT_DESTROYED,
        slug="destroy",
        title="Record the destruction",
        lead="The kit has been destroyed. This cannot be undone.",
        button="Sign and record the destruction",
        done="The destruction is recorded.",
        meaning=kits.DESTROYED_MEANING,
        body=bodies.Destroyed,
        asks=_asks_destruction,
        facts=("kit", "participant", "period", "state"),
        run=_destroy,
    ),
)
"""In the order in which a kit's page offers them."""
