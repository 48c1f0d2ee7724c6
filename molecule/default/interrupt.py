"""Runs a playbook and kills it, with all its children, a moment after it entered a role.

Stands for the power cut, the closed laptop and the impatient Ctrl-C: SIGKILL, so that nothing can tidy up.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

DEADLINE_S = 1200


def kill_inside(command: list[str], marker: str, log: Path, linger_s: float) -> bool:
    """Starts the command and kills its process group once `marker` was printed; tells whether it was."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as sink:
        play = subprocess.Popen(
            command,
            env=os.environ | {"ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"},
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + DEADLINE_S
    while play.poll() is None and time.monotonic() < deadline:
        if marker in log.read_text(errors="replace"):
            time.sleep(linger_s)
            os.killpg(play.pid, signal.SIGKILL)
            play.wait()
            return True
        time.sleep(0.2)
    if play.poll() is None:
        os.killpg(play.pid, signal.SIGKILL)
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inventory", required=True)
    parser.add_argument("--after", required=True, help="text of the output after which the play is killed")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--linger", type=float, default=6.0, help="seconds between the text and the kill")
    parser.add_argument("playbook")
    options = parser.parse_args()
    command = ["ansible-playbook", "--inventory", options.inventory, options.playbook]
    if kill_inside(command, options.after, options.log, options.linger):
        return 0
    print(f"the play ended before {options.after!r} was seen; end of {options.log}:", file=sys.stderr)
    print(options.log.read_text(errors="replace")[-3000:], file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
