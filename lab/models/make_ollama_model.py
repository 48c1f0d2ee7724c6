"""Make the tiny model that Ollama serves in the rehearsal: two layers of random Llama.

It needs the standard library only and writes the same bytes each time, laid out as the static files
of a registry, see ollama_registry.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from array import array
from pathlib import Path

if __package__ in (None, ""):  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.models.gguf_file import Tensor, Value, write_gguf
from lab.models.ollama_registry import write_registry

SEED = 20240229
REFERENCE = "lab/tiny-llama:latest"
CONTEXT = 2048
WIDTH, FEED_FORWARD, LAYERS, HEADS, KV_HEADS = 64, 128, 2, 4, 2
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_NORMAL, _CONTROL = 1, 3

TEMPLATE = """\
{{- if or .System .Tools }}<|im_start|>system
{{ .System }}
{{- range .Tools }}
{{ . }}
{{- end }}<|im_end|>
{{ end }}
{{- range .Messages }}
{{- if ne .Role "system" }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}
{{- end }}<|im_start|>assistant
"""
# Random weights rarely stop by themselves, so the model brings a limit for callers without one.
PARAMETERS = {"num_ctx": 1024, "num_predict": 64, "stop": ["<|im_end|>"]}


def byte_alphabet() -> list[str]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2's)."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    spare = iter(range(0x100, 0x200))
    return [chr(byte if byte in plain else next(spare)) for byte in range(0x100)]


def vocabulary() -> tuple[list[str], list[int], list[str]]:
    """Tokens, their types, and the merges: special tokens, bytes, and pairs of common letters."""
    merges = [f"{left} {right}" for left in "Ġaeiou" for right in "nrstl"]
    tokens = [*SPECIAL_TOKENS, *byte_alphabet(), *(merge.replace(" ", "") for merge in merges)]
    types = [_CONTROL if token in SPECIAL_TOKENS else _NORMAL for token in tokens]
    return tokens, types, merges


def metadata() -> dict[str, Value]:
    """What a runner wants to know about the architecture and the tokenizer."""
    tokens, types, merges = vocabulary()
    return {
        "general.architecture": "llama",
        "general.name": "tiny-llama",
        "general.file_type": 0,
        "general.quantization_version": 2,
        "llama.vocab_size": len(tokens),
        "llama.context_length": CONTEXT,
        "llama.embedding_length": WIDTH,
        "llama.feed_forward_length": FEED_FORWARD,
        "llama.block_count": LAYERS,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": KV_HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.rope.freq_base": 10000.0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": types,
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.bos_token_id": 0,
        "tokenizer.ggml.eos_token_id": SPECIAL_TOKENS.index("<|im_end|>"),
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.add_bos_token": False,
    }


def tensors() -> list[Tensor]:
    """The weights, in the order in which the layers use them."""
    generator = random.Random(SEED)
    words, kv_width = len(vocabulary()[0]), WIDTH // HEADS * KV_HEADS

    def matrix(name: str, columns: int, rows: int) -> Tensor:
        # About the spread that a layer of this width is initialised with.
        values = (generator.gauss(0.0, 0.1) for _ in range(columns * rows))
        return Tensor(name, (columns, rows), array("f", values))

    def norm(name: str) -> Tensor:
        return Tensor(name, (WIDTH,), array("f", [1.0] * WIDTH))

    made = [matrix("token_embd.weight", WIDTH, words)]
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        made += [
            norm(f"{block}.attn_norm.weight"),
            matrix(f"{block}.attn_q.weight", WIDTH, WIDTH),
            matrix(f"{block}.attn_k.weight", WIDTH, kv_width),
            matrix(f"{block}.attn_v.weight", WIDTH, kv_width),
            matrix(f"{block}.attn_output.weight", WIDTH, WIDTH),
            norm(f"{block}.ffn_norm.weight"),
            matrix(f"{block}.ffn_gate.weight", WIDTH, FEED_FORWARD),
            matrix(f"{block}.ffn_up.weight", WIDTH, FEED_FORWARD),
            matrix(f"{block}.ffn_down.weight", FEED_FORWARD, WIDTH),
        ]
    return [*made, norm("output_norm.weight"), matrix("output.weight", WIDTH, words)]


def make_ollama_model(output: Path, reference: str = REFERENCE) -> Path:
    """Write the registry's files below the output and return the manifest's path."""
    weights = tensors()
    count = sum(len(tensor.data) for tensor in weights)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "model.gguf"
        write_gguf(file, metadata(), weights)
        model = file.read_bytes()
    size = f"{count / 1000:.0f}K"
    return write_registry(output, reference, model, TEMPLATE, PARAMETERS, "llama", size)


def main() -> None:
    """Write the model below the given folder."""
    parser = argparse.ArgumentParser(description="Make the tiny model for Ollama.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--reference", default=REFERENCE)
    arguments = parser.parse_args()
    manifest = make_ollama_model(arguments.output, arguments.reference)
    print(json.dumps({"reference": arguments.reference, "manifest": str(manifest)}))


if __name__ == "__main__":
    main()
