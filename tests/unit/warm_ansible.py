"""ansible-playbook with its imports behind it: every line of stdin orders a run, and a fork makes it.

A line is JSON: `words` (the arguments), `folder`, `environment`, and the paths `stdout` and `stderr`. The
answer is a line with the run's exit status. A run sees what it would see as a command, except that Ansible's
constants were read once: what they depend on (ANSIBLE_CONFIG, colours) is this process's own environment.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import shutil
import sys
from typing import Any

import ansible.cli.playbook
import ansible.executor.module_common
import ansible.executor.playbook_executor
from ansible import constants
from ansible.utils.path import cleanup_tmp_file

KINDS = ("action", "callback", "connection", "filter", "inventory", "lookup", "shell", "strategy", "test")


def import_plugins() -> None:
    """Imports the plugins that every run loads, and others of their kinds."""
    for kind in KINDS:
        package = importlib.import_module(f"ansible.plugins.{kind}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def become(run: dict[str, Any]) -> None:
    """Makes this process, a fork, the one that was ordered."""
    for descriptor, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, run["stdout"], os.O_WRONLY),
        (2, run["stderr"], os.O_WRONLY),
    ):
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(run["folder"])
    os.environ.clear()
    os.environ.update(run["environment"])
    sys.argv = ["ansible-playbook", *run["words"]]


def serve() -> bool:
    """True in a fork that has a playbook to run; False where nothing more will be ordered."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            become(json.loads(line))
            return True
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return False


if __name__ == "__main__":
    import_plugins()
    # A run that ends must not take the folder along that the next one needs.
    atexit.unregister(cleanup_tmp_file)
    # A run is over long before collecting garbage pays, and looking through shared pages would copy them.
    gc.disable()
    if serve():
        ansible.cli.playbook.main()
    else:
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP)
