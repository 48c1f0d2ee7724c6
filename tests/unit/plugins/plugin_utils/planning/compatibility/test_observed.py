"""What the driver that a host has loaded adds to the plan."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning.plan import work_out

from tests.unit.plugins.plugin_utils.planning.compatibility.cards import (
    GEFORCE,
    SEED_DRIVER,
    host,
)
from tests.unit.plugins.plugin_utils.planning.sites import RAW, home_lab, plan, refusal


@pytest.mark.parametrize("found", [None, "", SEED_DRIVER, "575.57.08", "535.54.03", "not a driver"])
@pytest.mark.parametrize("wanted", [None, "570", SEED_DRIVER])
def test_the_plan_does_not_depend_on_what_is_loaded(wanted: str | None, found: str | None) -> None:
    bare = work_out(home_lab(hosts=[host(GEFORCE, wanted)]), RAW)
    finished = work_out(home_lab(hosts=[host(GEFORCE, wanted, found)]), RAW)
    assert finished.plan == bare.plan


def test_a_loaded_driver_is_judged_where_none_is_wanted() -> None:
    told = refusal(home_lab(vllm_version="0.15.1", hosts=[host(GEFORCE, None, SEED_DRIVER)]))
    assert "error 804" in told
    assert "problems" not in told
    site = home_lab(vllm_version="0.13.0", hosts=[host(GEFORCE, None, SEED_DRIVER)])
    outcome = work_out(site, RAW)
    assert outcome.observed["hosts"][0]["verdict"] == "warn"
    assert "minor-version compatibility" in outcome.observed["warnings"][0]
    assert not [text for text in outcome.plan["warnings"] if SEED_DRIVER in text and "recorded" not in text]
    # Wanted wins: what is loaded will be replaced.
    assert plan(home_lab(vllm_version="0.15.1", hosts=[host(GEFORCE, "575.57.08", SEED_DRIVER)]))


def test_what_the_plan_refused_is_not_refused_again_for_the_loaded_driver() -> None:
    site = home_lab(vllm_version="0.20.0", hosts=[host("v100-32gb", None, SEED_DRIVER)])
    told = refusal({**site, "models": [{"name": "qwen2.5-7b-instruct"}]})
    assert told.count("cannot run on") == 1


@pytest.mark.parametrize(
    ("wanted", "found", "told"),
    [
        ("570", SEED_DRIVER, None),
        (SEED_DRIVER, None, None),
        (SEED_DRIVER, "570.172.08", "driver 570.172.08 is loaded, but 570.195.03 is wanted"),
        ("575", SEED_DRIVER, "driver 570.195.03 is loaded, but 575 is wanted"),
    ],
)
def test_a_loaded_driver_that_is_not_the_wanted_one_is_told(
    wanted: str, found: str | None, told: str | None
) -> None:
    observed = work_out(home_lab(hosts=[host(GEFORCE, wanted, found)]), RAW).observed
    row = observed["hosts"][0]
    assert (row["driver_wanted"], row["driver_found"]) == (wanted, found)
    if told:
        due = f"inference_host_driver of w: {told}: an installation or a reboot is due."
        assert observed["warnings"] == [due]
    else:
        assert observed["warnings"] == []
