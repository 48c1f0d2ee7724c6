"""Build components by hand: ``python -m lab.components [name…]``, without names all of them."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from lab.components.component import ComponentError, default_cache, ensure, is_cached
from lab.components.go_components import GO_COMPONENTS
from lab.components.python_components import PYTHON_COMPONENTS


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what was asked for, one after the other, and go on after a failure."""
    known = {component.name: component for component in (*GO_COMPONENTS, *PYTHON_COMPONENTS)}
    parser = argparse.ArgumentParser(prog="python -m lab.components", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of: {', '.join(known)}")
    names: list[str] = parser.parse_args(arguments).names or list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown component: {', '.join(unknown)}")

    cache = default_cache()
    failed = False
    for component in (known[name] for name in names):
        state = "cached" if is_cached(component, cache) else "built"
        start = time.monotonic()
        try:
            detail = str(ensure(component, cache))
        except ComponentError as error:
            state, detail, failed = "failed", str(error), True
        seconds = time.monotonic() - start
        print(f"{component.name:<18} {state:<7} {seconds:7.1f} s  {detail}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
