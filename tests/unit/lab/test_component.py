"""Components are built once per fingerprint, and never half."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from lab.components.component import (
    BuildContext,
    Component,
    ComponentError,
    ensure,
    fingerprint,
    is_cached,
    log_path,
    output_path,
    prune_old,
)


class Recipe:
    """A build that copies its input and counts how often it ran."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.runs = 0

    def __call__(self, output: Path, context: BuildContext) -> None:
        self.runs += 1
        context.log.write("building\n")
        (output / "bin").mkdir()
        (output / "bin" / "tool").write_text(self.source.joinpath("pin").read_text())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "pin").write_text("1.0")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def recipe(source: Path) -> Recipe:
    return Recipe(source)


@pytest.fixture
def component(source: Path, recipe: Recipe) -> Component:
    return Component("tool", "compile", 1, (source,), recipe, revision="recipe 1")


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "components").iterdir())


def test_builds_once(component: Component, recipe: Recipe, cache: Path) -> None:
    assert not is_cached(component, cache)
    first = ensure(component, cache)
    assert is_cached(component, cache)
    assert ensure(component, cache) == first == output_path(component, cache)
    assert first == cache / "components" / f"tool-{fingerprint(component)}"
    assert (first / "bin" / "tool").read_text() == "1.0"
    assert recipe.runs == 1


def test_output_is_readable_by_other_users(component: Component, cache: Path) -> None:
    assert ensure(component, cache).stat().st_mode & 0o777 == 0o755


def test_changed_content_is_built_anew(
    component: Component, recipe: Recipe, source: Path, cache: Path
) -> None:
    old = ensure(component, cache)
    (source / "pin").write_text("2.0")
    assert not is_cached(component, cache)
    new = ensure(component, cache)
    assert (new / "bin" / "tool").read_text() == "2.0"
    assert (old / "bin" / "tool").read_text() == "1.0"
    assert recipe.runs == 2


def test_fingerprint_follows_whatever_decides(component: Component, source: Path) -> None:
    seen = {fingerprint(component), fingerprint(replace(component, revision="recipe 2"))}
    (source / "new").write_text("")
    seen.add(fingerprint(component))
    (source / "new").rename(source / "renamed")
    seen.add(fingerprint(component))
    assert len(seen) == 4


def test_fingerprint_ignores_the_place(component: Component, source: Path, tmp_path: Path) -> None:
    moved = source.rename(tmp_path / "elsewhere")
    before = replace(component, inputs=(moved,))
    digest = fingerprint(before)
    back = moved.rename(source)
    assert fingerprint(replace(component, inputs=(back,))) == digest


def test_missing_input_is_an_error(component: Component, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fingerprint(replace(component, inputs=(tmp_path / "absent",)))


def test_failed_build_leaves_no_output(component: Component, cache: Path) -> None:
    def broken(output: Path, context: BuildContext) -> None:
        (output / "half").write_text("")
        context.run([sys.executable, "-c", "print('why'); raise SystemExit(3)"])

    with pytest.raises(ComponentError, match=r"tool: .* ended with 3; see ") as caught:
        ensure(replace(component, build=broken), cache)
    assert caught.value.log_path == log_path(component, cache)
    assert "why" in caught.value.log_path.read_text()
    assert entries(cache) == []
    assert ensure(component, cache).is_dir()


def test_missing_program_is_a_component_error(component: Component, cache: Path) -> None:
    def broken(output: Path, context: BuildContext) -> None:
        context.run([output / "no-such-program"])

    with pytest.raises(ComponentError, match="No such file"):
        ensure(replace(component, build=broken), cache)


def test_remains_of_a_killed_build_are_cleared(component: Component, cache: Path) -> None:
    folder = cache / "components"
    (folder / ".partial-tool-abc").mkdir(parents=True)
    (folder / ".partial-tool-chain-abc").mkdir()
    ensure(component, cache)
    # The second one may belong to a running build of the component "tool-chain".
    assert entries(cache) == [".partial-tool-chain-abc", output_path(component, cache).name]


def test_run_adds_to_the_environment_and_logs(
    component: Component, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT", "kept")
    script = "import os; print(os.environ['KEPT'], os.environ['ADDED'], os.getcwd())"

    def build(output: Path, context: BuildContext) -> None:
        context.run([sys.executable, "-c", script], env={"ADDED": "added"}, cwd=output)

    ensure(replace(component, build=build), cache)
    assert "kept added /" in log_path(component, cache).read_text()


def test_two_builders_build_once(component: Component, recipe: Recipe, cache: Path) -> None:
    entered = threading.Event()
    release = threading.Event()

    def slow(output: Path, context: BuildContext) -> None:
        entered.set()
        release.wait(timeout=10)
        recipe(output, context)

    slow_component = replace(component, build=slow)
    threads = [threading.Thread(target=ensure, args=(slow_component, cache)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert entered.wait(timeout=10)
    release.set()
    for thread in threads:
        thread.join(timeout=10)
    assert recipe.runs == 1


def test_prune_removes_older_versions_of_this_component_only(
    component: Component, source: Path, cache: Path
) -> None:
    other = replace(component, name="tool-chain")
    kept = ensure(other, cache)
    old = ensure(component, cache)
    (source / "pin").write_text("2.0")
    new = ensure(component, cache)
    assert prune_old(component, cache) == [old]
    assert entries(cache) == sorted([kept.name, new.name])
    assert prune_old(component, cache) == []
