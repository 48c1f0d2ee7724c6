"""A banned release of the gateway is refused however its tag spells it, and no other is."""

from __future__ import annotations

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, plan, refusal


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
    assert "was compromised (https://github.com/BerriAI/litellm/issues/24512)" in told


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/berriai/litellm:v1.106.2",
        "ghcr.io/berriai/litellm:v1.82.70",
        "ghcr.io/berriai/litellm:v1.82.7.1",
        "ghcr.io/berriai/litellm:main-latest",
        "ghcr.io/berriai/litellm@sha256:1827",
        "",
    ],
)
def test_other_releases_are_not(image: str) -> None:
    assert plan(home_lab(litellm_image=image))["image"]


def test_a_site_can_ban_a_release_itself() -> None:
    site = home_lab(catalog={"litellm_banned": {"1.90.0": {"reason": "it broke"}}}, litellm_image="a:v1.90.0")
    assert "must not run: it broke (inference_catalog)" in refusal(site)
