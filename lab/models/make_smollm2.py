"""Write the GGUF file of SmolLM2 as vLLM reads it: safetensors, the tokenizer, the chat template.

Run with the packages of the components ``vllm`` and ``smollm2``. The output is laid out as a Hugging Face
cache, see make_vllm_model. The weights are those of the quantised file, as numbers of 16 bits: they gain
nothing but a form that vLLM's CPU build takes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a script
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.models.make_vllm_model import write_model

# What its makers recommend. Without these, servers take each word with the chance that the model gives it,
# and so small a model then wanders.
SAMPLING = {"temperature": 0.2, "top_p": 0.9}


def read_tokenizer(file: Path) -> Any:
    """The file's own tokenizer, with its chat template."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)


def read_model(file: Path) -> Any:
    """The model without its quantisation: transformers does not save one that it read from GGUF."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig, LlamaConfig, LlamaForCausalLM

    quantised = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    config = quantised.config.to_dict()
    config.pop("quantization_config", None)
    model = LlamaForCausalLM(LlamaConfig(**config | {"architectures": ["LlamaForCausalLM"]}))
    model.load_state_dict(quantised.state_dict())
    model.tie_weights()
    model.generation_config = GenerationConfig(
        **{name: config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id")},
        do_sample=True,
        **SAMPLING,
    )
    return model.to(torch.bfloat16)


def main() -> None:
    """Write the model below the given folder."""
    parser = argparse.ArgumentParser(description="Write SmolLM2 for vLLM.")
    parser.add_argument("file", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--model-id", required=True)
    arguments = parser.parse_args()
    tokenizer, model = read_tokenizer(arguments.file), read_model(arguments.file)
    write_model(tokenizer, model, arguments.output, arguments.model_id)


if __name__ == "__main__":
    main()
