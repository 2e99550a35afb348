"""The lens finds what is wrong with a page, whatever it showed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.web.lens import Lens

pytestmark = pytest.mark.requirement("pages")

PAGE = '<html lang="en"><title>Page</title><body><main><h1>Page</h1>{}</main></body></html>'
FAULTS = {
    "<a href='/'>low</a>": "low",
    "<svg width='600' height='9'></svg>": "page",
    "<input class='form-control'>": "label",
    "<p style='color: red'>red</p>": "blocked",
    "<p onclick='alert()'>talks</p>": "blocked",
    "<script>alert()</script>": "blocked",
    "<img alt='far' src='https://example.org/far.png'>": "blocked",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_is_gone_with_its_page(lens: Lens, fault: str) -> None:
    lens.show(PAGE.format(fault))
    assert FAULTS[fault] in {one[0] for one in lens.faults()}
    lens.show(PAGE.format("<p>fine</p>"))
    assert lens.faults() == []
