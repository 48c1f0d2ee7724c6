"""A host's programs are asked with a limit, and whatever happens is an answer."""

from __future__ import annotations

import sys

from ansible_collections.inference.stack.plugins.module_utils.hosts.system import commands


def test_a_program_tells_and_ends() -> None:
    done = commands.run([sys.executable, "-c", "print('told')"])
    assert done.succeeded
    assert done.output == "told\n"


def test_a_program_that_hangs_is_ended() -> None:
    done = commands.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)
    assert not done.succeeded
    assert done.code is None
    assert "did not end within 0.2 s" in done.error


def test_a_program_that_is_not_there_is_said() -> None:
    done = commands.run(["/no/such/program"])
    assert not done.succeeded
    assert "/no/such/program cannot be run" in done.error
