"""Which Pod Security level the site's namespace enforces: baseline as soon as no pod needs more."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pod_security import violations
from tests.rendered_site import rendered_site
from tests.unit.test_references import BASIS, CPU, GPU, QWEN

CLAIM = {"vllm_cache_claim_size": "200Gi"}
FOLDER = [{"name": "site", "hostPath": {"path": "/opt/site"}}]
BASELINE = {"ml": {"enforce": "baseline", "warn": "baseline", "audit": "baseline"}}


def site(**variables: Any) -> dict[str, Any]:
    return rendered_site(BASIS | {"inference_models": [QWEN], "inference_tiers": GPU} | variables)


def broken(answer: dict[str, Any]) -> list[str]:
    """What the pods of the site's namespace do that baseline forbids."""
    return [
        told
        for objects in answer["objects"].values()
        for thing in objects
        if thing["kind"] in ("Deployment", "DaemonSet", "Job") and thing["metadata"]["namespace"] == "ml"
        for told in violations(thing["spec"]["template"])
    ]


@pytest.mark.parametrize(
    "variables",
    [
        CLAIM,
        {**CLAIM, "inference_chat": True},
        {**CLAIM, "inference_chat": True, "open_webui_storage": "none"},
        {**CLAIM, "vllm_extra_volumes": [{"name": "scratch", "emptyDir": {}}]},
        {**CLAIM, "vllm_fetch_models": False},
        {"inference_models": [], "inference_tiers": {"cloud": {"model": "m", "api_key": "k"}}},
    ],
)
def test_a_site_without_folders_of_hosts_enforces_baseline(variables: dict[str, Any]) -> None:
    answer = site(**variables)
    assert (answer["pod_security"], broken(answer)) == (BASELINE, [])


@pytest.mark.parametrize(
    ("variables", "because"),
    [
        ({}, "hostPath cache"),
        ({**CLAIM, "inference_tiers": GPU | CPU}, "hostPath models"),
        ({**CLAIM, "inference_chat": True, "open_webui_storage": "host"}, "hostPath data"),
        ({**CLAIM, "device_plugin_namespace": "ml"}, "hostPath device-plugins"),
        ({**CLAIM, "vllm_extra_volumes": FOLDER}, "hostPath site"),
        ({**CLAIM, "litellm_extra_volumes": FOLDER}, "hostPath site"),
        ({**CLAIM, "inference_chat": True, "open_webui_extra_volumes": FOLDER}, "hostPath site"),
    ],
)
def test_a_folder_of_a_host_needs_more(variables: dict[str, Any], because: str) -> None:
    answer = site(**variables)
    assert answer["pod_security"] == {}
    assert because in broken(answer)


def test_a_chat_that_its_verb_installs_counts() -> None:
    """site.yml does not render it, and must not keep its pods from starting again."""
    assert site(**CLAIM, open_webui_storage="host")["pod_security"] == {}
