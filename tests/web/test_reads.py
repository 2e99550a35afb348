"""A door that shows a field of a record past the masking policy is found, whichever way it reads it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import DictLoader, Environment

from randomizer import masking
from randomizer.domain.people import Role
from randomizer.domain.supply import Kit, KitState
from randomizer.domain.trial import Phase
from tests.web.reads import Reads

if TYPE_CHECKING:
    from collections.abc import Callable

KIT = Kit(number="123456789", slot=3, period=1, state=KitState.READY)
DOOR = "randomizer.web.site.leaky"
LEAKS: dict[str, str] = {
    "an attribute": "kit.number",
    "getattr": "getattr(kit, 'number')",
    "all fields at once": "asdict(kit)",
    "in a text": "f'{kit.number}'",
}
TEMPLATES = {
    "an attribute": "{{ kit.number }}",
    "a filter": "{{ [kit]|map(attribute='number')|join }}",
    "in a condition": "{% if kit.number %}yes{% endif %}",
    "an item": "{{ kit['number'] }}",
}


def watched(act: Callable[[], object]) -> set[tuple[str, str]]:
    reads = Reads()
    with pytest.MonkeyPatch.context() as patch:
        reads.watch(patch)
        act()
    return reads.found


@pytest.mark.promise(4)
@pytest.mark.parametrize("leak", LEAKS)
def test_code_of_a_door_that_reads_a_record_is_found(leak: str) -> None:
    door: dict[str, Any] = {"__name__": DOOR, "kit": KIT, "asdict": asdict}
    assert (DOOR, "Kit.number") in watched(lambda: eval(LEAKS[leak], door))  # noqa: S307 - a module of a door


@pytest.mark.promise(4)
@pytest.mark.parametrize("leak", TEMPLATES)
def test_a_template_that_reads_a_record_is_found(leak: str) -> None:
    page = Environment(loader=DictLoader({"page": TEMPLATES[leak]}), autoescape=True).get_template("page")
    assert watched(lambda: page.render(kit=KIT)) == {("a template", "Kit.number")}


@pytest.mark.promise(4)
def test_a_view_is_read_freely() -> None:
    def act() -> None:
        view = masking.show(frozenset({Role.PHARMACIST}), Phase.ACTIVE, KIT)
        page = Environment(loader=DictLoader({"page": "{{ kit.number }}"}), autoescape=True)
        assert page.get_template("page").render(kit=view) == KIT.number

    assert watched(act) == set()
