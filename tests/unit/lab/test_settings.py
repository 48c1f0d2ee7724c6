"""Names and folders of a lab."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_pins_name_what_is_needed() -> None:
    assert set(pins()) == {"debian", "k3s", "container_toolkit"}
