"""The acts on one participant up to the randomization, but for eligibility, which has a page of its own."""

from __future__ import annotations

from randomizer.domain.acts import Act
from randomizer.services.care import allocation, enrolment, products
from randomizer.web import exchange
from randomizer.web.site import bodies, participant_fields
from randomizer.web.site.acts import ActPage, Call


def _harvest(call: Call) -> object:
    identifier, again = call.form.text("identifier"), call.form.text("again")
    return products.harvest(call.uow, call.person, call.key, identifier=identifier, again=again)


PAGES = (
    ActPage(
        act=Act.SCREEN_FAILED,
        slug="screen-failure",
        title="Record a screen failure",
        lead="The participant can be screened again later under the same number.",
        button="Record the screen failure",
        done="The screen failure is recorded.",
        body=bodies.Why,
        asks=participant_fields.reason,
        facts=("participant", "site", "state"),
        run=lambda call: enrolment.screen_fail(call.uow, call.person, call.key, call.form.text("why")),
    ),
    ActPage(
        act=Act.RESCREENED,
        slug="screen-again",
        title="Screen again",
        lead="A new screening attempt begins under the same number.",
        button="Begin screening again",
        done="A new screening attempt has begun.",
        body=bodies.Nothing,
        facts=("participant", "site", "state"),
        run=lambda call: enrolment.rescreen(call.uow, call.person, call.key),
    ),
    ActPage(
        act=Act.HARVESTED,
        slug="harvest",
        title="Record the harvest",
        lead="A place in the schedule is kept for this participant from now on.",
        button="Record the harvest",
        done="The harvest is recorded and a place is kept.",
        body=bodies.Harvest,
        asks=participant_fields.donation,
        facts=("participant", "site"),
        run=_harvest,
    ),
    ActPage(
        act=Act.PRODUCT_GO,
        slug="go",
        title="Give the go",
        lead="The clearing person has cleared the product. With the go the participant can be randomized.",
        button="Sign and give the go",
        done="The go is given.",
        meaning=products.GO_MEANING,
        body=exchange.Signed,
        facts=("participant", "site", "product"),
        run=lambda call: products.give_go(call.uow, call.person, call.sign(), call.key),
    ),
    ActPage(
        act=Act.RANDOMIZED,
        slug="randomize",
        title="Randomize this participant",
        lead="This takes the next slot of the stratum. It cannot be undone.",
        button="Sign and randomize",
        done="The participant is randomized. Print the participant card.",
        meaning=allocation.RANDOMIZE_MEANING,
        body=exchange.Signed,
        facts=("participant", "site", "level", "product"),
        run=lambda call: allocation.randomize(call.uow, call.person, call.sign(), call.key),
    ),
)
