"""Labels: printed on record by the preparing pharmacist, the same bytes at both doors, read back."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from PIL import Image

from randomizer.domain.acts import Act
from randomizer.domain.housekeeping import Entry, EntryValues
from randomizer.domain.packaging import code_of
from randomizer.domain.people import Role
from randomizer.domain.scans import kit_number
from randomizer.domain.supply import Outcome
from randomizer.services import labels
from randomizer.services.care import dispensing, infusions, periods
from randomizer.services.views import sight
from randomizer.web import labels as drawing
from randomizer.web.door import DoorSettings
from randomizer.web.site.app import create_app
from tests import desks
from tests.activated import TOTP_STEP_SECONDS
from tests.web.looks import DESKTOP, resize
from tests.web.site.visitors import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from randomizer.services.unblinded.desk import Desk
    from tests.activated import Instance
    from tests.web.codebreak.guests import Visit

pytestmark = pytest.mark.requirement("labels")


def ready(instance: Instance, desk: Desk) -> tuple[str, str]:
    number = desks.randomized(instance, desk)
    desks.booked(instance, number)
    return number, desks.prepared(instance, desk, number).kit


@pytest.mark.promise(17)
def test_each_print_is_on_record_and_from_the_second_on_with_its_reason(
    visit: Visit, instance: Instance, desk: Desk
) -> None:
    number, _ = ready(instance, desk)
    preparer, place = visit(Role.PREPARER), f"/preparation/{number}/prepared/1"
    assert f"{place}/labels" in preparer.get(place)
    assert "Label of the bag" not in preparer.get(f"{place}/labels")
    preparer.get(f"{place}/labels.pdf", 422)

    page = preparer.send(f"{place}/labels", {}).text

    assert "RÉPÉTITION: NE PAS UTILISER" in page
    assert page.count("Cellules souches mésenchymateuses autologues ou Milieu de suspension") == 2
    assert "Reason is missing." in preparer.send(f"{place}/labels", {"why": ""}, 422).text
    preparer.send(f"{place}/labels", {"why": "The printer tore it"})
    with instance.store.reading() as uow:
        printed = uow.all(Entry, act=Act.LABELS_PRINTED.value)
        assert [uow.get(EntryValues, one.number).why for one in printed] == ["", "The printer tore it"]
        assert {one.participant for one in printed} == {number}


@pytest.mark.promise(1)
def test_both_doors_give_the_same_bytes(visit: Visit, instance: Instance, desk: Desk) -> None:
    number, kit = ready(instance, desk)
    preparer = visit(Role.PREPARER)
    preparer.send(f"/preparation/{number}/prepared/1/labels", {})
    answer = preparer.client.get(f"/preparation/{number}/prepared/1/labels.pdf")
    site = create_app(instance.store, instance.gate, DoorSettings(session_secret="x", https=False))
    instance.clock.advance(seconds=TOTP_STEP_SECONDS)
    pharmacist = Visitor(instance, site.test_client(), Role.PHARMACIST).sign_in()
    assert answer.data == pharmacist.client.get(f"/kits/{kit}/label.pdf").data
    assert answer.data.startswith(b"%PDF-1")
    assert "Milieu de suspension" in pharmacist.get(f"/kits/{kit}/label")


@pytest.mark.promise(18)
def test_a_kit_that_was_given_needs_no_labels_any_more(visit: Visit, instance: Instance, desk: Desk) -> None:
    number, kit = ready(instance, desk)
    instance.act(dispensing.dispense, Role.PHARMACIST, number, kit)
    instance.act(infusions.record, Role.CARE_PROVIDER, number, outcome=Outcome.NOT_GIVEN, why="Fever")
    told = visit(Role.PREPARER).send(f"/preparation/{number}/prepared/1/labels", {}, 422).text
    assert "is not administered, so it needs no labels any more. Nothing was printed." in told


@pytest.mark.promise(1)
def test_what_is_printed_reads_back(visit: Visit, instance: Instance, desk: Desk, page: Page) -> None:
    """The symbol alone, and as a browser shows it, by a decoder that knows nothing of the encoder."""
    number, kit = ready(instance, desk)
    preparer, place = visit(Role.PREPARER), f"/preparation/{number}/prepared/1/labels"
    preparer.send(place, {})
    with instance.store.reading() as uow:
        mine = sight.of(uow, instance.person(Role.PREPARER))
        label = mine.show(labels.of_kit(uow, periods.ready_kit(uow, number, 1)))
    expected = f"(10){code_of('mesems', kit)}(17){dict(label['elements'])['17']}(21){kit}"
    resize(page, DESKTOP)
    page.set_content(preparer.get(place))
    seen = page.locator(".kit-label").first.screenshot()
    for image in (drawing.symbol_png(label["elements"]), seen):
        [found] = zxingcpp.read_barcodes(Image.open(BytesIO(image)))
        assert (found.content_type, found.text) == (zxingcpp.ContentType.GS1, expected)
        assert kit_number(found.bytes.decode()) == kit
