# SPDX-License-Identifier: Apache-2.0
"""What a model's config.json says about its architecture, in the words of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ....module_utils.errors import InvalidInput
from ..catalog.model_rows import DEFAULT_CONTEXT
from ..reading.tables import describe

# Where models of several modalities keep the part that writes text.
_TEXT_SECTIONS = ("text_config", "llm_config", "language_config")
# The names that most models use, and those of older ones.
_LAYERS = ("num_hidden_layers", "n_layer", "num_layers")
_ATTENTION_HEADS = ("num_attention_heads", "n_head")
_HIDDEN_SIZE = ("hidden_size", "n_embd", "d_model")
_CONTEXT = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")
# Layers of different kinds are not summed up: it would be a guess.
_MIXED_EXPERTS = (
    "first_k_dense_replace",
    "shared_expert_intermediate_size",
    "n_shared_experts",
    "mlp_only_layers",
)
# Layers that keep a state of fixed size instead of keys and values.
_STATE_LAYERS = ("linear_attention", "mamba", "mamba2", "conv", "recurrent")
# The context of these already includes the scaling.
_SCALED_ROPES = ("default", "llama3", "longrope", "su", "mrope")
_WIDTHS = {"float32": 4, "float16": 2, "bfloat16": 2}


@dataclass(frozen=True)
class Architecture:
    """The numbers of a row that an architecture decides. None means that config.json does not say."""

    layers: int
    attention_heads: int
    kv_heads: int
    head_dim: int
    hidden_size: int
    context: int
    quantization: str = ""
    width: int | None = None  # bytes of one weight, where nothing is quantised
    parameters: int | None = None
    notes: tuple[str, ...] = field(default=())


class Config:
    """One config.json: values of its text section first, and every missing key is reported at once."""

    def __init__(self, content: Mapping[str, Any], file: str, values: Mapping[str, Any]) -> None:
        self.file = file
        self.whole = content
        found = (content.get(name) for name in _TEXT_SECTIONS)
        inner: Mapping[str, Any] = next((part for part in found if isinstance(part, Mapping)), {})
        self.text: dict[str, Any] = {**content, **inner, **values}
        self.nested = bool(inner)
        self.missing: list[str] = []

    def get(self, *names: str) -> Any:
        return next((self.text[name] for name in names if self.text.get(name) is not None), None)

    def number(self, names: Iterable[str], default: int | None = None) -> int | None:
        """A whole number. Configurations switch a feature off with 0 or by leaving it out."""
        for name in names:
            value = self.text.get(name)
            if value is None or value == 0:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise InvalidInput(f"{self.file}: {name} must be a whole number, but is {describe(value)}")
            return value
        return default

    def needed(self, names: tuple[str, ...]) -> int:
        found = self.number(names)
        if found is None:
            self.missing.append(names[0])
        return found or 1

    def stop_on_missing(self) -> None:
        if self.missing:
            raise InvalidInput(
                f"{self.file} has no {', '.join(self.missing)}",
                "The model's class in transformers has a default for it: look it up and give it with "
                f"import_model_values, for instance {{{self.missing[0]}: 8}}.",
            )


def read_architecture(content: Mapping[str, Any], file: str, values: Mapping[str, Any]) -> Architecture:
    """The architecture of one model; ``values`` win over what config.json says.

    Raises InvalidInput that names the file and the key.
    """
    config = Config(content, file, values)
    notes: list[str] = []
    hidden_size = config.needed(_HIDDEN_SIZE)
    attention_heads = config.needed(_ATTENTION_HEADS)
    layers = _caching_layers(config, config.needed(_LAYERS), notes)
    config.stop_on_missing()
    kv_heads, head_dim = _heads(config, attention_heads, hidden_size, notes)
    _note_sliding(config, notes)
    quantization = _quantization(config)
    if quantization == "mxfp4":
        notes.append(
            "Kernels pad mxfp4 weights, so the GPU holds more than the files: measure after loading."
        )
    if config.nested:
        notes.append("Has other modalities beside text; weights_bytes includes them, parameters may not.")
    width = None if quantization else _WIDTHS.get(str(config.get("dtype", "torch_dtype")))
    return Architecture(
        layers=layers,
        attention_heads=attention_heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        hidden_size=hidden_size,
        context=_context(config, notes),
        quantization=quantization,
        width=width,
        parameters=_parameters(config, attention_heads, hidden_size),
        notes=tuple(notes),
    )


def _caching_layers(config: Config, layers: int, notes: list[str]) -> int:
    kinds = config.get("layer_types")
    if not isinstance(kinds, (list, tuple)):
        return layers
    states = sum(1 for kind in kinds if kind in _STATE_LAYERS)
    if not states or states >= layers:
        return layers
    notes.append(f"{states} of {layers} layers keep a state instead of keys and values and are not counted.")
    return layers - states


def _heads(config: Config, attention_heads: int, hidden_size: int, notes: list[str]) -> tuple[int, int]:
    rank = config.number(("kv_lora_rank",))
    if rank:
        rope = config.number(("qk_rope_head_dim",), 0) or 0
        notes.append(
            "Keeps one compressed vector per token and layer; kv_heads and head_dim only represent its size."
        )
        return 1, (rank + rope) // 2
    head_dim = config.number(("head_dim",))
    if head_dim is None:
        if hidden_size % attention_heads:
            raise InvalidInput(
                f"{config.file} has no head_dim, and its {attention_heads} attention heads do not divide its "
                f"hidden_size of {hidden_size}",
                "Give it with import_model_values, for instance {head_dim: 128}.",
            )
        head_dim = hidden_size // attention_heads
    return config.number(("num_key_value_heads",), attention_heads) or attention_heads, head_dim


def _note_sliding(config: Config, notes: list[str]) -> None:
    window = config.number(("sliding_window",))
    if window is None or config.get("use_sliding_window") is False:
        return
    kinds = config.get("layer_types")
    sliding = (
        sum(1 for kind in kinds if kind == "sliding_attention") if isinstance(kinds, (list, tuple)) else 0
    )
    who = f"{sliding} of {len(kinds)} layers slide" if sliding else "Layers slide"
    notes.append(f"{who} over {window} tokens, so the plan's KV figure is an upper bound.")


def _quantization(config: Config) -> str:
    """vLLM's name of the quantisation: that of its fast kernels where they take the weights."""
    found = config.whole.get("quantization_config") or config.get("quantization_config", "compression_config")
    if not isinstance(found, Mapping):
        return ""
    method = str(found.get("quant_method") or "").lower()
    bits = found.get("bits", found.get("w_bit", 4))
    if method == "awq":
        return "awq_marlin" if bits == 4 else method
    if method == "gptq":
        return "gptq_marlin" if bits in (4, 8) and found.get("sym", True) else method
    return method


def _context(config: Config, notes: list[str]) -> int:
    """The longest text that the model was made for [tokens], as vLLM derives it."""
    context = config.number(_CONTEXT)
    if context is None:
        notes.append(f"config.json does not give the context ({_CONTEXT[0]}); {DEFAULT_CONTEXT} was taken.")
        return DEFAULT_CONTEXT
    rope = _rope(config)
    kind = str(rope.get("rope_type") or rope.get("type") or "default")
    factor = rope.get("factor")
    model_type = str(config.get("model_type") or "")
    if kind in _SCALED_ROPES or model_type.startswith("gemma3") or not isinstance(factor, (int, float)):
        return context
    if kind == "yarn" and isinstance(rope.get("original_max_position_embeddings"), int):
        context = rope["original_max_position_embeddings"]
    return int(context * factor)


def _rope(config: Config) -> Mapping[str, Any]:
    """How positions are stretched: under its old name, its new one, or by kind of layer."""
    rope = config.get("rope_parameters", "rope_scaling")
    if not isinstance(rope, Mapping):
        return {}
    full = rope.get("full_attention")
    return full if isinstance(full, Mapping) else rope


def _parameters(config: Config, attention_heads: int, hidden_size: int) -> int | None:
    """The parameters of a model built like Llama, with or without experts; None for any other."""
    vocabulary = config.number(("vocab_size",))
    width = config.number(("moe_intermediate_size", "intermediate_size"))
    layers = config.number(_LAYERS)
    mixed = any(config.text.get(name) for name in ("kv_lora_rank", *_MIXED_EXPERTS))
    built_alike = config.get("rms_norm_eps") is not None and not mixed
    if not (vocabulary and width and layers and built_alike):
        return None
    head_dim = config.number(("head_dim",), hidden_size // attention_heads) or 1
    kv_heads = config.number(("num_key_value_heads",), attention_heads) or attention_heads
    attention = 2 * hidden_size * head_dim * (attention_heads + kv_heads)
    experts = config.number(_EXPERTS, 1) or 1
    embeddings = vocabulary * hidden_size * (1 if config.get("tie_word_embeddings") in (None, True) else 2)
    return (
        layers * (attention + 3 * hidden_size * width * experts + 2 * hidden_size) + hidden_size + embeddings
    )
