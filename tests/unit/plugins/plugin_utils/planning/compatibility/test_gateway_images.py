"""A banned release of the gateway is refused however its tag spells it, and no other is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.planning.catalog.catalog import (
    build,
    read_files,
)
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings
from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.versions import Release

from tests.unit.plugins.plugin_utils.planning.sites import CATALOG, home_lab, plan, refusal

ROLE = Path(__file__).parents[6] / "roles/litellm"


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/berriai/litellm:v1.82.7",
        "ghcr.io/berriai/litellm-database:main-v1.82.8-stable",
        "reg:5000/litellm:1.82.7@sha256:ab",
    ],
)
def test_a_banned_release_is_refused(image: str) -> None:
    told = refusal(home_lab(litellm_image=image))
    assert told.startswith("litellm_image: names LiteLLM 1.82.")
    assert "was compromised (PYPI-2026-03-24, https://github.com/BerriAI/litellm/issues/24512)" in told
    assert told.endswith("Choose 1.108.0 or newer.")


# The first release that has a fault, the last, and their neighbours.
@pytest.mark.parametrize(
    ("release", "advisory", "is_refused"),
    [
        ("1.81.15", "CVE-2026-42208", False),
        ("1.81.16", "CVE-2026-42208", True),
        ("1.83.6", "CVE-2026-42208", True),
        ("1.83.7", "CVE-2026-42208", False),
        ("1.74.1", "CVE-2026-42271", False),
        ("1.74.2", "CVE-2026-42271", True),
        ("1.83.13", "CVE-2026-47101", True),
        ("1.83.14", "CVE-2026-47101", False),
        ("1.83.14", "CVE-2026-49468", True),
        ("1.84.0", "CVE-2026-49468", False),
        ("1.92.0", "CVE-2026-136537", True),
        ("1.93.9", "CVE-2026-12772", False),
        ("1.94.0", "CVE-2026-12772", True),
        ("1.97.0", "CVE-2026-12772", True),
        ("1.98.0", "CVE-2026-12772", False),
    ],
)
def test_an_advisory_is_about_its_releases_alone(release: str, advisory: str, is_refused: bool) -> None:
    bans = build(read_files(CATALOG), None, Findings()).litellm_banned
    about = {ban.advisory for ban in bans if ban.holds(Release.parse(release) or Release(0, 0))}
    assert (advisory in about) is is_refused


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/berriai/litellm:v1.108.14",
        "ghcr.io/berriai/litellm:v1.108.14@sha256:1827",
        "ghcr.io/berriai/litellm:v1.182.70",
        "ghcr.io/berriai/litellm:v1.82.7.1",
        "ghcr.io/berriai/litellm:main-latest",
        "ghcr.io/berriai/litellm@sha256:1827",
        "",
    ],
)
def test_other_releases_are_not(image: str) -> None:
    made = plan(home_lab(litellm_image=image))
    assert made["image"]
    assert not [warning for warning in made["warnings"] if "litellm_image" in warning]


def test_a_release_that_nobody_mends_is_told() -> None:
    (told,) = [
        warning
        for warning in plan(home_lab(litellm_image="ghcr.io/berriai/litellm:v1.106.2"))["warnings"]
        if "litellm_image" in warning
    ]
    assert told == (
        "litellm_image names LiteLLM 1.106.2, whose faults nobody mends any more. Choose 1.108.0 or newer."
    )


def test_the_roles_own_release_may_run() -> None:
    image = yaml.safe_load((ROLE / "defaults/main.yml").read_text("utf-8"))["litellm_image"]
    made = plan(home_lab(litellm_image=image))
    assert not [warning for warning in made["warnings"] if "litellm_image" in warning]


def test_a_site_can_ban_a_release_itself() -> None:
    rows = {"litellm_banned": {"PYPI-1": {"since": "1.109.0", "until": "1.109.1", "reason": "it broke"}}}
    site = home_lab(catalog=rows, litellm_image="a:v1.109.1")
    assert "must not run: it broke (PYPI-1, inference_catalog). Choose another release." in refusal(site)
