"""One browser for all tests, and the report as it shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report.page import site_report

from tests.browser.chromium import DESKTOP, Browser, View, chromium

pytest.register_assert_rewrite("tests.browser.sound")

Show = Callable[..., Browser]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Opens the report of a proof and a history. Whatever a test does with it, the page stays quiet."""

    def open_report(
        proof: str, history: str, view: View = DESKTOP, title: str = "Home lab", **more: Any
    ) -> Browser:
        path = tmp_path / "report.html"
        path.write_text(site_report(proof, history, title), encoding="utf-8")
        browser.open(path, view, **more)
        return browser

    yield open_report
    assert browser.complaints() == []
    assert browser.foreign_requests() == []
