"""Every mistake is told with its variable and a way out, and all of them at once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.plugins.plugin_utils.planning.sites import home_lab, one, plan, refusal

TIERS = home_lab()["tiers"]
A100 = [{"name": "w", "gpus": [{"gpu": "a100-80gb", "count": 1}]}]


@pytest.mark.parametrize(
    ("site", "told"),
    [
        (
            one(mode=False),
            "inference_models[0].mode: must be text, but is the boolean false. YAML reads on, off",
        ),
        (one(mode="My Mode"), "inference_models[0].mode: is 'My Mode'. Use lower-case letters"),
        (one(mode="gaming"), "inference_models[0].mode: is 'gaming', where no model owns the GPU"),
        (one(mode="status"), "inference_models[0].mode: 'status' is a word of the mode command"),
        (one(moed="ml"), "inference_models[0].moed: is not a known key. Did you mean mode"),
        (one(aliases="a"), "inference_models[0].aliases: must be a list of texts, but is the text 'a'"),
        (one(aliases=[5]), "inference_models[0].aliases[0]: must be text, but is the number 5"),
        (one(served_name="two words"), "inference_models[0].served_name: must be one word"),
        (one(max_model_len="8192"), "inference_models[0].max_model_len: must be a whole number"),
        (one(max_model_len=0), "inference_models[0].max_model_len: must be at least 1"),
        (
            one(gpu_memory_utilization=90),
            "inference_models[0].gpu_memory_utilization: must be a number above 0",
        ),
        (one(environment={"A": True}), "inference_models[0].environment.A: must be text"),
        (one(arguments=["--max-model-len=4096"]), "--max-model-len is set from the model's max_model_len"),
        (one(arguments=["--port", "9"]), "inference_models[0].arguments: --port is fixed"),
        (one(capabilities=["fly"]), "inference_models[0].capabilities: 'fly' is not one of chat, json"),
        (
            one(probes={"live": {}}),
            "inference_models[0].probes.live: is not a known key. Did you mean liveness",
        ),
        (one(replicas=0), "inference_models[0].replicas: must be at least 1"),
        (one(replicas="2"), "inference_models[0].replicas: must be a whole number"),
        (
            one(probes={"liveness": {"initialDelay": 5}}),
            "inference_models[0].probes.liveness.initialDelay: is not a known key. Did you mean initialDelay",
        ),
        (
            one(probes={"liveness": {"periodSeconds": "10"}}),
            "inference_models[0].probes.liveness.periodSeconds: must be a whole number",
        ),
        (
            one(floor_tokens_per_second={"t4-16gb": "30"}),
            "inference_models[0].floor_tokens_per_second.t4-16gb: must be a number",
        ),
        (
            one(concurrent_users={"t4-16gb": [8, 4]}),
            "inference_models[0].concurrent_users.t4-16gb: must be the least and the most users",
        ),
        (
            one(cost_per_1k_tokens={"input": -1}),
            "inference_models[0].cost_per_1k_tokens.input: must be at least 0",
        ),
        (
            one(cost_per_1k_tokens={"inptu": 1}),
            "inference_models[0].cost_per_1k_tokens.inptu: is not a known key. Did you mean input",
        ),
        (
            one(resources={"requests": {"memory": "8GB"}}),
            "inference_models[0].resources.requests.memory: is '8GB'. Write a quantity",
        ),
        (one(archive_url="http://x"), "inference_models[0].archive_checksum: is missing"),
        (one(name="qwen3-8b-awk"), "'qwen3-8b-awk' is not in the catalog. Did you mean qwen3-8b-awq"),
        (one(name="zzz"), "Models of the catalog: deepseek-r1-distill-qwen-7b-awq, gemma-3-4b"),
        (one(name=""), "inference_models[0].name: is missing"),
        (one(name=5), "inference_models[0].name: must be text, but is the number 5"),
        (home_lab(models="qwen3-8b-awq"), "inference_models: must be a list, but is the text"),
        (home_lab(models=[7]), "inference_models[0]: must be a mapping or a name, but is the number 7"),
        (home_lab(models=[None]), "inference_models[0].name: is missing"),
        (home_lab(models=[]), None),
        (home_lab(vllm_version=""), "inference_vllm_version: is missing"),
        (
            home_lab(vllm_version=0.1),
            "inference_vllm_version: must be text, but is the number 0.1. Put it in",
        ),
        (home_lab(vllm_version="latest"), "inference_vllm_version: is 'latest'. Name a release"),
        (home_lab(namespace="My_Ns"), "inference_namespace: is 'My_Ns'"),
        (home_lab(default_mode="mll"), "inference_default_mode: is 'mll', but no model has that mode"),
        (
            home_lab(tiers={"gpu": {}, "clowd": {}}),
            "inference_tiers.clowd: is not a known key. Did you mean cloud",
        ),
        (home_lab(tiers={"gpu": {"backend": "ollama"}}), "inference_tiers.gpu.backend: is 'ollama'"),
        (home_lab(tiers={"gpu": "vllm"}), "inference_tiers.gpu: must be a mapping, but is the text 'vllm'"),
        (home_lab(tiers={**TIERS, "cpu": {}}), "inference_tiers.cpu.model: is missing"),
        (home_lab(tiers={**TIERS, "cpu": {"modle": "x"}}), "inference_tiers.cpu.modle: is not a known key"),
        (home_lab(tiers={"cpu": {"model": "a"}}), "inference_tiers: has no gpu tier that is on, but"),
        (home_lab(tiers={**TIERS, "gpu": False}), "inference_models lists 2 to run there"),
        (home_lab(tiers={}), "inference_tiers: has no tier that is on"),
        (home_lab(tiers=[]), "inference_tiers: must be a mapping, but is a list"),
        (home_lab(models=[], tiers={"gpu": {}}), "inference_models: is empty, so no model would answer"),
        (
            home_lab(tiers={**TIERS, "cloud": {"model": "a", "api_key": ""}}),
            "inference_tiers.cloud.api_key: is empty",
        ),
        (
            home_lab(tiers={**TIERS, "cloud": {"model": "a", "input_cost_per_token": 1e-6}}),
            "inference_tiers.cloud.output_cost_per_token: is missing",
        ),
        (
            home_lab(tiers={**TIERS, "cloud": {"model": "a", "input_cost_per_token": "1"}}),
            "inference_tiers.cloud.input_cost_per_token: must be a number",
        ),
        (
            home_lab(hosts=[{"name": "w", "gpus": [{"gpu": "rtx-3060"}]}]),
            "inference_host_gpus of w: 'rtx-3060' is not in the catalog. Did you mean rtx-3060-12gb",
        ),
        (
            home_lab(hosts=[{"name": "w", "gpus": [{"gpu": "t4-16gb", "count": 0}]}]),
            "inference_host_gpus of w[0].count: must be at least 1",
        ),
        (
            home_lab(catalog={"modles": {}}),
            "inference_catalog.modles: is not a known key. Did you mean models",
        ),
        (
            home_lab(catalog={"models": {"qwen3-8b-awk": {"max_model_len": 4096}}}),
            "inference_catalog.models.qwen3-8b-awk: has no repository and the catalog has no model of that "
            "name. Did you mean qwen3-8b-awq",
        ),
        (
            home_lab(catalog={"models": {"qwen3-8b-awq": {"layers": "36"}}}),
            "inference_catalog.models.qwen3-8b-awq.layers: must be a whole number",
        ),
        (
            home_lab(catalog={"gpus": {"mine": {"memory_gib": 8, "compute_capability": "new"}}}),
            "inference_catalog.gpus.mine.compute_capability: must be a compute capability",
        ),
    ],
)
def test_a_mistake_is_told(site: dict[str, Any], told: str | None) -> None:
    if told is None:
        assert plan(site)["vllm_models"] == []
    else:
        assert told in refusal(site)


@pytest.mark.parametrize(
    ("models", "catalog", "told"),
    [
        (["qwen3-8b-awq", "qwen3-8b-awq"], {}, "is listed already (inference_models[0].name)"),
        (
            ["qwen3-8b-awq", {"name": "Qwen3.8B_AWQ"}],
            {"Qwen3.8B_AWQ": {"repository": "other/model"}},
            "both become 'qwen3-8b-awq'",
        ),
        (
            ["qwen3-8b-awq", {"name": "copy"}],
            {"copy": {"repository": "Qwen/Qwen3-8B-AWQ"}},
            "'Qwen/Qwen3-8B-AWQ' is a name at the gateway already (inference_models[0].served_name)",
        ),
        (
            [{"name": "qwen3-8b-awq", "aliases": ["a", "a"]}],
            {},
            "inference_models[0].aliases[1]: 'a' is a name at the gateway already "
            "(inference_models[0].aliases[0])",
        ),
        (
            [{"name": "qwen3-8b-awq", "aliases": ["Qwen/QwQ-32B"]}, {"name": "qwen-qwq-32b", "mode": "b"}],
            {},
            "inference_models[0].aliases[0]: 'Qwen/QwQ-32B' is a name at the gateway already "
            "(inference_models[1]",
        ),
        ([{"name": "qwen3-8b-awq", "aliases": ["gpt-4o-mini"]}], {}, "(inference_tiers.cloud.model)"),
        ([{"name": "qwen3-8b-awq", "served_name": "qwen3:4b"}], {}, "(inference_tiers.cpu.model)"),
        ([{"name": "---"}], {"---": {"repository": "a/b"}}, "has no letter or digit"),
        ([{"name": "x" * 54}], {"x" * 54: {"repository": "a/b"}}, "is too long for the names of Kubernetes"),
    ],
)
def test_names_that_clash(models: list[Any], catalog: dict[str, Any], told: str) -> None:
    assert told in refusal(home_lab(models=models, catalog={"models": catalog}, hosts=[]))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"models": ["qwen3-8b-awq"], "vllm_version": "0.8.3"},
            "qwen3-8b-awq needs vLLM 0.8.4 or newer, but inference_vllm_version is 0.8.3",
        ),
        (
            {"models": ["qwen3-8b-awq"], "hosts": [{"name": "w", "pci_ids": ["10de:1eb8"]}]},
            "uses awq_marlin, which needs compute capability 8.0, but Tesla T4 (w) has 7.5",
        ),
        (
            {"vllm_version": "0.20.0", "hosts": [{"name": "w", "gpus": [{"gpu": "v100-32gb"}]}]},
            "vLLM 0.20.0 cannot run on w (Tesla V100 32GB, driver unknown): Tesla V100 32GB has compute "
            "capability 7.0, but vLLM 0.20.0 needs 7.5",
        ),
        (
            {"models": ["qwen3-8b-awq", "deepseek-r1-distill-qwen-7b-awq"]},
            "mode 'ml' (qwen3-8b-awq, deepseek-r1-distill-qwen-7b-awq) wants 2 GPUs, but the hosts have 1",
        ),
        (
            {"models": ["llama-3.1-70b"], "hosts": A100 * 2},
            "llama-3.1-70b wants 2 GPUs of one kind on one host, but no host has more than 1",
        ),
        (
            {"models": ["qwen-qwq-32b"]},
            "qwen-qwq-32b does not fit rtx-3060-12gb: of 10.8 GiB requested, weights",
        ),
        (
            {"models": [{"name": "qwen3-8b-awq", "max_model_len": 32768}]},
            "the rest holds 30000 tokens, but max_model_len is 32768. Set max_model_len to at most 29952",
        ),
    ],
)
def test_what_does_not_go_together(changes: dict[str, Any], told: str) -> None:
    assert told in refusal(home_lab(**changes))


def test_an_unknown_release_is_refused_until_somebody_allows_it() -> None:
    told = "vLLM 0.10.1 is not in the catalog: its needs of CUDA, driver and GPU are unknown"
    assert told in refusal(home_lab(vllm_version="0.10.1"))
    warnings = plan(home_lab(vllm_version="0.10.1", allow_unknown=True))["warnings"]
    assert any(told in text for text in warnings)


def test_a_pci_id_outside_the_catalog_is_said_to_be_unknown() -> None:
    found = plan(home_lab(hosts=[{"name": "w", "pci_ids": ["10de:ffff", "8086:1234"]}]))
    assert any("w: PCI id 10de:ffff is not in the catalog" in text for text in found["warnings"])
    assert not any("8086" in text for text in found["warnings"])


@pytest.mark.parametrize("pci_id", ["2504", "10de:2504", "0x10de:0x2504", "10DE:2504"])
def test_pci_ids_tell_the_gpu(pci_id: str) -> None:
    assert plan(home_lab(hosts=[{"name": "w", "pci_ids": [pci_id]}]))["memory"][0]["gpu"] == "rtx-3060-12gb"


def test_what_the_inventory_says_wins_over_pci_ids() -> None:
    hosts = [{"name": "w", "gpus": [{"gpu": "a100-80gb"}], "pci_ids": ["2504"]}]
    assert plan(home_lab(hosts=hosts))["memory"][0]["gpu"] == "a100-80gb"


def test_a_model_without_sizes_is_planned_with_a_warning() -> None:
    catalog = {"models": {"mine": {"repository": "me/mine"}}}
    found = plan(home_lab(models=["mine"], catalog=catalog))
    assert found["memory"][0]["verdict"] == "unknown"
    assert any("sizes of mine or its GPU are unknown" in text for text in found["warnings"])


def test_a_model_that_fits_one_kind_of_gpu_only_is_a_warning() -> None:
    hosts = [
        {"name": "small", "gpus": [{"gpu": "rtx-3060-12gb"}]},
        {"name": "big", "gpus": [{"gpu": "a100-80gb"}]},
    ]
    found = plan(home_lab(models=["qwen-qwq-32b"], hosts=hosts))
    assert {row["gpu"]: row["verdict"] for row in found["memory"]}["rtx-3060-12gb"] == "too_small"
    assert any("does not fit rtx-3060-12gb" in text for text in found["warnings"])


def test_all_mistakes_come_at_once() -> None:
    told = refusal(
        {
            "models": [{"name": "qwen3-8b-awk", "moed": "ml"}, "qwen3-8b-awq"],
            "vllm_version": "latest",
            "tiers": {"gpu": {}, "cpu": {}},
            "namespace": "Bad Name",
        }
    )
    assert told.startswith("The inventory has 5 problems:\n  1. ")
    assert "Traceback" not in told


def test_one_mistake_causes_no_others() -> None:
    told = refusal(home_lab(hosts=[{"name": "w", "gpus": [{"gpu": "rtx-3060"}]}]))
    assert "problems" not in told


def test_a_secret_in_the_wrong_place_is_not_repeated_by_the_reader() -> None:
    tiers = {**TIERS, "cloud": {"model": "m", "api_kye": "geheim-1"}}
    assert "geheim" not in refusal(home_lab(tiers=tiers))
