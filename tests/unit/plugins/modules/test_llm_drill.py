"""A drill takes tiers away, tells what clients noticed, and puts everything back however it ends."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from typing import Any

import pytest
import yaml
from ansible_collections.inference.stack.plugins.module_utils.cluster import outage_substitute
from ansible_collections.inference.stack.plugins.module_utils.probing.drill import run
from ansible_collections.inference.stack.plugins.modules import llm_drill
from ansible_collections.inference.stack.plugins.plugin_utils.boundary.controller_action import Call

from tests.unit.plugins.drill_site import OWNER, TIERS, DrillSite
from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRun, ModuleRunner
from tests.unit.plugins.scripted_server import ScriptedServer


@pytest.fixture
def site(server: ScriptedServer) -> DrillSite:
    return DrillSite(server).serve()


def drill(site: DrillSite, run_module: ModuleRunner, *flaws: str, **more: Any) -> ModuleRun:
    site.flaws = set(flaws)
    return run_module(llm_drill.main, site.options(**more))


def stage(done: ModuleRun, name: str) -> dict[str, Any]:
    (found,) = (one for one in done.result["stages"] if one["stage"] == name)
    return found


def assert_everything_is_back(site: DrillSite) -> None:
    assert site.replicas == {"engine": 1, "ollama": 1}
    assert site.frozen == set()
    assert site.policy is None
    assert site.substitutes == {}
    assert site.selectors == {"engine-pods": {"app": "engine"}, "ollama-pods": {"app": "ollama"}}
    assert site.record is None


WAYS = {
    "scale": ["engine 0", "engine 1"],
    "kill": ["engine killed"],
    "freeze": ["engine -STOP", "engine -CONT", "engine -CONT"],
    "block": ["cut off: engine", "cut off: nobody"],
    "error": [
        "inference-drill-engine started",
        "engine-pods ['inference.stack/drill']",
        "engine-pods ['app']",
        "inference-drill-engine stopped",
    ],
}


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_taken_and_undone(site: DrillSite, run_module: ModuleRunner, way: str) -> None:
    done = drill(site, run_module, way=way)
    assert not done.failed, done.result["msg"]
    assert site.history == WAYS[way]
    assert_everything_is_back(site)
    assert (done.result["passed"], done.result["failures"], done.result["changed"]) == (True, 0, False)
    assert done.result["requests"] >= 60
    assert set(stage(done, "after")["tiers"]) == {"gpu"}
    # What was under way when the tier went may have its answer from the next one.
    assert stage(done, "before")["tiers"].get("cpu", 0) <= 2
    without = stage(done, "without gpu")
    assert without["tiers"]["cpu"] > 5 and without["beside"] > 5 and without["streamed"] > 5
    (outage,) = done.result["outages"]
    assert (outage["tier"], outage["way"]) == ("gpu", way)
    assert (outage["effect_s"] is not None) is (way in ("block", "error"))
    assert outage["detection_s"] < 5 and outage["return_s"] < 10 and outage["away_s"] >= outage["return_s"]
    assert any("gpu, " + way in line for line in done.result["table"])


def test_a_slow_tier_answers_itself_and_late(site: DrillSite, run_module: ModuleRunner) -> None:
    done = drill(site, run_module, way="slow", delay=0.2)
    assert not done.failed, done.result["msg"]
    assert site.history == WAYS["error"]
    assert_everything_is_back(site)
    without = stage(done, "without gpu")
    assert set(without["tiers"]) == {"gpu"} and without["p50_s"] >= 0.2
    assert stage(done, "after")["p50_s"] < 0.2
    (outage,) = done.result["outages"]
    assert outage["late_answers"] > 5 and 0 <= outage["late_beyond_p95_s"] < 5
    assert outage["detection_s"] is None
    assert any("beyond the delay" in line for line in done.result["table"])


def test_who_had_the_selector_before_has_it_again(site: DrillSite, run_module: ModuleRunner) -> None:
    drill(site, run_module, way="error")
    assert site.managers == ["inference-drill", "inference-stack"]


DEEP = {
    "block": ["cut off: engine", "cut off: engine, ollama", "cut off: engine", "cut off: nobody"],
    "error": [
        *WAYS["error"][:2],
        *(line.replace("engine", "ollama") for line in WAYS["error"]),
        *WAYS["error"][2:],
    ],
}


@pytest.mark.parametrize("way", DEEP)
def test_the_next_tier_goes_the_same_way(site: DrillSite, run_module: ModuleRunner, way: str) -> None:
    done = drill(site, run_module, depth=2, way=way, requests=90)
    assert not done.failed, done.result["msg"]
    assert site.history == DEEP[way]
    assert_everything_is_back(site)
    nobody = stage(done, "without gpu and cpu")
    assert nobody["refused"] > 5 and nobody["failed"] == 0


NO_EFFECT = {
    "open": ("block", "Does the cluster's network enforce NetworkPolicies"),
    "headful": ("error", "No headless Service leads to the pods of ml/engine"),
    "crash": ("error", "is not ready within 0.2 s: ErrImagePull no such image"),
}


@pytest.mark.parametrize("flaw", NO_EFFECT)
def test_a_way_without_effect_is_told_and_undone(
    site: DrillSite, run_module: ModuleRunner, flaw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_EFFECT_S", 0.3)
    monkeypatch.setattr(outage_substitute, "_START_S", 0.2)
    way, told = NO_EFFECT[flaw]
    done = drill(site, run_module, flaw, way=way)
    assert done.failed and told in done.result["msg"]
    assert_everything_is_back(site)


@pytest.mark.parametrize("way", ["block", "slow"])
def test_what_a_killed_drill_left_is_found_again(
    site: DrillSite, run_module: ModuleRunner, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL lets nothing run at the end: the next drill finds record, policy and pod."""
    monkeypatch.setattr(run, "put_back", lambda *_: None)
    monkeypatch.setattr(run, "clear_record", lambda *_: None)
    drill(site, run_module, way=way, delay=0.2, return_timeout=0.1)
    assert site.record is not None and (site.policy or site.substitutes)
    monkeypatch.undo()
    again = run_module(llm_drill.main, {**site.options(), "tiers": [], "base_url": "", "restore_only": True})
    assert again.result["restored"] == [f"engine ({way})"]
    assert_everything_is_back(site)


def test_what_still_runs_of_an_earlier_drill_makes_way(site: DrillSite, run_module: ModuleRunner) -> None:
    site.substitutes["inference-drill-engine"] = {"failing": True}
    done = drill(site, run_module, way="error")
    assert not done.failed, done.result["msg"]
    assert site.history[:2] == ["inference-drill-engine stopped", "inference-drill-engine started"]


def test_who_scaled_it_before_has_it_again(site: DrillSite, run_module: ModuleRunner) -> None:
    drill(site, run_module)
    assert site.managers == ["inference-drill", OWNER]


def test_with_every_tier_away_clients_are_refused_and_that_is_no_failure(
    site: DrillSite, run_module: ModuleRunner
) -> None:
    done = drill(site, run_module, depth=2, requests=90)
    assert not done.failed, done.result["msg"]
    assert site.history == ["engine 0", "ollama 0", "ollama 1", "engine 1"]
    assert_everything_is_back(site)
    nobody = stage(done, "without gpu and cpu")
    assert nobody["refused"] > 5 and nobody["failed"] == 0
    assert [outage["tier"] for outage in done.result["outages"]] == ["gpu", "cpu"]
    assert done.result["outages"][1]["refusal_p95_s"] < 5
    assert done.result["outages"][1]["return_s"] < 10
    assert stage(done, "cpu comes back")["failed"] == 0


FLAWS = {
    # The first one may have been sent a moment before.
    "fails": "requests failed that had not begun to stream, the first one ",
    "slow": "s later than the next tier's own, and 0.2 s are allowed",
    "anonymous": "Not every answer came from tier gpu before anything was taken away: tier unknown answered",
    "lost": "gpu taken away (scale): it did not come back",
    "restart": "the gateway's pods were replaced or restarted meanwhile",
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_is_told_and_everything_is_put_back(
    site: DrillSite, run_module: ModuleRunner, flaw: str
) -> None:
    more = {"lost": {"return_timeout": 0.5}, "slow": {"first_limit": 0.2, "first_answers": 10}}
    done = drill(site, run_module, flaw, **more.get(flaw, {}))
    assert done.failed
    assert FLAWS[flaw] in done.result["msg"]
    assert site.record is None
    assert flaw == "lost" or site.replicas["engine"] == 1


def test_a_refusal_has_to_be_a_503(site: DrillSite, run_module: ModuleRunner) -> None:
    done = drill(site, run_module, "rude", depth=2, requests=90)
    assert "requests that nobody could answer were told something else than 503" in done.result["msg"]


def test_a_stream_that_had_begun_is_counted_and_no_failure(site: DrillSite, run_module: ModuleRunner) -> None:
    done = drill(site, run_module, "cut")
    assert not done.failed, done.result["msg"]
    assert sum(one["cut_streams"] for one in done.result["stages"]) == 1


def test_what_cannot_be_frozen_is_refused_and_the_record_is_gone(
    site: DrillSite, run_module: ModuleRunner
) -> None:
    done = drill(site, run_module, "shell", way="freeze")
    assert "Nothing could be frozen in pod engine-1: kill: No such process" in done.result["msg"]
    assert_everything_is_back(site)


def test_what_is_away_already_is_not_taken(site: DrillSite, run_module: ModuleRunner) -> None:
    site.replicas["ollama"] = 0
    done = drill(site, run_module, depth=2)
    assert "Deployment ml/ollama is scaled to 0 already" in done.result["msg"]
    assert site.replicas == {"engine": 1, "ollama": 0}
    assert site.record is None


def test_what_cannot_be_put_back_stays_in_the_record_for_the_next_run(
    site: DrillSite, run_module: ModuleRunner
) -> None:
    done = drill(site, run_module, "unscalable")
    assert "not now" in done.result["msg"]
    assert site.replicas["engine"] == 0
    assert site.record is not None
    (entry,) = json.loads(site.record["data"]["taken"])
    assert (entry["deployment"], entry["replicas"], entry["manager"]) == ("engine", 1, OWNER)
    asked = len([one for one in site.server.requests if one.path.startswith("/v1/")])

    site.flaws = set()
    again = run_module(llm_drill.main, {**site.options(), "tiers": [], "base_url": "", "restore_only": True})
    assert not again.failed, again.result
    assert again.result["restored"] == ["engine (scale)"]
    assert again.result["changed"] is True
    assert_everything_is_back(site)
    assert len([one for one in site.server.requests if one.path.startswith("/v1/")]) == asked


def test_a_drill_begins_by_putting_back_what_another_one_left(
    site: DrillSite, run_module: ModuleRunner
) -> None:
    drill(site, run_module, "unscalable")
    done = drill(site, run_module)
    assert not done.failed, done.result["msg"]
    assert done.result["restored"] == ["engine (scale)"]
    assert_everything_is_back(site)


def test_a_record_that_nobody_can_read_is_told(site: DrillSite, run_module: ModuleRunner) -> None:
    site.record = {"data": {"taken": "{"}}
    done = drill(site, run_module)
    assert "ConfigMap ml/inference-drill, cannot be read" in done.result["msg"]
    assert site.history == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_drill_puts_everything_back(
    site: DrillSite, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    site.flaws = {"slow"}
    handlers = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]

    def interrupt() -> None:
        while site.replicas["engine"]:
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_plain(site.options(requests=400))
    assert site.history == ["engine 0", "engine 1"]
    assert_everything_is_back(site)
    assert handlers == [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]


def run_plain(options: dict[str, Any]) -> None:
    """The module's code without what catches the end of a process."""
    Call("llm_drill", llm_drill.ARGUMENTS, options).answer(llm_drill.run)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"requests": 10}, "requests is 10. Below 40 there is nothing to compare"),
        ({"depth": 3}, "depth is 3. There are 2 tiers to take away"),
        ({"depth": 0}, "depth is 0"),
        ({"users": 0}, "users must be above 0"),
        ({"pause": -1}, "pause must not be negative"),
        ({"tiers": []}, "tiers is empty"),
        ({"tiers": [{"name": "gpu", "model": "big"}]}, "tier gpu has no Deployment"),
        ({"tiers": [*TIERS, {"name": "cloud", "model": "m"}]}, "tier_map has no address of tier cloud"),
        ({"way": "block", "gateway": ""}, "gateway is empty, and block happens between it and a tier"),
        ({"way": "slow", "depth": 2}, "depth is 2 with way slow. A tier that is slow answers"),
        ({"way": "slow", "delay": 0}, "delay is 0. Choose more than 0 and less than 120 s"),
        ({"way": "slow", "delay": 120}, "delay is 120"),
        ({"way": "unplug"}, "value of way must be one of"),
    ],
)
def test_options_are_checked_before_anything_is_asked(
    site: DrillSite, run_module: ModuleRunner, wrong: dict[str, Any], told: str
) -> None:
    done = drill(site, run_module, **wrong)
    assert told in done.result["msg"]
    assert site.server.requests == []


def test_check_mode_asks_nobody(site: DrillSite, run_module: ModuleRunner) -> None:
    done = run_module(llm_drill.main, site.options(), check=True)
    assert done.result["skipped"] is True
    assert site.server.requests == []


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(llm_drill), llm_drill.ARGUMENTS)


def test_documentation_and_code_return_the_same(site: DrillSite, run_module: ModuleRunner) -> None:
    done = drill(site, run_module)
    returned = yaml.safe_load(llm_drill.RETURN)
    assert set(returned) == set(done.result) - {"changed", "invocation"}
    for name in ("stages", "outages"):
        assert set(returned[name]["contains"]) == set(done.result[name][0])
