"""Packages of plugins/ import in one direction, in one style, and only what may run where they run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
COLLECTION = "ansible_collections.inference.stack"
MODULES = {".".join(path.relative_to(PLUGINS).with_suffix("").parts): path for path in PLUGINS.rglob("*.py")}
TRAVELS = ("module_utils", "modules")
# The zipapp of a node holds these packages and nothing else.
NODE_PACKAGES = {"module_utils.mode": {"module_utils.cluster"}}


def imports(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node


def imported_modules(name: str, path: Path) -> Iterator[str]:
    """The modules of plugins/ that a module imports."""
    for node in imports(path):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = name.split(".")[: -node.level] + (node.module.split(".") if node.module else [])
        for alias in node.names:
            whole = ".".join([*base, alias.name])
            yield whole if whole in MODULES else ".".join(base)


def package(module: str) -> str:
    return module.removesuffix(".__init__").rpartition(".")[0]


def package_graph() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        here = graph.setdefault(package(name), set())
        here.update({package(other) for other in imported_modules(name, path)} - {package(name)})
    return graph


def test_packages_import_without_a_circle() -> None:
    try:
        tuple(TopologicalSorter(package_graph()).static_order())
    except CycleError as circle:
        raise AssertionError(f"These packages import each other: {' <- '.join(circle.args[1])}") from None


def test_a_circle_would_be_found() -> None:
    graph = package_graph()
    graph["module_utils.openai_api"] = {"modules"}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError:
        return
    raise AssertionError("modules import openai_api, and a way back was not noticed")


def test_imports_inside_the_collection_are_relative() -> None:
    found = [
        f"{path.relative_to(PLUGINS)}:{node.lineno}"
        for path in MODULES.values()
        for node in imports(path)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
        if name.startswith(COLLECTION)
    ]
    assert found == []


def test_what_travels_to_hosts_imports_nothing_of_the_controller() -> None:
    found = [
        f"{name} -> {other}"
        for name, path in MODULES.items()
        if name.startswith(TRAVELS)
        for other in imported_modules(name, path)
        if not other.startswith(TRAVELS)
    ]
    assert found == []


def test_what_runs_on_a_node_brings_little_along() -> None:
    graph = package_graph()
    assert {name: graph[name] for name in NODE_PACKAGES} == NODE_PACKAGES
