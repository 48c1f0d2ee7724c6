"""Make the tiny model that vLLM serves in the rehearsal: two layers of random Qwen3.

Run with the packages of the ``vllm`` component. The output has the layout of a Hugging Face cache,
so it serves offline as a downloaded model would::

    <output>/hub/models--<org>--<name>/refs/main
    <output>/hub/models--<org>--<name>/snapshots/<revision>/...

The same versions of the packages write the same bytes, and the revision is a digest of those bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

SEED = 20240229
VOCABULARY = 512
CONTEXT = 4096
SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
)
MODEL_ID = "lab/tiny-qwen3"
TEMPLATE = Path(__file__).with_name("chat_template.jinja")


def make_tokenizer() -> Any:
    """A byte-level BPE tokenizer trained on the text that lies beside this script."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        # All bytes, so that no input and no JSON grammar meets an unknown token.
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([TEMPLATE.read_text("utf-8"), __doc__ or ""], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=["<|im_start|>"],
        chat_template=TEMPLATE.read_text("utf-8"),
        model_max_length=CONTEXT,
    )


def make_model(tokenizer: Any) -> Any:
    """Random weights under a fixed seed, just large enough for every code path of the engine."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen3ForCausalLM(config).to(torch.float32)


def write_model(tokenizer: Any, model: Any, output: Path, model_id: str) -> None:
    """Save both into a Hugging Face cache, and print the model's name and revision."""
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch)
        tokenizer.save_pretrained(files)
        model.save_pretrained(files)
        # Readable by whoever serves it, whatever mask this ran under.
        for path in files.iterdir():
            path.chmod(0o644)
        snapshot = write_cache(files, output, model_id)
    print(json.dumps({"model_id": model_id, "revision": snapshot.name}))


def write_cache(files: Path, output: Path, model_id: str) -> Path:
    """Lay the files out as a Hugging Face cache and return the snapshot's folder."""
    revision = digest_of(files)
    repository = output / "hub" / f"models--{model_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / revision
    shutil.copytree(files, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision, encoding="ascii")
    return snapshot


def digest_of(folder: Path) -> str:
    """Forty hexadecimal digits, as a commit has, from the names and contents of the files."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:40]


def main() -> None:
    """Write the model below the given folder."""
    parser = argparse.ArgumentParser(description="Make the tiny model for vLLM.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--model-id", default=MODEL_ID)
    arguments = parser.parse_args()
    tokenizer = make_tokenizer()
    write_model(tokenizer, make_model(tokenizer), arguments.output, arguments.model_id)


if __name__ == "__main__":
    main()
