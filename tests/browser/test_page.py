"""Whatever the files hold: the page is quiet, fits its screen, can be read, and its plots are drawn."""

from __future__ import annotations

import pytest

from tests.browser.cases import CASES
from tests.browser.chromium import DESKTOP, PHONE, TABLET, View
from tests.browser.conftest import Show
from tests.browser.sound import assert_sound


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("view", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_page_is_sound(show: Show, case: str, view: View) -> None:
    assert_sound(show(*CASES[case](), view=view))


@pytest.mark.parametrize("case", ["usual", "8 configurations", "long names"])
def test_the_page_fits_between_phone_and_desktop(show: Show, case: str) -> None:
    """Wide enough for tables, and hardly so."""
    assert_sound(show(*CASES[case](), view=TABLET))
