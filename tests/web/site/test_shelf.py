"""The pharmacy's shelf at the site door: a kit that is scanned first, an excursion, kits to be destroyed."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

import pytest

from randomizer.domain.numbers import group3, with_check
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState
from randomizer.services.care import replacements
from tests import desks
from tests.web.site.programs import Program

if TYPE_CHECKING:
    from flask import Flask

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.site.visitors import Visit

pytestmark = [pytest.mark.requirement("life"), pytest.mark.promise(18)]

LOGGER = {"lowest_c": "2", "highest_c": "14", "minutes": "40", "why": "The door stood open"}
PAGE = "/accountability/excursion"


def label(kit: str) -> str:
    """What a scanner sends of a label."""
    return f"]d210MESEMS-1\x1d1727033121{kit}"


def states(instance: Instance, kits: list[str]) -> list[KitState]:
    with instance.store.reading() as uow:
        return [uow.get(Kit, kit).state for kit in kits]


def test_an_excursion_is_recorded_by_scanning_the_shelf(visit: Visit, instance: Instance, desk: Desk) -> None:
    waiting = desks.ready_together(instance, desk, 2)
    shelf = list(waiting.values())
    pharmacist = visit(Role.PHARMACIST)
    assert f'href="{PAGE}"' in pharmacist.get("/accountability")
    assert f'href="{PAGE}"' not in visit(Role.MONITOR).get("/accountability")
    assert "autofocus" in pharmacist.get(PAGE).split('id="kits"')[1].split(">")[0]
    page = pharmacist.post(PAGE, {}, 422)
    for missing in ("Scan the kits", "lowest temperature is missing", "minutes outside", "Reason is missing"):
        assert missing in page
    scanned = "\r\n".join([label(shelf[0]), shelf[1], ""])
    page = pharmacist.post(PAGE, LOGGER | {"kits": f"{scanned}{with_check(10_000_000)}"}, 422)
    assert "There is no kit" in page
    assert shelf[1] in page, "what was scanned is still there"
    assert states(instance, shelf) == [KitState.READY] * 2
    for lowest_c in ("warm", "40"):
        page = pharmacist.post(PAGE, LOGGER | {"kits": f"{shelf[0]}0", "lowest_c": lowest_c}, 422)
        assert 0 < page.find('href="#kits"') < page.find('href="#lowest_c"'), "in the order of the page"
        assert "Nothing was changed, and what was typed is still here." in page

    page = pharmacist.post(PAGE, LOGGER | {"kits": scanned})

    assert "the kits are in quarantine" in page
    assert "2 to 14 °C, 40 minutes outside the limits" in page
    assert states(instance, shelf) == [KitState.QUARANTINED] * 2
    page = pharmacist.get(f"/kits/{shelf[0]}")
    assert "40 minutes outside the limits" in page
    assert "Leave it apart." in page
    home = pharmacist.get("/")
    assert all(f'href="/participants/{number}/replacement"' in home for number in waiting)
    assert home.count("In quarantine") == len(waiting), "as the counter says it"
    page = pharmacist.get(f"/participants/{next(iter(waiting))}")
    assert (page.count("In quarantine"), page.count("Not ready")) == (2, 0)


@pytest.mark.promise(16)
def test_a_program_records_an_excursion_once(app: Flask, instance: Instance, desk: Desk) -> None:
    shelf = list(desks.ready_together(instance, desk, 1).values())
    program = Program(instance, app.test_client(), Role.PHARMACIST).sign_in()
    body = {"kits": shelf, "lowest_c": 2, "highest_c": 14, "minutes": 40, "why": "The door stood open"}
    first = program.post(PAGE, body, key="one-and-the-same")
    assert program.post(PAGE, body, key="one-and-the-same") == first
    assert (first["totals"][0]["held"], first["totals"][0]["quarantined"]) == (1, 1)
    assert program.get("/accountability")["rows"][-1]["remark"].startswith("2 to 14 °C")
    assert "is quarantined" in program.post(PAGE, body, 422)["detail"]


def test_a_kit_that_is_scanned_first_leads_to_what_waits_for_it(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    (number, kit), (other, unused) = desks.ready_together(instance, desk, 2).items()
    pharmacist = visit(Role.PHARMACIST)

    def scan(code: str, status: int = 200) -> str:
        page = pharmacist.get(f"/scan?scan={code}", status)
        assert pharmacist.last is not None
        return unescape(page) if status != 200 else pharmacist.last.request.path

    told = scan(kit, 422)
    assert (
        f"Kit {group3(kit)} is ready to be handed out. Scan the participant card first, then the kit." in told
    )
    assert f"/participants/{number}/dispense" not in told.split("To do")[0], (
        "the card alone tells who gets it"
    )
    assert f"There is no kit {group3(with_check(10_000_000))}." in scan(with_check(10_000_000), 404)
    pharmacist.post(f"/participants/{number}/dispense", {"kit": kit})
    assert scan(kit) == f"/kits/{kit}"
    pharmacist.post(f"/participants/{number}/undo-dispensation", {"why": "Wrong trolley"}, sign=True)
    assert scan(kit) == f"/kits/{kit}/destroy"

    visit(Role.COORDINATOR).post(f"/participants/{other}/cancel-booking", {"why": "Fever"})

    assert scan(unused) == f"/kits/{unused}/destroy"
    home = pharmacist.get("/")
    assert "A kit is to be destroyed" in home
    assert f"/kits/{unused}/destroy" in home
    assert "to be destroyed" not in visit(Role.INVESTIGATOR).get("/")
    assert f"/kits/{unused}" in visit(Role.TRIAL_MANAGER).get("/tasks")
    assert "1 to be destroyed" in pharmacist.get("/accountability")
    why = {"why": "Nobody gets it", "method": "incinerated"}
    assert "The destruction is recorded." in pharmacist.post(f"/kits/{unused}/destroy", why, sign=True)
    record = pharmacist.get(f"/kits/{unused}/destruction")
    assert "Incinerated" in record
    assert "to be destroyed" not in pharmacist.get("/")
    assert visit(Role.OUTCOMES_ASSESSOR).get(f"/scan?scan={kit}", 403)


def test_a_program_sees_what_is_to_be_destroyed(
    app: Flask, visit: Visit, instance: Instance, desk: Desk
) -> None:
    ((number, kit),) = desks.ready_together(instance, desk, 1).items()
    visit(Role.COORDINATOR).post(f"/participants/{number}/cancel-booking", {"why": "Fever"})
    [task] = Program(instance, app.test_client(), Role.PHARMACIST).sign_in().get("/tasks")["rows"]
    assert (task["kind"], task["kit"], task["participant"]) == ("destruction of a kit", kit, number)
    [seen] = Program(instance, app.test_client(), Role.MONITOR).sign_in().get("/tasks")["rows"]
    assert seen["kit"] == kit
    assert Program(instance, app.test_client(), Role.SPONSOR).sign_in().get("/tasks")["rows"] == []


def test_home_tells_what_expires_and_which_requests_are_open(
    visit: Visit, app: Flask, instance: Instance, desk: Desk
) -> None:
    (number, kit), (other, _) = desks.ready_together(instance, desk, 2).items()
    pharmacist = visit(Role.PHARMACIST)
    assert "in 3 hours 5" in pharmacist.get("/")
    instance.clock.advance(hours=3)
    pharmacist = visit(Role.PHARMACIST)
    home = pharmacist.get("/")
    assert home.count("Expires soon") == 2
    assert "Another kit is asked for" not in home
    page = pharmacist.post(f"/kits/{kit}/damage", {"why": "It leaks"})
    assert f'href="/participants/{number}/replacement"' in page
    pharmacist.post(f"/participants/{number}/replacement", {"why": "It leaks"})
    assert f'href="/participants/{number}/replacement"' not in pharmacist.get(f"/kits/{kit}")
    home = pharmacist.get("/")
    assert "Another kit is asked for" in home
    assert "the answer is awaited" in home
    program = Program(instance, app.test_client(), Role.PHARMACIST).sign_in()
    told = program.get("/worklist")
    assert [(one["participant"], one["state"]) for one in told["requests"]] == [(number, "Asked for")]
    [waiting] = [one for one in told["rows"] if one["participant"] == other]
    assert waiting["expires_at"]
    instance.act(replacements.answer, Role.PREPARER, number, None)
    assert "There is no product for this period." in pharmacist.get("/")
