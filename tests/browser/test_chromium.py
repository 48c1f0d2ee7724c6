"""The browser notices what the other tests rule out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import PHONE, Browser

POLICY = (
    "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; script-src 'unsafe-inline'\">"
)
MESSAGES = {
    "<script>throw new Error('broken page')</script>": "broken page",
    "<script>Promise.reject(new Error('forgotten promise'))</script>": "forgotten promise",
    "<script>console.error('told so')</script>": "told so",
    f"{POLICY}<img src='data:,'>": "policy: img-src",
}


def opened(browser: Browser, folder: Path, body: str) -> Browser:
    path = folder / "page.html"
    head = "<!DOCTYPE html><link rel='icon' href='data:,'><meta name='viewport' content='width=device-width'>"
    path.write_text(head + body, encoding="utf-8")
    browser.open(path, PHONE)
    return browser


@pytest.mark.parametrize("body", MESSAGES)
def test_it_hears_complaints(browser: Browser, tmp_path: Path, body: str) -> None:
    page = opened(browser, tmp_path, body)
    assert any(MESSAGES[body] in complaint for complaint in page.complaints())


def test_it_sees_requests(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, "<script src='library.js'></script>")
    assert page.foreign_requests() == [(tmp_path / "library.js").as_uri()]


def test_it_sees_what_does_not_fit_and_cannot_be_read(browser: Browser, tmp_path: Path) -> None:
    wide = "<p style='width: 400px'>wide</p><p style='font-size: 10px'>small</p><p>" + "w" * 80 + "</p>"
    seen = opened(browser, tmp_path, wide).look()
    assert seen["scrolls"] > seen["width"] == 360
    assert seen["outside"] == ["p", "text of p"]
    assert seen["small"] == [["p", 10]]


def test_a_quiet_page_is_quiet(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, "<p>Hello</p>")
    assert page.complaints() == [] and page.foreign_requests() == []
    assert page.look()["outside"] == [] and page.look()["small"] == []


def test_lines_on_paper_have_their_colour(browser: Browser, tmp_path: Path) -> None:
    shapes = "<path d='M0 0L9 9L0 9' stroke='#0072b2' fill='none'/><path d='M0 0L9 9L0 9' fill='#d55e00'/>"
    page = opened(browser, tmp_path, f"<svg viewBox='0 0 9 9' width='90'>{shapes}</svg>")
    assert page.print_lines() == {"#0072b2": 2}
    assert not opened(browser, tmp_path, "<p>Hello</p>").print_lines()
