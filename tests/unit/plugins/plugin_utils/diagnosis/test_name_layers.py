"""One name for one model, wherever it stands; each kind of drift is a row of name_faults.py."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.name_layers import names
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.observed_site import Site
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.walk import examine

from tests.unit.plugins.plugin_utils.diagnosis.healthy_site import (
    BROKEN,
    DEGRADED,
    OK,
    QWEN,
    Planted,
    healthy,
    no_answer,
)
from tests.unit.plugins.plugin_utils.diagnosis.name_faults import (
    KEPT_ROW,
    NAME_FAULTS,
    OLD,
    chat_with,
    configured,
    registered,
    renamed_model_answers_404_and_a_lower_tier_hides_it,
    told,
)


def statuses(site: Planted) -> list[str]:
    return [finding.status for finding in names(Site(site.seen))]


@pytest.mark.parametrize("hidden", [True, False], ids=["silent fallback", "404"])
def test_the_outage_of_a_renamed_model_that_answers_404_and_falls_back_silently_is_named(
    hidden: bool,
) -> None:
    """The CPU answered every request, and only the names showed why. Our gateway hands on the 404."""
    site = Planted()
    renamed_model_answers_404_and_a_lower_tier_hides_it(site)
    if not hidden:
        site.gateway["answers"][0] = no_answer(QWEN, "HTTP 404")
    document = examine(site.seen)
    assert document["verdict"] == (DEGRADED if hidden else BROKEN)
    assert (document["fault"]["layer"], document["fault"]["subject"]) == ("names", QWEN)
    assert f"for {OLD}, but it serves {QWEN}" in document["fault"]["evidence"]
    # The engine itself is well, and so is its name.
    assert {row["layer"]: row["status"] for row in document["layers"]}["model"] == OK


@pytest.mark.parametrize("name", NAME_FAULTS)
def test_each_kind_of_drift_is_one_finding(name: str) -> None:
    site = Planted()
    NAME_FAULTS[name][0](site)
    assert len(statuses(site)) == 1
    assert OK not in statuses(site)


@pytest.mark.parametrize(
    "plant",
    [
        told(),
        told(NOTE="somebody's own"),
        chat_with(QWEN),
        chat_with("vllm-qwen, qwen3:4b"),
        chat_with(""),
        registered(KEPT_ROW),
        registered(
            {"name": KEPT_ROW["name"], "backend_url": KEPT_ROW["backend_url"]}
        ),  # a table with few columns
        configured(lambda settings: settings["router_settings"]["model_group_alias"].update(house=QWEN)),
        configured(
            lambda settings: settings["router_settings"]["model_group_alias"].update(
                {"vllm-qwen": {"model": QWEN, "hidden": True}}
            )
        ),
        configured(lambda settings: settings["litellm_settings"].update(fallbacks=[{"vllm-qwen": [QWEN]}])),
    ],
)
def test_what_says_the_same_or_belongs_to_somebody_else_is_no_drift(plant: Any) -> None:
    site = Planted()
    plant(site)
    assert statuses(site) == [OK]


def test_an_engine_that_nobody_asked_is_compared_by_the_plan() -> None:
    site = Planted()
    renamed_model_answers_404_and_a_lower_tier_hides_it(site)
    site.seen["engines"] = []
    (finding,) = names(Site(site.seen))
    assert f"asks openai/{OLD}" in finding.evidence


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "[", "- 1", "1", "model_list: 1", "model_list: [1]", "model_list: [{litellm_params: 1}]"),
        *(
            "litellm_settings: 1",
            "router_settings: {model_group_alias: [1]}",
            "litellm_settings: {fallbacks: [{a: 1}]}",
        ),
    ],
)
def test_a_configuration_that_cannot_be_read_is_no_error(text: str | None) -> None:
    site = Planted()
    site.cluster["config_maps"]["litellm"] = {} if text is None else {"config.yaml": text}
    assert OK not in statuses(site)


def test_another_name_of_the_gateway_is_followed() -> None:
    seen = healthy()
    seen["plan"]["parts"]["gateway"]["name"] = "front"
    seen["cluster"]["config_maps"]["front"] = seen["cluster"]["config_maps"].pop("litellm")
    assert [finding.status for finding in names(Site(seen))] == [OK]
    assert yaml.safe_load(seen["cluster"]["config_maps"]["front"]["config.yaml"])["model_list"]
