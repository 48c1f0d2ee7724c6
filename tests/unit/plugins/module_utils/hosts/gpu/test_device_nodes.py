"""Only what belongs to the driver is listed, and ordinary files are told from devices."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.inference.stack.plugins.module_utils.hosts.gpu import device_nodes


def test_cards_and_shared_nodes_are_told_apart(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia12", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).symlink_to("/dev/null")
    for name in ("nvidia-caps", "nvidia-modeset", "null", "nvidia0x"):
        (tmp_path / name).symlink_to("/dev/null")

    found = {Path(node.path).name: node for node in device_nodes.find_nodes(str(tmp_path))}

    assert set(found) == {"nvidia0", "nvidia12", "nvidiactl", "nvidia-uvm"}
    assert {name for name, node in found.items() if node.is_card} == {"nvidia0", "nvidia12"}
    assert all(node.is_device for node in found.values())


def test_an_ordinary_file_is_no_device(tmp_path: Path) -> None:
    (tmp_path / "nvidia0").write_text("")
    (tmp_path / "nvidiactl").symlink_to(tmp_path / "nowhere")

    assert [node.is_device for node in device_nodes.find_nodes(str(tmp_path))] == [False, False]


def test_a_host_without_the_folder_has_none(tmp_path: Path) -> None:
    assert device_nodes.find_nodes(str(tmp_path / "dev")) == []
