"""The act on one task of this door: acknowledging a quality alert of a kit that was handed out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from randomizer.domain.acts import Act
from randomizer.domain.numbers import group3
from randomizer.domain.records import TaskKind
from randomizer.errors import NotFound
from randomizer.services import acting, impact
from randomizer.services.care import alerts
from randomizer.services.views import worklist
from randomizer.web import exchange, words
from randomizer.web.site.acts import ActPage, Loaded

if TYPE_CHECKING:
    from randomizer.masking import View
    from randomizer.services.views.sight import Sight


class OfTask:
    """Acts on one task."""

    name = "task"
    rule = "/tasks/<key>"

    def load(self, sight: Sight, key: str) -> Loaded:
        """See `Subject`."""
        task = _found(sight, key)
        return Loaded(
            key=key,
            caption=f"Participant {task['participant']}",
            back="Tasks",
            facts={
                "participant": ("Participant", task["participant"]),
                "kit": ("Kit", group3(task["kit"]) if "kit" in task else words.NONE),
                "opened": ("Alert opened", words.moment(task["opened_at"])),
            },
        )

    def demand(self, sight: Sight, key: str, act: Act) -> None:
        """See `Subject`."""
        acting.in_phase(sight.uow, act)
        impact.open_task(sight.uow, int(_found(sight, key)["number"]), TaskKind.QUALITY_ALERT)

    def answer(self, sight: Sight, key: str) -> dict[str, Any]:
        """See `Subject`."""
        return {"task": _found(sight, key)}


def _found(sight: Sight, key: str) -> View:
    found = worklist.task(sight, int(key)) if key.isascii() and key.isdigit() and len(key) < 10 else {}  # noqa: PLR2004
    if not found:
        raise NotFound("There is no such task for you.", next_step="Open the list of tasks.")
    return found


PAGES = (
    ActPage(
        act=Act.ALERT_ACKNOWLEDGED,
        slug="acknowledge",
        title="Acknowledge this quality alert",
        lead="A quality result of this kit is out of limits. The words are the same for every kit, whatever "
        "it holds. Decide without the treatment what follows for the participant; a code break is possible.",
        button="Sign that this is known",
        done="The alert is acknowledged.",
        meaning=alerts.ACKNOWLEDGED_MEANING,
        body=exchange.Signed,
        facts=("participant", "kit", "opened"),
        run=lambda call: alerts.acknowledge(call.uow, call.person, call.sign(), int(call.key)),
    ),
)
