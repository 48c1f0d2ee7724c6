"""A repository is found in whatever form somebody wrote it down before."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.containers.apt_sources import (
    Repository,
    find_files,
)

OURS = Repository("https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH)", "/")
# As NVIDIA's installation guide writes it: its list, with signed-by put in by sed.
GUIDE = """\
deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg] \
https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /
#deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg] \
https://nvidia.github.io/libnvidia-container/experimental/deb/$(ARCH) /
"""
DEBIAN = "deb http://deb.debian.org/debian bookworm main\n"
STANZA = """\
# written by somebody
Types: deb
URIs: https://nvidia.github.io/libnvidia-container/stable/deb/amd64/
Suites: /
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBFnPXwMBEAC
 -----END PGP PUBLIC KEY BLOCK-----
"""
URI = "nvidia.github.io/libnvidia-container/stable/deb"

FOUND = {
    "NVIDIA's guide": ("nvidia-container-toolkit.list", GUIDE),
    "the guide with experimental on": ("nvidia-container-toolkit.list", GUIDE.replace("#deb", "deb")),
    "architecture written out": ("nvidia.list", f"deb https://{URI}/amd64 /\n"),
    "a slash at the end": ("nvidia.list", f"deb https://{URI}/$(ARCH)/ /\n"),
    "without encryption": ("nvidia.list", f"deb http://{URI}/amd64 /\n"),
    "the host in capitals": (
        "nvidia.list",
        f"deb https://{URI.replace('nvidia', 'NVIDIA', 1)}/amd64 /\n",
    ),
    "several options and spaces": (
        "nvidia.list",
        f"  deb  [ arch=amd64  signed-by=/a,/b ]\thttps://{URI}/$(ARCH)   /   # toolkit\n",
    ),
    "options without a space behind": ("nvidia.list", f"deb [trusted=yes]https://{URI}/amd64 /\n"),
    "below other lines": ("everything.list", f"{DEBIAN}\n{GUIDE}"),
    "deb822 with a key inside": ("nvidia.sources", STANZA),
    "deb822 that says it is on": ("nvidia.sources", f"Enabled: yes\n{STANZA}"),
    "deb822 in small letters": ("nvidia.sources", f"types: deb\nuris: https://{URI}/$(ARCH)\nsuites: /\n"),
    "deb822 with several addresses": (
        "nvidia.sources",
        "Types: deb-src deb\nURIs:\n https://mirror.example.com/debian\n"
        f" https://{URI}/amd64\nSuites: stable /\n",
    ),
    "deb822, second stanza": (
        "nvidia.sources",
        f"Types: deb\nURIs: http://deb.debian.org/debian\nSuites: trixie\n \n\n{STANZA}",
    ),
    "deb822, the first one is off": ("nvidia.sources", f"Enabled: no\n{STANZA}\n{STANZA}"),
}
NOT_FOUND = {
    "nothing": ("debian.list", DEBIAN),
    "a comment": ("nvidia.list", f"# deb https://{URI}/amd64 /\n#deb https://{URI}/amd64 /\n"),
    "switched off by an upgrade": (
        "nvidia.list",
        f"# deb https://{URI}/$(ARCH) / # disabled on upgrade to noble\n",
    ),
    "experimental": (
        "nvidia.list",
        "deb https://nvidia.github.io/libnvidia-container/experimental/deb/$(ARCH) /\n",
    ),
    "CUDA's repository": (
        "cuda-debian12-x86_64.list",
        "deb [signed-by=/usr/share/keyrings/cuda-archive-keyring.gpg] "
        "https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64/ /\n",
    ),
    "another architecture": ("nvidia.list", f"deb https://{URI}/arm64 /\n"),
    "another suite": ("nvidia.list", f"deb https://{URI}/amd64 stable main\n"),
    "sources of packages": ("nvidia.list", f"deb-src https://{URI}/amd64 /\n"),
    "a name that apt ignores": ("nvidia.list.save", GUIDE),
    "a name that apt ignores, too": ("nvidia list.list", GUIDE),
    "an editor's backup": ("nvidia.sources~", STANZA),
    "deb822 that is off": ("nvidia.sources", f"Enabled: no\n{STANZA}"),
    "deb822 that is off below": ("nvidia.sources", f"{STANZA}Enabled: False\n"),
    "deb822 of sources": ("nvidia.sources", STANZA.replace("Types: deb", "Types: deb-src")),
    "deb822 as a comment": ("nvidia.sources", "".join(f"#{line}\n" for line in STANZA.splitlines())),
    "one line in a file for deb822": ("nvidia.sources", GUIDE),
    "nonsense": ("nvidia.sources", "\x00\n: :\n \ndeb\n"),
}


def look(tmp_path: Path, name: str, content: str, machine: str = "x86_64") -> list[str]:
    folder = tmp_path / "sources.list.d"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content)
    found = find_files([OURS], str(tmp_path / "sources.list"), str(folder), machine)
    return [Path(path).name for path in found]


@pytest.mark.parametrize(("name", "content"), FOUND.values(), ids=FOUND)
def test_the_repository_is_found(tmp_path: Path, name: str, content: str) -> None:
    assert look(tmp_path, name, content) == [name]


@pytest.mark.parametrize(("name", "content"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_is_not_switched_on_is_not_found(tmp_path: Path, name: str, content: str) -> None:
    assert look(tmp_path, name, content) == []


@pytest.mark.parametrize(("machine", "found"), [("aarch64", ["arm.list"]), ("x86_64", [])])
def test_each_machine_has_its_own_packages(tmp_path: Path, machine: str, found: list[str]) -> None:
    assert look(tmp_path, "arm.list", f"deb https://{URI}/arm64 /\n", machine) == found


def test_the_main_file_counts_and_none_has_to_be_there(tmp_path: Path) -> None:
    main, folder = tmp_path / "sources.list", tmp_path / "sources.list.d"
    assert find_files([OURS], str(main), str(folder), "x86_64") == []
    main.write_text(DEBIAN + GUIDE)
    assert find_files([OURS], str(main), str(folder), "x86_64") == [str(main)]
