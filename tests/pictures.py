"""Takes the README's pictures: the report and doctor, of the sites that the tests know.

`make pictures` writes them to docs/pictures. Do so when either of the two looks different.
"""

from __future__ import annotations

import html
import re
import tempfile
from pathlib import Path

from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.walk import examine
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.doctor_text import diagnosis_report
from ansible_collections.inference.stack.plugins.plugin_utils.reporting.site_report.page import site_report

from tests.browser.cases import usual
from tests.browser.chromium import View, chromium
from tests.conftest import ROOT
from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import Planted
from tests.unit.plugins.plugin_utils.diagnosis.host_faults import mismatch

PICTURES = ROOT / "docs" / "pictures"
REPORT = View(1000, 880)
COLUMNS, LINE, EDGE = 80, 19, 16
_COMMAND = "$ make doctor SITE=inventories/home"
_COLOURS = {"ok": "#7ee787", "BROKEN": "#ff7b72", "degraded": "#e3b341", "DEGRADED": "#e3b341"}
_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #0d1117; color: #e6edf3; }}
pre {{ margin: 0; padding: {edge}px; font: 14px/{line}px "DejaVu Sans Mono", "Liberation Mono", monospace; }}
</style><pre>{text}</pre>"""


def diagnosis() -> str:
    """What doctor says of a site whose driver was upgraded under the loaded module."""
    site = Planted()
    mismatch(site)
    site.answered_by("cpu")
    for problem in site.gpu.get("diagnosis", []):
        problem["next_step"] = "Reboot the host, and hold the driver's packages against unattended upgrades."
    return diagnosis_report(examine(site.seen))


def terminal(text: str) -> str:
    """A page that looks like a terminal, with verdicts in colour."""
    coloured = re.sub(
        rf"\b({'|'.join(_COLOURS)})\b",
        lambda found: f'<span style="color: {_COLOURS[found[0]]}">{found[0]}</span>',
        html.escape(text),
    )
    return _PAGE.format(edge=EDGE, line=LINE, text=coloured)


def main() -> int:
    said = f"{_COMMAND}\n{diagnosis()}"
    height = said.count("\n") * LINE + 2 * EDGE
    pages = {
        "report": (site_report(*usual(), "Home lab"), REPORT, "section.model"),
        # A character of this font is 8.43 pixels wide.
        "doctor": (terminal(said), View(int(COLUMNS * 8.43) + 2 * EDGE, height), "body"),
    }
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium(Path(folder) / "profile") as browser:
        for name, (text, view, top) in pages.items():
            page = Path(folder) / f"{name}.html"
            page.write_text(text, encoding="utf-8")
            browser.open(page, view)
            picture = browser.picture(top)
            (PICTURES / f"{name}.png").write_bytes(picture)
            print(f"docs/pictures/{name}.png: {len(picture) // 1000} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
