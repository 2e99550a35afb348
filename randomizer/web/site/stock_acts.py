"""The acts that end a stock take: closing the count, settling what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.services import acting
from randomizer.services.care import stock_takes
from randomizer.services.views import stock_views
from randomizer.web import words
from randomizer.web.forms import WHY
from randomizer.web.site import bodies
from randomizer.web.site.acts import ActPage, Loaded

if TYPE_CHECKING:
    from randomizer.services.views.sight import Sight


class OfStockTake:
    """Acts on one stock take."""

    name = "stock_take"
    rule = "/stock-takes/<key>"

    def load(self, sight: Sight, key: str) -> Loaded:
        """See `Subject`."""
        whole = stock_views.whole(sight, stock_views.find(sight, key))
        take = whole["take"]
        return Loaded(
            key=str(take["number"]),
            caption=f"Stock take {take['number']} · {sight.definition.site(take['site']).name}",
            back=f"Stock take {take['number']}",
            facts={
                "opened": ("Opened", words.moment(take["opened_at"])),
                "counted": ("Kits counted", str(len(whole["counted"]))),
            },
        )

    def demand(self, sight: Sight, key: str, act: Act) -> None:
        """See `Subject`."""
        acting.in_phase(sight.uow, act)
        stock_takes.demand_possible(stock_views.find(sight, key), act)

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:
        """See `Subject`."""
        whole = stock_views.whole(sight, stock_views.find(sight, key))
        return {"take": whole["take"], "counted": whole["counted"]}


PAGES = (
    ActPage(
        act=Act.STOCK_TAKE_CLOSED,
        slug="close-count",
        title="Close the stock take",
        lead="Every kit on the shelf has been scanned. The count is compared with the books.",
        button="Close the stock take",
        done="The stock take is closed. How it compares stands below.",
        body=bodies.Nothing,
        facts=("opened", "counted"),
        run=lambda call: stock_takes.close(call.uow, call.person, int(call.key)),
    ),
    ActPage(
        act=Act.STOCK_TAKE_SETTLED,
        slug="settle",
        title="Settle the differences",
        lead="Say how they came about and what was done. Report a missing kit on its own page first.",
        button="Settle the differences",
        done="The differences are settled.",
        body=bodies.Why,
        asks=lambda _sight, _key: (WHY,),
        facts=("opened", "counted"),
        run=lambda call: stock_takes.settle(call.uow, call.person, int(call.key), call.form.text("why")),
    ),
)
