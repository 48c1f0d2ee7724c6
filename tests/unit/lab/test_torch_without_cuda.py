"""The C that stands in for CUDA: each wanted symbol once, in the form that its kind needs."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

from lab.components.torch_without_cuda import stand_in_source

FUNCTION = "_ZN2at4cuda4warnEv"
CLASS = "_ZTIN4c10d4NcclE"
TABLE = "_ZTVN4c10d4NcclE"


def test_a_class_description_carries_its_own_name() -> None:
    assert '"N4c10d4NcclE"' in stand_in_source([CLASS])


def test_the_order_of_the_symbols_does_not_matter() -> None:
    assert stand_in_source([FUNCTION, TABLE]) == stand_in_source([TABLE, FUNCTION])


def test_the_library_defines_what_was_asked_for(tmp_path: Path) -> None:
    source, library = tmp_path / "s.c", tmp_path / "s.so"
    source.write_text(stand_in_source([FUNCTION, CLASS, TABLE, "ncclInit"]), encoding="utf-8")
    libstdcpp = ["-Wl,--no-as-needed", "-l:libstdc++.so.6"]
    subprocess.run(["cc", "-w", "-shared", "-fPIC", "-o", library, source, *libstdcpp], check=True)
    loaded = ctypes.CDLL(str(library))
    for name in (FUNCTION, CLASS, TABLE):
        assert hasattr(loaded, name)
    # A vendor's C function reports failure instead of ending the process.
    assert loaded.ncclInit() != 0
