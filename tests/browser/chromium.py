"""Chromium without a window, and what it shows of a page."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_LOOK = (Path(__file__).parent / "look.js").read_text("utf-8")
# Two frames: one in which sizes are noticed, one in which they are drawn.
_SETTLE = """
const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
return document.fonts.ready.then(frame).then(frame).then(() => true);
"""
_SCROLL = """
document.documentElement.style.scrollbarWidth = "none";
const room = parseFloat(getComputedStyle(document.body).paddingTop) || 0;
scrollTo(0, document.querySelector(arguments[0]).getBoundingClientRect().top + scrollY - room);
"""
_LISTEN = """
window.complaints = [];
const note = (what) => window.complaints.push(what);
addEventListener("error", (event) => note(`error: ${event.message ?? event.target.outerHTML}`), true);
addEventListener("unhandledrejection", (event) => note(`rejection: ${event.reason}`));
document.addEventListener("securitypolicyviolation", (event) =>
  note(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""
_ASKED = ("Network.requestWillBeSent", "Network.webSocketCreated")


@dataclass(frozen=True)
class View:
    """What a page is looked at with."""

    width: int
    height: int
    scale: float = 1.0
    touch: bool = False


PHONE = View(360, 800, scale=2.0, touch=True)
TABLET = View(800, 1000)
DESKTOP = View(1280, 900)


class Browser:
    """The page that is open, and everything that happened since it was opened."""

    def __init__(self, driver: Chrome) -> None:
        self._driver = driver
        self.view = DESKTOP
        self._url = ""
        self._asked: list[str] = []
        self._said: list[str] = []
        self._scripts = True
        self._command("Page.addScriptToEvaluateOnNewDocument", source=_LISTEN)

    def open(self, path: Path, view: View, scripts: bool = True, **features: str) -> None:
        """A page, with ``features`` of the one who looks, such as ``prefers_color_scheme="dark"``."""
        self._driver.get("about:blank")
        self._hear()
        self._asked, self._said, self._url = [], [], path.as_uri()
        self._scripts = scripts
        self._command("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.look_with(view)
        self.prefer(**features)
        self._driver.get(self._url)
        self.settle()

    def look_with(self, view: View) -> None:
        self.view = view
        size = {"width": view.width, "height": view.height}
        more = {"deviceScaleFactor": view.scale, "mobile": view.touch}
        self._command("Emulation.setDeviceMetricsOverride", **size, **more)

    def prefer(self, medium: str = "", **features: str) -> None:
        # Without a medium it is the browser's to change, which it does when it prints.
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self._command("Emulation.setEmulatedMedia", media=medium, features=named)

    def settle(self) -> None:
        """Until what follows from a change of the page's surroundings has been drawn."""
        if self._scripts:
            self.run(_SETTLE)

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a script's ``return``."""
        return self._driver.execute_script(script, *arguments)

    def click(self, selector: str) -> None:
        self._driver.find_element(By.CSS_SELECTOR, selector).click()
        self.settle()

    def look(self) -> dict[str, Any]:
        """See look.js."""
        seen: dict[str, Any] = self.run(_LOOK)
        return seen

    def texts(self, selector: str) -> list[str]:
        script = "return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)"
        return [" ".join(text.split()) for text in self.run(script, selector)]

    def complaints(self) -> list[str]:
        """Messages of the console, errors, rejections and breaches of the policy."""
        self._hear()
        return [*self._said, *self.run("return window.complaints ?? []")]

    def foreign_requests(self) -> list[str]:
        """What was asked for beside the page itself."""
        self._hear()
        return [url for url in self._asked if url != self._url]

    def picture(self, top: str = "body") -> bytes:
        """What the view shows from an element on, as a PNG."""
        self.run(_SCROLL, top)
        self.settle()
        return base64.b64decode(self._command("Page.captureScreenshot", format="png")["data"])

    def print_lines(self) -> Counter[str]:
        """How many pieces of lines there are on paper, by colour."""
        document = base64.b64decode(self._command("Page.printToPDF")["data"])
        drawn: Counter[str] = Counter()
        for stream in re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)endstream", document, re.DOTALL):
            drawn += stroked(zlib.decompressobj().decompress(stream).split())
        return drawn

    def _command(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        told: Mapping[str, Any] = self._driver.execute_cdp_cmd(name, arguments)
        return told

    def _hear(self) -> None:
        self._said += [f"console: {entry['message']}" for entry in self._driver.get_log("browser")]
        for entry in self._driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] in _ASKED:
                told = event["params"]
                self._asked.append(told["request"]["url"] if "request" in told else told["url"])


def stroked(words: Sequence[bytes]) -> Counter[str]:
    """Pieces of lines in the contents of a page of a PDF, by colour; what only fills its outline is none."""
    drawn: Counter[str] = Counter()
    colour, kept, pieces = "", [""], 0
    for place, word in enumerate(words):
        if word == b"RG":
            colour = "#" + "".join(f"{round(float(part) * 255):02x}" for part in words[place - 3 : place])
        elif word == b"q":
            kept.append(colour)
        elif word == b"Q":
            colour = kept.pop()
        elif word == b"l":
            pieces += 1
        elif word in (b"S", b"s", b"f", b"f*", b"B", b"B*", b"n"):
            drawn[colour] += pieces if word in (b"S", b"s") else 0
            pieces = 0
    return +drawn


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    missing = [name for name, path in programs.items() if path is None]
    if missing:
        raise FileNotFoundError(f"{' and '.join(missing)} not found; make setup-dev installs them")
    options = ChromeOptions()
    options.binary_location = str(programs["chromium"])
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # The driver listens on this machine: no proxy leads to it.
    with patch.dict(os.environ, {"no_proxy": "localhost,127.0.0.1"}):
        driver = Chrome(options=options, service=Service(str(programs["chromedriver"])))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
