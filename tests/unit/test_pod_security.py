"""Which Pod Security level the site's namespace enforces, and what every pod of a site does without."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pod_security import openings, violations
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


def pods(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The templates of all pods of a site, by kind and name."""
    return {
        f"{thing['kind']} {thing['metadata']['name']}": thing["spec"]["template"]
        for objects in answer["objects"].values()
        for thing in objects
        if thing["kind"] in ("Deployment", "DaemonSet", "StatefulSet", "Job")
    }


WHOLE = {"inference_tiers": GPU | CPU, "inference_chat": True}
SITES = [
    WHOLE,
    {**WHOLE, **CLAIM},
    {**WHOLE, "open_webui_storage": "host"},
    {**WHOLE, "vllm_fetch_models": False},
    {**WHOLE, "litellm_state_path": "/var/lib/litellm", "litellm_auth": "none"},
]


@pytest.mark.parametrize("variables", SITES)
def test_no_pod_has_what_it_does_not_need(variables: dict[str, Any]) -> None:
    found = {name: openings(template) for name, template in pods(site(**variables)).items()}
    assert len(found) >= 5
    assert {name: told for name, told in found.items() if told} == {}


@pytest.mark.parametrize("variables", SITES)
def test_what_stays_writable_has_a_volume(variables: dict[str, Any]) -> None:
    """Only HAProxy, the device plugin, the watchdog and what changes an owner write nothing."""
    for name, template in pods(site(**variables)).items():
        spec = template["spec"]
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            mounts = [row["mountPath"] for row in container.get("volumeMounts", [])]
            alone = container["name"] in ("engine-proxy", "watchdog", "own-data") or name.startswith(
                "DaemonSet"
            )
            assert (mounts.count("/tmp") == 1) is not alone, (name, container["name"], mounts)


def test_an_inventory_may_take_other_images() -> None:
    """One that writes elsewhere, or a /tmp of one's own."""
    mount = {"mountPath": "/tmp", "name": "mine"}
    volume = {"name": "mine", "emptyDir": {"medium": "Memory"}}
    variables: dict[str, Any] = {}
    for role in ("vllm", "litellm", "ollama", "open_webui"):
        variables |= {
            f"{role}_read_only_root_filesystem": False,
            f"{role}_extra_volumes": [volume],
            f"{role}_extra_volume_mounts": [mount],
        }
    for name, template in pods(site(**WHOLE, **variables)).items():
        assert openings(template, writable_images=True) == [], name
        for container in template["spec"]["containers"]:
            if not name.startswith("DaemonSet"):
                context = container["securityContext"]
                assert context["readOnlyRootFilesystem"] is False, name
                assert [row["name"] for row in container["volumeMounts"]].count("mine") == 1
                assert [row["mountPath"] for row in container["volumeMounts"]].count("/tmp") == 1


def egress(answer: dict[str, Any], role: str) -> dict[str, Any] | None:
    """The policy of a role that closes the way out."""
    found = [
        thing["spec"]
        for thing in answer["objects"][role]
        if thing["kind"] == "NetworkPolicy" and thing["spec"]["policyTypes"] == ["Egress"]
    ]
    return found[0] if found else None


OFFLINE = {"HF_HUB_OFFLINE": "1"}
PEER = {"ipBlock": {"cidr": "192.0.2.10/32"}}


@pytest.mark.parametrize(
    ("variables", "closed"),
    [
        ({}, False),
        ({"vllm_environment": OFFLINE}, True),
        ({"vllm_environment": OFFLINE, "vllm_egress": "open"}, False),
        ({"vllm_egress": "closed"}, True),
        ({"vllm_fetch_models": False}, False),
        ({"vllm_fetch_models": False, "vllm_environment": OFFLINE}, True),
        ({"inference_models": [{"name": QWEN["name"], "environment": OFFLINE}]}, True),
        (
            {"vllm_environment": OFFLINE}
            | {"inference_models": [{"name": QWEN["name"], "environment": {"HF_HUB_OFFLINE": "0"}}]},
            False,
        ),
    ],
)
def test_an_engine_that_asks_nobody_reaches_nobody(variables: dict[str, Any], closed: bool) -> None:
    answer = site(**variables)
    found = egress(answer, "vllm")
    assert (found is not None) is closed
    if found:
        (engine,) = (t for name, t in pods(answer).items() if name.startswith("Deployment vllm"))
        labels = engine["metadata"]["labels"]
        (only,) = found["podSelector"]["matchExpressions"]
        assert found["podSelector"]["matchLabels"].items() <= labels.items()
        assert (only["operator"], only["values"]) == ("In", [labels[only["key"]]])
        assert found["egress"] == []


@pytest.mark.parametrize("role", ["vllm", "ollama"])
def test_peers_by_name_stay_within_reach(role: str) -> None:
    answer = site(**WHOLE, **{f"{role}_egress": "closed", f"{role}_egress_peers": [PEER]})
    found = egress(answer, role)
    assert found
    assert found["egress"][0] == {"to": [PEER]}
    assert {row["port"] for row in found["egress"][1]["ports"]} == {53}


def test_ollama_pulls_unless_it_is_closed() -> None:
    assert egress(site(**WHOLE), "ollama") is None
    found = egress(site(**WHOLE, ollama_egress="closed"), "ollama")
    assert found
    assert found["egress"] == []


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
