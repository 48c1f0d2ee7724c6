"""Inventories of older projects keep working, and their mistakes are told in their own words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.plugin_utils.planning.inherited import (
    model_list as inherited_list,
)
from ansible_collections.inference.stack.plugins.plugin_utils.planning.inherited import (
    translation as inherited,
)

from tests.unit.plugins.plugin_utils.planning.sites import option, plan, refusal

H100 = [{"name": "w", "gpus": [{"gpu": "h100-80gb", "count": 2}], "driver": "580.65.06"}]
A100 = [{"name": "w", "gpus": [{"gpu": "a100-80gb", "count": 1}], "driver": "580.65.06"}]
L4 = [{"name": "w", "gpus": [{"gpu": "l4-24gb", "count": 4}], "driver": "580.65.06"}]


def one_model(hosts: Any = H100, site: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    """A site in the form with one chosen model."""
    return {"inherited": variables, "vllm_version": "0.11.0", "hosts": hosts, **(site or {})}


def listed(*models: Any, **site: Any) -> dict[str, Any]:
    """A site whose models are in the words of a Helm chart."""
    return {"models": list(models), "vllm_version": "0.11.0", "hosts": L4, **site}


LLAMA = {
    "name": "llama3",
    "modelURL": "meta-llama/Llama-3.2-3B-Instruct",
    "replicaCount": 1,
    "requestCPU": 6,
    "requestMemory": "16Gi",
    "requestGPU": 1,
    "pvcStorage": "50Gi",
}
QWEN = {"name": "qwen", "modelURL": "Qwen/Qwen2.5-7B-Instruct", "requestCPU": 8, "requestMemory": "32Gi"}


class TestOneModel:
    def test_the_whole_form_becomes_a_plan(self) -> None:
        found = plan(
            one_model(
                vllm_model_name="qwen-qwq-32b",
                llm_backend="vllm",
                enable_chat=True,
                vllm_cpu_request=8,
                vllm_memory_request="16Gi",
                vllm_cpu_limit=16,
                vllm_memory_limit="32Gi",
                vllm_storage_size="100Gi",
                vllm_storage_class="",
                vllm_gpu_count=2,
                vllm_tensor_parallel_size=2,
                vllm_model_configs={"qwen-qwq-32b": {"max_model_len": 16384, "max_num_seqs": 4}},
            )
        )
        (model,) = found["vllm_models"]
        words = model["arguments"]
        assert (model["name"], model["served_name"]) == ("qwen-qwq-32b", "Qwen/QwQ-32B")
        assert option(words, "--tensor-parallel-size") == "2"
        assert option(words, "--max-model-len") == "16384"
        assert option(words, "--max-num-seqs") == "4"
        assert option(words, "--kv-cache-dtype") == "fp8"
        assert option(words, "--tool-call-parser") == "hermes"
        assert model["resources"]["requests"] == {"cpu": "8", "memory": "16Gi", "nvidia.com/gpu": "2"}
        assert model["resources"]["limits"] == {"cpu": "16", "memory": "32Gi", "nvidia.com/gpu": "2"}
        told = "\n".join(found["warnings"])
        assert "enable_chat: Open WebUI comes with the site, and wants an entry named chat" in told
        assert "vllm_storage_size has no counterpart yet" in told

    def test_its_default_model(self) -> None:
        (model,) = plan(one_model(enable_chat=False, llm_backend="vllm"))["vllm_models"]
        assert model["name"] == "gpt-oss-120b"

    def test_it_says_the_same_as_an_inventory_in_our_words(self) -> None:
        ours = {"models": [{"name": "gpt-oss-120b", "kv_cache_dtype": "fp8", "gpus": 2}], "hosts": H100}
        theirs = one_model(vllm_model_name="gpt-oss-120b", vllm_gpu_count=2)
        assert plan(theirs) == plan({**ours, "vllm_version": "0.11.0"})

    @pytest.mark.parametrize(
        ("hosts", "written", "cache"),
        [
            (H100, None, "fp8"),
            (H100, "auto", "auto"),
            ([], None, "fp8"),
            (A100, None, ""),
            (A100, "fp8", "fp8"),
        ],
    )
    def test_the_cache_is_fp8_unless_switched_off_or_out_of_reach(
        self, hosts: Any, written: str | None, cache: str
    ) -> None:
        found = plan(one_model(hosts, vllm_model_name="gpt-oss-120b", vllm_kv_cache_dtype=written))
        words = found["vllm_models"][0]["arguments"]
        assert (option(words, "--kv-cache-dtype") if "--kv-cache-dtype" in words else "") == cache
        told = any(text.startswith("vllm_kv_cache_dtype: A100 80GB does not") for text in found["warnings"])
        assert told == (hosts == A100 and not written)

    def test_ollama_serves_its_own_copy_of_the_model(self) -> None:
        found = plan(one_model(llm_backend="ollama", vllm_model_name="qwen-qwq-32b"))
        assert found["vllm_models"] == []
        assert found["ollama_models"] == [{"name": "qwq:32b", "source": ""}]

    def test_other_tiers_may_stand_behind_it(self) -> None:
        tiers = {"gpu": {}, "cpu": {"model": "qwen3:4b"}}
        found = plan(one_model(vllm_model_name="gpt-oss-120b", site={"tiers": tiers}))
        assert found["litellm_fallbacks"] == [{"openai/gpt-oss-120b": ["qwen3:4b"]}]

    def test_settings_of_other_models_wait_until_they_are_chosen(self) -> None:
        configs = {"gpt-oss-120b": {"max_model_len": 65536}, "qwen-qwq-32b": {"max_model_len": 1024}}
        found = plan(one_model(vllm_model_name="gpt-oss-120b", vllm_model_configs=configs))
        assert option(found["vllm_models"][0]["arguments"], "--max-model-len") == "65536"

    def test_a_word_of_no_form_is_told(self) -> None:
        assert "inherited.vllm_modle_name: is not a known key. Did you mean vllm_model_name" in refusal(
            listed("gemma-3-4b", inherited={"vllm_modle_name": "x"})
        )

    def test_nulls_are_not_written(self) -> None:
        found = plan(listed("gemma-3-4b", inherited={"vllm_model_name": None, "enable_chat": None}))
        assert found["vllm_models"][0]["name"] == "gemma-3-4b"

    @pytest.mark.parametrize(
        ("site", "told"),
        [
            (
                one_model(vllm_model_name="gpt-oss-120"),
                "vllm_model_name: 'gpt-oss-120' is not in the catalog. Did",
            ),
            (one_model(vllm_model_name=7), "vllm_model_name: must be text, but is the number 7"),
            (one_model(llm_backend="olama"), "llm_backend: is 'olama'. Did you mean ollama"),
            (
                one_model(llm_backend="ollama"),
                "llm_backend: is 'ollama', whose model this form does not name",
            ),
            (one_model(enable_chat="yes"), "enable_chat: must be true or false, but is the text 'yes'"),
            (one_model(vllm_gpu_count="2"), "vllm_gpu_count: must be a whole number"),
            (
                one_model(vllm_gpu_count=2, vllm_tensor_parallel_size=1),
                "vllm_tensor_parallel_size: is 1, but the model is given 2 GPUs (vllm_gpu_count)",
            ),
            (one_model(vllm_kv_cache_dtype=8), "vllm_kv_cache_dtype: must be text, but is the number 8"),
            (one_model(vllm_memory_request="16GB"), "vllm_memory_request: is '16GB'. Write a quantity"),
            (
                one_model(vllm_memory_request="64Gi", vllm_memory_limit="32Gi"),
                "vllm_memory_request: is 64Gi, above the limit of 32Gi",
            ),
            (
                one_model(vllm_model_configs={"gpt-oss-120b": {"max_model_len": "64K"}}),
                "vllm_model_configs.gpt-oss-120b.max_model_len: must be a whole number",
            ),
            (
                one_model(vllm_model_configs={"gpt-oss-120b": {"tool_call_parser": 1}}),
                "vllm_model_configs.gpt-oss-120b.tool_call_parser: must be text",
            ),
            (
                one_model(vllm_model_configs={"gpt-oss-120b": {"max_modle_len": 1}}),
                "vllm_model_configs.gpt-oss-120b.max_modle_len: is not a known key. Did you mean max_model",
            ),
            (
                one_model(vllm_model_configs={"gpt-oss": {"max_model_len": 1}}),
                "vllm_model_configs.gpt-oss: has no repository",
            ),
            (
                one_model(vllm_model_name="x", site={"catalog": {"models": {7: {"layers": 1}}}}),
                "inference_catalog.models.7: has no repository",
            ),
            (one_model(vllm_model_configs=[]), "vllm_model_configs: must be a mapping, but is a list"),
            (
                one_model(vllm_model_name="gpt-oss-120b", site={"models": ["gpt-oss-20b"]}),
                "vllm_model_name: and inference_models choose models in two forms. Keep one of them",
            ),
            (
                one_model(llm_backend="vllm", site={"tiers": {"gpu": {}}}),
                "llm_backend: and inference_tiers choose who answers in two forms",
            ),
            (
                one_model(L4, vllm_model_name="gpt-oss-120b"),
                "vllm_model_name: gpt-oss-120b does not fit l4-24gb",
            ),
        ],
    )
    def test_mistakes_are_told_in_the_words_of_the_form(self, site: dict[str, Any], told: str) -> None:
        found = refusal(site)
        assert told in found
        assert "inference_models[0]" not in found

    def test_advice_is_given_in_the_words_of_the_form(self) -> None:
        configs = {"gpt-oss-120b": {"max_model_len": 131072}}
        told = refusal(one_model(A100, vllm_model_name="gpt-oss-120b", vllm_model_configs=configs))
        assert "Set vllm_model_configs.gpt-oss-120b.max_model_len to at most" in told


class TestList:
    def test_the_whole_form_becomes_a_plan(self) -> None:
        config = {
            "maxModelLen": 4096,
            "dtype": "bfloat16",
            "tensorParallelSize": 2,
            "gpuMemoryUtilization": 0.95,
        }
        two = {**QWEN, "requestGPU": 2, "replicaCount": 1, "limitMemory": "48Gi", "vllmConfig": config}
        found = plan(listed(LLAMA, two))
        llama, qwen = found["vllm_models"]
        assert (llama["name"], llama["served_name"], llama["repository"]) == (
            "llama3",
            "llama3",
            LLAMA["modelURL"],
        )
        assert llama["service"] == "llama3-inference"
        assert llama["resources"]["requests"] == {"cpu": "6", "memory": "16Gi", "nvidia.com/gpu": "1"}
        words = qwen["arguments"]
        assert option(words, "--tensor-parallel-size") == "2"
        assert option(words, "--max-model-len") == "4096"
        assert option(words, "--dtype") == "bfloat16"
        assert option(words, "--gpu-memory-utilization") == "0.95"
        assert qwen["resources"]["limits"]["memory"] == "48Gi"
        # What the catalog knows of the repository comes along.
        assert option(words, "--tool-call-parser") == "hermes"
        assert {row["model"]: row["verdict"] for row in found["memory"]} == {"llama3": "fits", "qwen": "fits"}
        assert any("pvcStorage has no counterpart yet" in text for text in found["warnings"])

    def test_defaults_of_the_form(self) -> None:
        (model,) = plan(listed({"name": "m", "modelURL": "Qwen/Qwen2.5-7B-Instruct"}))["vllm_models"]
        assert model["resources"]["requests"] == {"cpu": "6", "memory": "16Gi", "nvidia.com/gpu": "1"}
        assert (model["gpus"], model["replicas"]) == (1, 1)

    def test_replicas_are_carried_and_take_gpus(self) -> None:
        found = plan(listed({**LLAMA, "replicaCount": 3}))
        assert found["vllm_models"][0]["replicas"] == 3
        assert len(found["placement"]) == 3
        assert "wants 5 GPUs" in refusal(listed({**LLAMA, "replicaCount": 5}))

    def test_one_repository_under_two_names(self) -> None:
        found = plan(listed(LLAMA, {**LLAMA, "name": "llama32", "vllmConfig": {"maxModelLen": 4096}}))
        assert [row["model_name"] for row in found["litellm_models"]] == ["llama3", "llama32"]

    def test_a_number_of_gpus_alone_is_shared_by_all_of_them(self) -> None:
        for entry in ({"requestGPU": 2}, {"vllmConfig": {"tensorParallelSize": 2}}):
            (model,) = plan(listed({**QWEN, **entry}))["vllm_models"]
            assert model["gpus"] == 2
            assert option(model["arguments"], "--tensor-parallel-size") == "2"

    def test_a_repository_that_nobody_knows_is_planned_and_told(self) -> None:
        found = plan(listed({"name": "phi4", "modelURL": "microsoft/Phi-4-mini-instruct"}))
        assert found["memory"][0]["verdict"] == "unknown"
        assert any(
            text.startswith(
                "inference_models[0].modelURL: microsoft/Phi-4-mini-instruct is not in the catalog"
            )
            for text in found["warnings"]
        )

    def test_a_site_adds_sizes_to_a_model_of_the_list(self) -> None:
        sizes = {"weights_bytes": 7 * 10**9, "layers": 32, "kv_heads": 8, "head_dim": 128}
        own = {"models": {"phi4": {**sizes, "repository": "microsoft/Phi-4-mini-instruct"}}}
        found = plan(listed({"name": "phi4", "modelURL": "microsoft/Phi-4-mini-instruct"}, catalog=own))
        assert found["memory"][0]["verdict"] == "fits"

    def test_what_a_site_says_of_a_model_of_the_list_wins(self) -> None:
        found = plan(listed(LLAMA, catalog={"models": {"llama3": {"max_model_len": 2048}}}))
        words = found["vllm_models"][0]["arguments"]
        assert option(words, "--max-model-len") == "2048"
        assert option(words, "--model") == LLAMA["modelURL"]

    def test_the_list_alone_says_what_a_pod_asks_for(self) -> None:
        entry = {"name": "m", "modelURL": "meta-llama/Meta-Llama-3-8B-Instruct", "requestMemory": "32Gi"}
        resources = plan(listed(entry))["vllm_models"][0]["resources"]
        assert resources["requests"]["memory"] == "32Gi"
        assert "memory" not in resources["limits"]

    @pytest.mark.parametrize(
        ("models", "told"),
        [
            (
                [LLAMA, "gemma-3-4b"],
                "inference_models[1]: is in another form than inference_models[0], which has",
            ),
            (
                [{"name": "gemma-3-4b"}, LLAMA],
                "inference_models[0]: is in another form than inference_models[1]",
            ),
            ([{**LLAMA, "mode": "ml"}], "inference_models[0].mode: belongs to another form than modelURL"),
            (
                [{**LLAMA, "replicas": 2}],
                "inference_models[0].replicas: belongs to another form than modelURL",
            ),
            (
                [{**LLAMA, "requestGpu": 1}],
                "inference_models[0].requestGpu: is not a known key. Did you mean requestGPU",
            ),
            ([{"name": "x", "requestGPU": 1}], "inference_models[0].modelURL: is missing"),
            ([{**LLAMA, "modelURL": 3}], "inference_models[0].modelURL: must be text, but is the number 3"),
            ([{**LLAMA, "name": None}], "inference_models[0].name: is missing"),
            ([{**LLAMA, "replicaCount": 0}], "inference_models[0].replicaCount: must be at least 1"),
            ([{**LLAMA, "requestGPU": "1"}], "inference_models[0].requestGPU: must be a whole number"),
            ([{**LLAMA, "requestCPU": True}], "inference_models[0].requestCPU: must be text"),
            (
                [{**LLAMA, "requestMemory": "16 GB"}],
                "inference_models[0].requestMemory: is '16 GB'. Write a quantity",
            ),
            (
                [{**LLAMA, "limitMemory": "8Gi"}],
                "inference_models[0].requestMemory: is 16Gi, above the limit of 8Gi",
            ),
            ([{**LLAMA, "vllmConfig": 1}], "inference_models[0].vllmConfig: must be a mapping"),
            (
                [{**LLAMA, "vllmConfig": {"maxModelLen": "8K"}}],
                "inference_models[0].vllmConfig.maxModelLen: must be a whole number",
            ),
            (
                [{**LLAMA, "vllmConfig": {"maxModelLength": 1}}],
                "inference_models[0].vllmConfig.maxModelLength: is not a known key. Did you mean maxModelLen",
            ),
            (
                [{**LLAMA, "vllmConfig": {"gpuMemoryUtilization": 95}}],
                "inference_models[0].vllmConfig.gpuMemoryUtilization: must be a number above 0",
            ),
            (
                [{**LLAMA, "requestGPU": 1, "vllmConfig": {"tensorParallelSize": 2}}],
                "inference_models[0].vllmConfig.tensorParallelSize: is 2, but the model is given 1 GPUs",
            ),
            (
                [{**LLAMA, "vllmConfig": {"tensorParallelSize": 5}, "requestGPU": 5}],
                "inference_models[0].requestGPU: the 24 attention heads",
            ),
            (
                [{"name": "mistral-7b", "modelURL": "Qwen/Qwen2.5-7B-Instruct"}],
                "inference_models[0].name: 'mistral-7b' is mistralai/Mistral-7B-Instruct-v0.3 in the catalog",
            ),
            ([LLAMA, LLAMA], "inference_models[1].name: 'llama3' is listed already"),
        ],
    )
    def test_mistakes_are_told_in_the_words_of_the_form(self, models: list[Any], told: str) -> None:
        assert told in refusal(listed(*models))

    def test_advice_is_given_in_the_words_of_the_form(self) -> None:
        told = refusal(listed({**LLAMA, "vllmConfig": {"maxModelLen": 300000}}))
        assert "Set vllmConfig.maxModelLen to at most" in told


WORDS = [
    *inherited.VARIABLES_OF_THE_FORM,
    *(f"{inherited.CONFIGS}.<model>.{word}" for word in inherited.CONFIG_WORDS),
    *(word for word in inherited_list.KEYS if word != "vllmConfig"),
    *(f"vllmConfig.{word}" for word in inherited_list.CONFIG_KEYS),
]


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_both_forms_is_documented(word: str) -> None:
    document = Path(__file__).parents[6] / inherited.DOCUMENT
    mentioned = [line for line in document.read_text("utf-8").splitlines() if line.startswith("| `")]
    first_cells = [line.split(" | ")[0] for line in mentioned]
    assert any(f"`{word}`" in cell or f"`{word}: " in cell or f"`{word}." in cell for cell in first_cells)
