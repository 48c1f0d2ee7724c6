"""Names and folders of a lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.components.model_components import MODELS
from lab.errors import LabError
from lab.parts import Parts
from lab.settings import EXTRAS, existing_labs, load, pins, wanted_extras


def test_everything_follows_from_name_and_folders(tmp_path: Path) -> None:
    settings = load(
        {"LAB": "two", "XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CACHE_HOME": str(tmp_path / "c")}
    )

    assert settings.state == tmp_path / "s/inference-stack/two"
    assert settings.cache == tmp_path / "c/inference-stack"
    assert settings.lab_file.name == "lab.json"
    assert settings.container("gpu") == "inference-two-gpu"


def test_the_default_lab_is_demo() -> None:
    assert load({}).name == "demo"
    assert load({"LAB": ""}).name == "demo"


@pytest.mark.parametrize("name", ["Demo", "a b", "-a", "a-", "x" * 21, "../x"])
def test_a_name_that_no_container_could_have_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="no good name"):
        load({"LAB": name})


def test_only_folders_are_labs(tmp_path: Path) -> None:
    settings = load({"XDG_STATE_HOME": str(tmp_path)})
    assert existing_labs(settings) == []
    (settings.states / "b").mkdir(parents=True)
    (settings.states / "a").mkdir()
    (settings.states / ".lock").touch()

    assert existing_labs(settings) == ["a", "b"]


def test_podmans_volatile_folder_belongs_to_one_cache(tmp_path: Path) -> None:
    first = load({"XDG_CACHE_HOME": str(tmp_path / "1")})
    second = load({"XDG_CACHE_HOME": str(tmp_path / "2")})

    assert first.podman_run != second.podman_run


def test_extras_come_only_when_they_are_named(tmp_path: Path) -> None:
    assert wanted_extras({}) == wanted_extras({"LAB_WITH": ""}) == ()
    assert wanted_extras({"LAB_WITH": "open-webui, open-webui"}) == ("open-webui",)
    with pytest.raises(LabError, match="LAB_WITH names chat"):
        wanted_extras({"LAB_WITH": "chat"})
    plain = {part.name for part in Parts(tmp_path)}
    assert {part.name for part in Parts(tmp_path, EXTRAS)} - plain == set(EXTRAS)


def test_the_models_are_those_that_the_lab_has_and_real_ones_in_a_new_lab(tmp_path: Path) -> None:
    def models(**said: str) -> str:
        return load({"LAB": "m", "XDG_STATE_HOME": str(tmp_path)} | said).models

    assert models() == models(LAB_MODELS="") == "real"
    assert models(LAB_MODELS="random") == "random"
    lab_file = load({"LAB": "m", "XDG_STATE_HOME": str(tmp_path)}).lab_file
    lab_file.parent.mkdir(parents=True)
    for content, had in (('{"models": "random"}', "random"), ('{"hosts": {}}', "random")):
        lab_file.write_text(content)
        assert models() == had
        assert models(LAB_MODELS="real") == "real"
    with pytest.raises(LabError, match="is none of its values"):
        models(LAB_MODELS="tiny")


def test_a_lab_builds_the_models_that_it_serves_and_no_others(tmp_path: Path) -> None:
    parts = {models: {part.name: part.needs for part in Parts(tmp_path, (), models)} for models in MODELS}

    assert set(parts["real"]) - set(parts["random"]) == {"smollm2", "smollm2-vllm", "smollm2-ollama"}
    assert set(parts["random"]) - set(parts["real"]) == {"vllm-model", "ollama-model"}
    assert parts["real"]["smollm2-vllm"] == ("vllm", "smollm2")
    assert parts["real"]["smollm2-ollama"] == ("smollm2",)


def test_pins_name_what_is_needed() -> None:
    assert set(pins()) == {"debian", "k3s", "container_toolkit"}
