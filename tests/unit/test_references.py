"""However an inventory calls the parts of a site: each reference resolves to an object of the same render."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import yaml
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.name_layers import (
    names as layer_of_names,
)
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.network_policies import matches
from ansible_collections.inference.stack.plugins.plugin_utils.diagnosis.observed_site import (
    Site as ObservedSite,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.pod_security import violations
from tests.rendered_site import rendered_site
from tests.unit.plugins.plugin_utils.front_door.doors import DOORS
from tests.unit.plugins.plugin_utils.front_door.published import faults

WORKLOADS = ("Deployment", "DaemonSet")
HF_HOME = "/root/.cache/huggingface"
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
PORTS, NODE_PORTS = st.integers(1, 65535), st.integers(30000, 32767)
TYPES = st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"])
QWEN: dict[str, Any] = {"name": "qwen3-8b-awq", "aliases": ["vllm-qwen"]}
RENAMED = {**QWEN, "served_name": "house-model"}
R1 = {"name": "deepseek-r1-distill-qwen-7b-awq", "mode": "r1"}
GPU: dict[str, Any] = {"gpu": {}}
CPU: dict[str, Any] = {"cpu": {"model": "qwen3:4b"}}
CLOUD: dict[str, Any] = {"cloud": {"model": "m", "api_key": "k"}}
# Somebody of another namespace, who is no part of the site.
PEERS = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "apps"}}}]
# What an inventory must say in any case.
BASIS = {
    "inference_vllm_version": "0.8.5.post1",
    "litellm_master_key": "sk-" + "0" * 32,
    "litellm_keys": [{"name": "chat", "key": "sk-" + "1" * 32}],
    "open_webui_secret_key": "2" * 32,
}
SITES = st.fixed_dictionaries(
    {
        "inference_models": st.sampled_from([[QWEN], [QWEN, R1], [RENAMED, R1]]),
        "inference_tiers": st.sampled_from([GPU, GPU | CPU, CPU | GPU, GPU | CPU | CLOUD]),
    },
    optional={
        "inference_namespace": NAMES,
        "inference_chat": st.booleans(),
        "device_plugin_namespace": NAMES,
        # For the engines, for the hosts, or for both.
        "vllm_cache_path": st.just("/srv/models"),
        "model_cache_path": st.just("/srv/models"),
        **{f"{role}_port": PORTS for role in ("vllm", "ollama", "litellm", "open_webui")},
        **{f"{role}_service_name": NAMES for role in ("vllm", "ollama", "litellm", "open_webui")},
        **{f"{role}_service_type": TYPES for role in ("litellm", "open_webui")},
        **{f"{role}_node_port": NODE_PORTS for role in ("litellm", "open_webui")},
        **{f"{role}_ingress": DOORS for role in ("litellm", "open_webui")},
        **{f"{role}_allowed_peers": st.just(PEERS) for role in ("litellm", "open_webui")},
        "open_webui_storage": st.sampled_from(["claim", "host", "none"]),
        "vllm_cache_claim_size": st.just("200Gi"),
        "litellm_fallback_config_namespace": NAMES,
    },
)


class Site:
    """The objects of one render."""

    def __init__(self, plan: dict[str, Any], objects: dict[str, list[dict[str, Any]]]) -> None:
        self.plan = plan
        self.objects = [thing for listed in objects.values() for thing in listed]

    def of(self, *kinds: str) -> Iterator[dict[str, Any]]:
        return (thing for thing in self.objects if thing["kind"] in kinds)

    def has(self, kind: str, namespace: str, name: str) -> bool:
        wanted = (namespace, name)
        return any((row["metadata"]["namespace"], row["metadata"]["name"]) == wanted for row in self.of(kind))

    def service_at(self, url: str) -> dict[str, Any]:
        """The Service behind an address, which has to listen on its port."""
        parts = urlsplit(url)
        name, namespace, rest = str(parts.hostname).split(".", 2)
        assert rest == "svc.cluster.local"
        found = [row for row in self.of("Service") if row["metadata"]["name"] == name]
        assert len(found) == 1, f"{url}: {len(found)} Services are called {name}"
        assert found[0]["metadata"]["namespace"] == namespace, url
        assert parts.port in [port["port"] for port in found[0]["spec"]["ports"]], url
        return found[0]

    def chosen(self, selector: dict[str, str], namespace: str) -> list[dict[str, Any]]:
        """Workloads whose pods have these labels."""
        return [
            row
            for row in self.of(*WORKLOADS)
            if row["metadata"]["namespace"] == namespace
            and matches({"matchLabels": selector}, row["spec"]["template"]["metadata"]["labels"])
        ]


def containers(workload: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workload["spec"]["template"]["spec"]["containers"]
    return found


def serving(workload: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers that run while the pod serves: init containers that keep running are among them."""
    spec = workload["spec"]["template"]["spec"]
    aside = [row for row in spec.get("initContainers") or [] if row.get("restartPolicy") == "Always"]
    return [*containers(workload), *aside]


def listening(workload: dict[str, Any]) -> dict[int, str]:
    """The ports on which a pod's containers listen, each with its container."""
    found = {listens_on(row): row["name"] for row in serving(workload)}
    return {port: name for port, name in found.items() if port}


def environment(container: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["value"] for row in container.get("env") or [] if "value" in row}


def listens_on(container: dict[str, Any]) -> int | None:
    """The port that the program was told to listen on."""
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    told = environment(container)
    given = [word.partition("=")[2] for word in words if word.startswith("--port=")]
    if given:
        return int(given[0])
    if "--port" in words:
        return int(words[words.index("--port") + 1])
    host = told.get("OLLAMA_HOST", "")
    return int(told.get("PORT") or host.rpartition(":")[2] or 0) or None


def port_of(workload: dict[str, Any], port: int | str) -> int | None:
    """What a named port of a pod is; a number stands for itself."""
    named = {row["name"]: row["containerPort"] for one in serving(workload) for row in one.get("ports") or []}
    return port if isinstance(port, int) else named.get(port)


def through_haproxy(gateway: dict[str, Any], url: str) -> Iterator[str]:
    """Where the HAProxy of the gateway's pod sends what it is asked: the server, and the server's check."""
    config = gateway["data"]["haproxy.cfg"]
    parts = urlsplit(url)
    assert f"bind 127.0.0.1:{parts.port}\n" in config, url
    routes = re.findall(r"use_backend (\S+) if { path_beg (\S+) }", config)
    (engine,) = (backend for backend, path in routes if f"{parts.path}/".startswith(path))
    section = config.partition(f"\nbackend {engine}\n")[2].partition("\nbackend ")[0]
    (server,) = re.findall(r"^ +server \S+ (\S+):(\d+) .*?check(?: port (\d+))? ", section, re.MULTILINE)
    host, port, check = server
    yield f"http://{host}:{port}"
    yield f"http://{host}:{check or port}"


def check_addresses(site: Site) -> None:
    (gateway,) = (row for row in site.of("ConfigMap") if "config.yaml" in row["data"])
    listed = yaml.safe_load(gateway["data"]["config.yaml"])["model_list"]
    targets = [row["litellm_params"].get("api_base") for row in listed]
    asked = [environment(row) for workload in site.of(*WORKLOADS) for row in containers(workload)]
    targets += [row["OPENAI_API_BASE_URL"] for row in asked if "OPENAI_API_BASE_URL" in row]
    targets += [url for url, tier in site.plan["tier_map"].items() if tier != "cloud"]
    # What n8n reads: whatever is an address.
    told = [row for row in site.of("ConfigMap") if row["metadata"]["name"] == "llm-fallback-config"]
    targets += [url for row in told for url in row["data"].values() if url.startswith("http")]
    targets += [model["contract"]["api_base"] for model in site.plan["vllm_models"]]
    for url in targets:
        if url and urlsplit(url).hostname == "127.0.0.1":
            for behind in through_haproxy(gateway, url):
                site.service_at(behind)
        elif url:
            site.service_at(url)


def check_services(site: Site) -> None:
    for service in site.of("Service"):
        chosen = site.chosen(service["spec"]["selector"], service["metadata"]["namespace"])
        assert chosen, f"nobody stands behind {service['metadata']['name']}"
        for port in service["spec"]["ports"]:
            for workload in chosen:
                assert port_of(workload, port["targetPort"]) in listening(workload)


def check_probes(site: Site) -> None:
    for workload, container in ((one, row) for one in site.of(*WORKLOADS) for row in serving(one)):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe in container:
                asked = port_of(workload, container[probe]["httpGet"]["port"])
                assert asked in listening(workload), f"{probe} asks {asked}"


def check_policies(site: Site) -> None:
    for policy in site.of("NetworkPolicy"):
        namespace = policy["metadata"]["namespace"]
        guarded = site.chosen(policy["spec"]["podSelector"]["matchLabels"], namespace)
        assert guarded, f"{policy['metadata']['name']} guards nobody"
        for rule in policy["spec"].get("ingress", []):
            for workload in guarded:
                assert set(listening(workload)) == {row["port"] for row in rule["ports"]}
            # Who comes from another namespace, such as Prometheus, is no part of the site.
            peers = [
                row["podSelector"]["matchLabels"] for row in rule["from"] if "namespaceSelector" not in row
            ]
            assert all(site.chosen(peer, namespace) for peer in peers)
            assert rule["from"]


def check_front_doors(site: Site, variables: dict[str, Any]) -> None:
    """Each leads to the Service of its part, fits its schema, and has the address of the plan."""
    found = {}
    for door in site.of("Ingress", "IngressRoute", "HTTPRoute"):
        assert faults(door) == []
        (backend,) = backends(door)
        services = [row for row in site.of("Service") if row["metadata"]["name"] == backend[0]]
        assert [row["metadata"]["namespace"] for row in services] == [door["metadata"]["namespace"]]
        assert [port["port"] for port in services[0]["spec"]["ports"]] == [backend[1]]
        found[door["metadata"]["name"]] = door["kind"]
    wanted = {
        row["name"]: variables[f"{row['role']}_ingress"]
        for row in site.plan["parts"].values()
        if row["wanted"] and f"{row['role']}_ingress" in variables and row["public_url"]
    }
    assert found == {name: value["kind"] for name, value in wanted.items()}
    for row in site.plan["parts"].values():
        if row["public_url"]:
            assert row["public_url"].partition("://")[2] == variables[f"{row['role']}_ingress"]["host"]


def backends(door: dict[str, Any]) -> list[tuple[str, int]]:
    """The Services and ports that a front door leads to."""
    spec = door["spec"]
    if door["kind"] == "Ingress":
        paths = [path["backend"]["service"] for rule in spec["rules"] for path in rule["http"]["paths"]]
        return [(path["name"], path["port"]["number"]) for path in paths]
    rows = [
        row
        for rule in spec.get("rules", spec.get("routes"))
        for row in rule.get("backendRefs", rule.get("services"))
    ]
    return [(row["name"], row["port"]) for row in rows]


def check_volumes(site: Site) -> None:
    for workload in site.of(*WORKLOADS, "Job"):
        spec, namespace = workload["spec"]["template"]["spec"], workload["metadata"]["namespace"]
        volumes = {row["name"]: row for row in spec["volumes"]}
        everything = [*spec.get("initContainers", []), *containers(workload)]
        mounts = [row["name"] for container in everything for row in container["volumeMounts"]]
        assert set(mounts) == set(volumes)
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                claim = volume["persistentVolumeClaim"]["claimName"]
                assert site.has("PersistentVolumeClaim", namespace, claim)
            if "configMap" in volume:
                assert site.has("ConfigMap", namespace, volume["configMap"]["name"])


def check_pod_security(site: Site, levels: dict[str, dict[str, str]]) -> None:
    """No namespace enforces what a pod of it breaks."""
    for workload in site.of(*WORKLOADS, "Job"):
        if levels.get(workload["metadata"]["namespace"], {}).get("enforce") == "baseline":
            assert violations(workload["spec"]["template"]) == [], workload["metadata"]["name"]


def check_names(site: Site) -> None:
    """Everybody calls a model as its engine does: what doctor says of a site that runs what was rendered."""
    maps = list(site.of("ConfigMap"))
    engines = {row["deployment"]: row for row in site.plan["vllm_models"]}
    workloads, asked = [], []
    for one in site.of("Deployment"):
        name = one["metadata"]["name"]
        workloads.append({"kind": "Deployment", "name": name, "variables": environment(containers(one)[0])})
        if name in engines:
            words = [*(containers(one)[0].get("command") or []), *containers(one)[0]["args"]]
            served = [words[words.index("--served-model-name") + 1]] if "--served-model-name" in words else []
            workloads[-1]["pods"] = [{"name": name}]
            asked.append({"item": {"name": name}, "models": served or [engines[name]["repository"]]})
    told = [row for row in maps if row["metadata"]["name"] == "llm-fallback-config"]
    names = {row["metadata"]["name"]: row["data"] for row in maps}
    names |= {f"{row['metadata']['namespace']}/llm-fallback-config": row["data"] for row in told}
    observed = {
        "plan": site.plan,
        "cluster": {"answers": True, "config_maps": names, "workloads": workloads},
        "engines": asked,
        "fallback_config_namespace": "".join(row["metadata"]["namespace"] for row in told),
    }
    findings = layer_of_names(ObservedSite(observed))
    assert [row.status for row in findings] == ["ok"], findings


def check_cache(site: Site, path: str) -> None:
    for model in site.plan["vllm_models"]:
        (engine,) = (row for row in site.of("Deployment") if row["metadata"]["name"] == model["deployment"])
        (container,) = containers(engine)
        mount = next(row for row in container["volumeMounts"] if row["mountPath"] == HF_HOME)
        assert environment(container)["HF_HOME"] == HF_HOME
        volumes = {row["name"]: row for row in engine["spec"]["template"]["spec"]["volumes"]}
        if path:
            assert volumes[mount["name"]]["hostPath"]["path"] == path
        else:
            assert site.has(
                "PersistentVolumeClaim",
                site.plan["namespace"],
                volumes[mount["name"]]["persistentVolumeClaim"]["claimName"],
            )
    # What fetches models puts them where engines look.
    for job in site.of("Job"):
        (container,) = containers(job)
        assert environment(container)["HF_HOME"] == HF_HOME
        assert HF_HOME in [row["mountPath"] for row in container["volumeMounts"]]


def check_table(site: Site, variables: dict[str, Any]) -> None:
    """Each row of the table of parts is what was rendered, and no workload or Service is missing in it."""
    rows = [row for row in site.plan["parts"].values() if row["wanted"]]
    for row in rows:
        if row["name"]:
            assert site.has(row["kind"], row["namespace"], row["name"]), row
        chosen = site.chosen(row["selector"], row["namespace"])
        assert not row["name"] or [thing["metadata"]["name"] for thing in chosen] == [row["name"]]
        if row["service"]:
            service = site.service_at(row["url"])
            assert service["spec"]["selector"] == row["selector"]
            assert service["spec"]["type"] == row["service_type"]
            assert service["spec"]["ports"][0].get("nodePort") == row["node_port"]
            assert service["spec"]["ports"][0]["port"] == variables.get(f"{row['role']}_port", row["port"])
    known = {(row["kind"], row["name"]) for row in rows} | {("Service", row["service"]) for row in rows}
    # Who answers for a tier has a second Service, which names its pods.
    known |= {("Service", f"{row['service']}-pods") for row in rows if row["tier"]}
    rendered = {(row["kind"], row["metadata"]["name"]) for row in site.of(*WORKLOADS, "Service")}
    assert rendered == {row for row in known if row[1]}


# Each draw says for itself what it drew, and looking for a smaller one would take minutes.
@settings(max_examples=200, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(SITES)
def test_every_reference_resolves(variables: dict[str, Any]) -> None:
    hosts = {"groups": {"gpu_hosts": ["worker"]}, "hostvars": {"worker": variables}}
    answer = rendered_site(BASIS | hosts | variables)
    if "refused" in answer:
        assert "which belongs to another part" in answer["refused"], answer["refused"]
        return
    site = Site(answer["plan"], answer["objects"])
    check_probes(site)
    check_services(site)
    check_addresses(site)
    check_policies(site)
    check_front_doors(site, variables)
    check_volumes(site)
    moved = {"vllm_cache_path", "model_cache_path"} & set(variables)
    folder = "/srv/models" if moved else "/var/lib/vllm/huggingface"
    check_cache(site, "" if "vllm_cache_claim_size" in variables else folder)
    check_names(site)
    check_pod_security(site, answer["pod_security"])
    check_table(site, variables)
    wanted = variables.get("litellm_fallback_config_namespace", "")
    assert site.has("ConfigMap", wanted, "llm-fallback-config") == bool(wanted)
