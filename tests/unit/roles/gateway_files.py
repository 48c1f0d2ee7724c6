"""The files with which the gateway extends LiteLLM, loaded as LiteLLM does it."""

from __future__ import annotations

import importlib.util
from typing import Any

from tests.playbook_run import ROOT

FILES = ROOT / "roles/litellm/files"


def gateway_file(name: str) -> Any:
    """By its path, without a place in sys.modules."""
    spec = importlib.util.spec_from_file_location(name, FILES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
