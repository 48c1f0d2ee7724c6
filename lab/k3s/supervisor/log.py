"""Lines in the form of k3s's own log, so that whoever reads the journal finds what they know."""

from __future__ import annotations

import json
import sys
import time


def _write(level: str, message: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    # The message is quoted as Go does; for text that is JSON's way too.
    quoted = json.dumps(message, ensure_ascii=False)
    sys.stderr.write(f'time="{stamp}" level={level} msg={quoted}\n')
    sys.stderr.flush()


def info(message: str) -> None:
    """Say what happens."""
    _write("info", message)


def warning(message: str) -> None:
    """Say what a person may want to change."""
    _write("warning", message)


def error(message: str) -> None:
    """Say what went wrong."""
    _write("error", message)


def fatal(message: str) -> None:
    """Say why the command ends."""
    _write("fatal", message)
