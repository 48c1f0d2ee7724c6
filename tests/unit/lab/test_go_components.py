"""The recipes agree with the Go modules that they compile."""

from __future__ import annotations

import re

import pytest

from lab.components.component import Component
from lab.components.go_components import GO_COMPONENTS, KUBE_PROGRAMS

BY_NAME = {component.name: component for component in GO_COMPONENTS}


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
