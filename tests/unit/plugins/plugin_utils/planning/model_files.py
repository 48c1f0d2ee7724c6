"""Configurations of models as their repositories hold them, shortened to what decides their numbers."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

QWEN3_AWQ: dict[str, Any] = {
    "architectures": ["Qwen3ForCausalLM"],
    "head_dim": 128,
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "max_position_embeddings": 40960,
    "model_type": "qwen3",
    "num_attention_heads": 32,
    "num_hidden_layers": 36,
    "num_key_value_heads": 8,
    "quantization_config": {"bits": 4, "group_size": 128, "quant_method": "awq", "zero_point": True},
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "vocab_size": 151936,
}
QWEN3_BYTES = 6098853561
GPT_OSS: dict[str, Any] = {
    "head_dim": 64,
    "hidden_size": 2880,
    "initial_context_length": 4096,
    "intermediate_size": 2880,
    "layer_types": ["sliding_attention", "full_attention"] * 18,
    "max_position_embeddings": 131072,
    "model_type": "gpt_oss",
    "num_attention_heads": 64,
    "num_hidden_layers": 36,
    "num_key_value_heads": 8,
    "num_local_experts": 128,
    "quantization_config": {"modules_to_not_convert": ["lm_head"], "quant_method": "mxfp4"},
    "rms_norm_eps": 1e-05,
    "rope_scaling": {"factor": 32.0, "original_max_position_embeddings": 4096, "rope_type": "yarn"},
    "sliding_window": 128,
    "tie_word_embeddings": False,
    "vocab_size": 201088,
}
GEMMA3: dict[str, Any] = {
    "model_type": "gemma3",
    "text_config": {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "max_position_embeddings": 131072,
        "model_type": "gemma3_text",
        "num_hidden_layers": 34,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 1024,
    },
    "torch_dtype": "bfloat16",
    "vision_config": {"hidden_size": 1152, "num_attention_heads": 16, "num_hidden_layers": 27},
}
# What gemma3's config.json leaves to the defaults of its class.
GEMMA3_VALUES = {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256}


def index(size: int | float | None) -> str:
    """The text of an index."""
    return json.dumps({"metadata": {} if size is None else {"total_size": size}, "weight_map": {}})


def files(config: dict[str, Any], size: int | float | None = QWEN3_BYTES, **more: Any) -> dict[str, Any]:
    """What the hub would hand out for a repository with an index."""
    return {"origin": "hub", "config": json.dumps(config), "index": index(size), **more}


def safetensors(path: Path, tensors: dict[str, tuple[str, list[int], int]]) -> None:
    """A file with the header of such tensors (type, shape, bytes) and without their data."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)
