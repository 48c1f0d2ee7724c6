"""The recipes agree with the Go modules that they compile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lab.components import go_components
from lab.components.component import BuildContext, Component
from lab.components.go_components import GO_COMPONENTS, KUBE_PROGRAMS

BY_NAME = {component.name: component for component in GO_COMPONENTS}


def go_mod(module: str) -> str:
    return (BY_NAME[module].inputs[0] / "go.mod").read_text(encoding="utf-8")


def test_kube_has_a_link_for_each_of_its_programs() -> None:
    source = (BY_NAME["kubernetes"].inputs[0] / "kube" / "main.go").read_text(encoding="utf-8")
    assert tuple(re.findall(r'^\t"([a-z-]+)": +run', source, re.MULTILINE)) == KUBE_PROGRAMS


@pytest.mark.parametrize("component", GO_COMPONENTS, ids=lambda component: component.name)
def test_each_component_has_a_module_of_its_own(component: Component) -> None:
    (module,) = component.inputs
    text = (module / "go.mod").read_text(encoding="utf-8")
    assert text.startswith(f"module lab.invalid/{module.name}\n")


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(GO_COMPONENTS)


def test_stubs_take_the_place_of_what_nobody_needs_of_traefik(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only in a copy: the modules that Go fetched stay as they are."""
    modules = tmp_path / "go/mod/github.com"
    (traefik,) = re.findall(
        r"^require (github.com/traefik/traefik/v3) (\S+)$", go_mod("traefik"), re.MULTILINE
    )
    (lego,) = re.findall(r"^\s(github.com/go-acme/lego/v4) (\S+)", go_mod("traefik"), re.MULTILINE)
    for (module, version), package in ((traefik, "pkg/provider/ecs"), (lego, "providers/dns/some")):
        folder = tmp_path / "go/mod" / f"{module}@{version}"
        (folder / package).mkdir(parents=True)
        (folder / package / "client.go").write_text("package x\n")
        (folder / "go.mod").write_text(f"module {module}\n")
    manifests = tmp_path / "go/mod" / "@".join(traefik) / "docs/content/reference/dynamic-configuration"
    manifests.mkdir(parents=True)
    for name in ("kubernetes-crd-definition-v1.yml", "kubernetes-crd-rbac.yml"):
        (manifests / name).write_text(name)
    ran: list[tuple[list[str], Path | None]] = []

    class Context(BuildContext):
        def run(self, cmd: Any, env: Any = None, cwd: Path | None = None) -> None:
            ran.append(([str(word) for word in cmd], cwd))

    monkeypatch.setattr(go_components, "go_program", lambda cache: Path("go"))
    output = tmp_path / "out"
    output.mkdir()
    with (tmp_path / "log").open("w") as log:
        BY_NAME["traefik"].build(output, Context("traefik", tmp_path, tmp_path / "log", log))
    (download, build) = ran
    assert download[0][:3] == ["go", "mod", "download"]
    assert build[0][-1] == "github.com/traefik/traefik/v3/cmd/traefik"
    copy = build[1]
    assert copy == tmp_path / "sources/traefik"
    assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*.go")) == [
        "lego/providers/dns/dns.go",
        "traefik/pkg/provider/ecs/ecs.go",
    ]
    replaced = (copy / "go.mod").read_text().removeprefix(go_mod("traefik")).split("\n")
    assert replaced[1:3] == [f"replace {traefik[0]} => ./traefik", f"replace {lego[0]} => ./lego"]
    assert {path.name for path in (output / "manifests").iterdir()} == {
        path.name for path in manifests.iterdir()
    }
    assert len(list(modules.rglob("client.go"))) == 2
