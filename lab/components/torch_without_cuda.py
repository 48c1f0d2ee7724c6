"""Take CUDA out of a torch wheel, so that it serves on a CPU at a fraction of the size.

The wheel that an index offers for Linux is linked against CUDA, and its loader wants every library
of it although none is used without a GPU: gigabytes. Where there is no CPU build to install, this
replaces ``libtorch_cuda.so`` and the vendor libraries with one small stand-in that defines the few
symbols which the rest refers to. The real CUDA runtime stays: it answers "no device" as it should.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Run = Callable[[Sequence[str | Path]], None]

STAND_IN = "libtorch_cuda.so"

_DROPPED = (STAND_IN, "libtorch_cuda_linalg.so", "libtorch_nvshmem.so", "libcaffe2_nvrtc.so")
_VENDOR_LIBRARY = re.compile(r"^lib(cudnn|cufile|cupti|nccl)\.so\.\d+$")
_VENDOR_SYMBOL = re.compile(r"^(cudnn|cuFile|cupti|nccl)[A-Z]")
# What is called while the bindings of libtorch_python are being loaded, CUDA or not.
_ANSWERS = {
    # c10d::get_gil_checker() returns where a callback is to be stored.
    "_ZN4c10d15get_gil_checkerEv": "void *{}(void) {{ static void *slot[8]; return slot; }}",
    # c10d::ProcessGroupNCCL::Options::Options(bool) makes the value of a default argument.
    "_ZN4c10d16ProcessGroupNCCL7OptionsC1Eb": """\
extern void *_ZTVN4c10d16ProcessGroupNCCL7OptionsE[];
void {}(void **self)
{{
    memset(self, 0, malloc_usable_size(self));
    *self = &_ZTVN4c10d16ProcessGroupNCCL7OptionsE[2];
}}""",
}
# Ample for the virtual tables among them; nobody looks inside without a CUDA object.
_DATA_BYTES = 1024

_PREAMBLE = """\
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse(const char *name)
{
    fprintf(stderr, "%s: this torch has no CUDA\\n", name);
    abort();
}

/* What the C++ runtime expects of the description of a class without bases. */
struct class_type_info { void *table; const char *name; };
extern void *_ZTVN10__cxxabiv117__class_type_infoE[];
"""


def remove_cuda(site_packages: Path, run: Run) -> None:
    """Replace the CUDA part of the torch in a folder of packages by a stand-in."""
    libraries = site_packages / "torch" / "lib"
    cuda = {name for part in _DROPPED for name in _symbols(libraries / part, "--defined-only")}
    kept = sorted(path for path in libraries.glob("*.so") if path.name not in _DROPPED)
    wanted = {name for path in kept for name in _symbols(path, "--undefined-only")}
    own = {name for path in kept for name in _symbols(path, "--defined-only")}
    vendors = {name for path in kept for name in _needed(path) if _VENDOR_LIBRARY.match(name)}
    for name in _DROPPED:
        (libraries / name).unlink()
    source = libraries / "stand_in.c"
    names = {name for name in wanted - own if name in cuda or _VENDOR_SYMBOL.match(name)}
    source.write_text(stand_in_source(names), encoding="utf-8")
    # libstdc++ is the home of the class description's virtual table.
    options = ["-O1", "-w", "-shared", "-fPIC", f"-Wl,-soname,{STAND_IN}"]
    run(["cc", *options, "-o", libraries / STAND_IN, source, "-Wl,--no-as-needed", "-l:libstdc++.so.6"])
    source.unlink()
    for name in sorted(vendors):
        (libraries / name).symlink_to(STAND_IN)


def stand_in_source(names: Iterable[str]) -> str:
    """C that defines the symbols: functions that refuse, and data that only has to be there."""
    return _PREAMBLE + "".join(f"{_definition(name)}\n" for name in sorted(names))


def _definition(name: str) -> str:
    if name.startswith("_ZTI"):
        # The name is read while the Python bindings register their classes: it has to be right.
        table = "&_ZTVN10__cxxabiv117__class_type_infoE[2]"
        return f'struct class_type_info {name} = {{{table}, "{name.removeprefix("_ZTI")}"}};'
    if name.startswith("_ZTV"):
        return f"void *{name}[{_DATA_BYTES // 8}];"
    if name in _ANSWERS:
        return _ANSWERS[name].format(name)
    if name.startswith("_Z"):
        return f'void {name}(void) {{ refuse("{name}"); }}'
    # Functions of the vendors' C interfaces report failure by a number other than zero.
    return f"int {name}(void) {{ return 100; }}"


def _symbols(library: Path, which: str) -> set[str]:
    listed = _output(["nm", "--dynamic", which, "--format=posix", library])
    # "name@version type value": the stand-in needs no versions, the loader takes it without.
    return {line.split()[0].partition("@")[0] for line in listed.splitlines() if line.strip()}


def _needed(library: Path) -> set[str]:
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", _output(["readelf", "--dynamic", library])))


def _output(command: Sequence[str | Path]) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout
