"""What is read out of a config.json, and how its gaps and mistakes are told."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.plugin_utils.planning.models.config_json import (
    Architecture,
    read_architecture,
)

from tests.unit.plugins.plugin_utils.planning.model_files import GEMMA3, GEMMA3_VALUES, GPT_OSS, QWEN3_AWQ


def read(config: dict[str, Any], values: dict[str, Any] | None = None) -> Architecture:
    return read_architecture(config, "hub/config.json", values or {})


def changed(**changes: Any) -> dict[str, Any]:
    return {**QWEN3_AWQ, **changes}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in QWEN3_AWQ.items() if name not in names}


def test_a_dense_model() -> None:
    found = read(QWEN3_AWQ)
    assert (found.layers, found.attention_heads, found.kv_heads, found.head_dim) == (36, 32, 8, 128)
    assert (found.hidden_size, found.context, found.quantization) == (4096, 40960, "awq_marlin")
    assert found.parameters == pytest.approx(8.19e9, rel=0.001)
    assert found.notes == ()


def test_a_model_with_experts_whose_layers_slide() -> None:
    found = read(GPT_OSS)
    assert (found.layers, found.kv_heads, found.head_dim, found.context) == (36, 8, 64, 131072)
    assert found.quantization == "mxfp4"
    assert found.parameters == pytest.approx(116.8e9, rel=0.005)
    assert "18 of 36 layers slide over 128 tokens" in found.notes[0]
    assert "measure after loading" in found.notes[1]


def test_a_model_of_several_modalities_is_read_from_its_text_section() -> None:
    found = read(GEMMA3, GEMMA3_VALUES)
    assert (found.layers, found.attention_heads, found.kv_heads, found.head_dim) == (34, 8, 4, 256)
    # Its scaling is in the context already, unlike that of others.
    assert (found.hidden_size, found.context) == (2560, 131072)
    assert any("other modalities" in note for note in found.notes)
    assert any("slide over 1024 tokens" in note for note in found.notes)


def test_keys_that_only_the_models_class_knows_are_named_all_at_once() -> None:
    with pytest.raises(
        InvalidInput, match=r"hub/config\.json has no hidden_size, num_hidden_layers"
    ) as raised:
        read(without("hidden_size", "num_hidden_layers"))
    assert "import_model_values, for instance {hidden_size: 8}" in str(raised.value)
    with pytest.raises(InvalidInput, match="has no num_attention_heads"):
        read(GEMMA3)


@pytest.mark.parametrize(
    ("config", "head_dim", "kv_heads"),
    [
        (without("head_dim"), 128, 8),
        (changed(head_dim=None, hidden_size=2048), 64, 8),
        (without("num_key_value_heads"), 128, 32),
        # A compressed cache of 512 + 64 numbers per layer: 2 x 1 x 288.
        (changed(kv_lora_rank=512, qk_rope_head_dim=64), 288, 1),
    ],
)
def test_heads(config: dict[str, Any], head_dim: int, kv_heads: int) -> None:
    found = read(config)
    assert (found.head_dim, found.kv_heads) == (head_dim, kv_heads)


def test_heads_that_do_not_divide_are_told() -> None:
    with pytest.raises(InvalidInput, match="has no head_dim, and its 30 attention heads do not divide"):
        read(changed(head_dim=None, num_attention_heads=30))


@pytest.mark.parametrize(
    ("quantization", "name"),
    [
        (None, ""),
        ({"quant_method": "awq", "bits": 4}, "awq_marlin"),
        ({"quant_method": "awq", "bits": 8}, "awq"),
        ({"quant_method": "gptq", "bits": 4, "sym": True}, "gptq_marlin"),
        ({"quant_method": "gptq", "bits": 3}, "gptq"),
        ({"quant_method": "gptq", "bits": 4, "sym": False}, "gptq"),
        ({"quant_method": "fp8"}, "fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors"),
        ({"quant_method": "bitsandbytes"}, "bitsandbytes"),
    ],
)
def test_names_of_quantisations(quantization: dict[str, Any] | None, name: str) -> None:
    assert read(changed(quantization_config=quantization)).quantization == name


@pytest.mark.parametrize(
    ("changes", "context"),
    [
        (
            {"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}},
            131072,
        ),
        ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, 163840),
        ({"rope_scaling": {"type": "linear", "factor": 2}}, 81920),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, 40960),
        ({"rope_scaling": {"type": "longrope", "long_factor": [1.0]}}, 40960),
        ({"rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}}, 40960),
        ({"rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 2.0}}}, 81920),
        ({"max_position_embeddings": None, "n_positions": 2048}, 2048),
    ],
)
def test_the_context_is_the_one_that_vllm_derives(changes: dict[str, Any], context: int) -> None:
    assert read(changed(**changes)).context == context


def test_an_unknown_context_is_said_to_be_taken() -> None:
    found = read(without("max_position_embeddings"))
    assert found.context == 8192
    assert "8192 was taken" in found.notes[0]


def test_layers_without_keys_and_values_do_not_count() -> None:
    kinds = (["linear_attention"] * 3 + ["full_attention"]) * 9
    found = read(changed(layer_types=kinds))
    assert found.layers == 9
    assert "27 of 36 layers keep a state" in found.notes[0]


@pytest.mark.parametrize(
    "changes", [{"use_sliding_window": False, "sliding_window": 131072}, {"sliding_window": 0}]
)
def test_a_window_that_is_off_is_no_window(changes: dict[str, Any]) -> None:
    assert read(changed(**changes)).notes == ()


@pytest.mark.parametrize("changes", [{"rms_norm_eps": None}, {"n_shared_experts": 2}, {"vocab_size": None}])
def test_parameters_are_not_guessed(changes: dict[str, Any]) -> None:
    assert read(changed(**changes)).parameters is None


def test_tied_embeddings_count_once() -> None:
    apart, tied = read(QWEN3_AWQ).parameters, read(changed(tie_word_embeddings=True)).parameters
    assert apart and tied
    assert apart - tied == 151936 * 4096


@pytest.mark.parametrize("value", ["36", 3.6, True, -1])
def test_a_number_that_is_none_is_told(value: Any) -> None:
    with pytest.raises(InvalidInput, match=r"hub/config\.json: num_hidden_layers must be a whole number"):
        read(changed(num_hidden_layers=value))
