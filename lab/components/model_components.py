"""The tiny models of the rehearsal as components; their weights are random and their bytes fixed."""

from __future__ import annotations

from pathlib import Path

from lab.components.component import BuildContext, Component, ensure
from lab.components.python_components import PYTHON_COMPONENTS, find_python, packages_path
from lab.models.make_ollama_model import REFERENCE, make_ollama_model

VLLM_MODEL = "lab/tiny-qwen3"
OLLAMA_MODEL = REFERENCE

_MODELS = Path(__file__).parents[1] / "models"
_VLLM = next(component for component in PYTHON_COMPONENTS if component.name == "vllm")


def vllm_snapshot(output: Path) -> Path:
    """The folder of the model's files; its name is the model's revision."""
    repository = output / "hub" / f"models--{VLLM_MODEL.replace('/', '--')}"
    revision = (repository / "refs" / "main").read_text(encoding="ascii").strip()
    return repository / "snapshots" / revision


def _build_vllm_model(output: Path, context: BuildContext) -> None:
    packages = packages_path(ensure(_VLLM, context.cache))
    context.run(
        [find_python(context), "-s", _MODELS / "make_vllm_model.py", output, "--model-id", VLLM_MODEL],
        env={"PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"},
    )


def _build_ollama_model(output: Path, _context: BuildContext) -> None:
    make_ollama_model(output, OLLAMA_MODEL)


MODEL_COMPONENTS: tuple[Component, ...] = (
    Component(
        name="vllm-model",
        kind="compile",
        estimate_s=20,
        # Other versions of the packages may write other bytes.
        inputs=(_MODELS / "make_vllm_model.py", _MODELS / "chat_template.jinja", *_VLLM.inputs),
        build=_build_vllm_model,
        revision="recipe 1",
    ),
    Component(
        name="ollama-model",
        kind="compile",
        estimate_s=1,
        inputs=tuple(
            _MODELS / name for name in ("gguf_file.py", "make_ollama_model.py", "ollama_registry.py")
        ),
        build=_build_ollama_model,
        revision="recipe 1",
    ),
)
