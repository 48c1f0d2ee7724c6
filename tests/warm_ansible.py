"""ansible-playbook with its imports behind it: every line of stdin orders a run, and a fork makes it.

A line is JSON: `words` (the arguments), `folder`, `environment`, and the paths `stdout` and `stderr`. The
answer is a line with the run's exit status. A run sees what it would see as a command, except that Ansible's
constants were read once: what they depend on (ANSIBLE_CONFIG, colours) is this process's own environment.
"{{ ansible_playbook_python }}" is a Python that starts modules faster.
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
import warnings
from pathlib import Path
from typing import Any

import ansible.cli.playbook
import ansible.executor.module_common
import ansible.executor.playbook_executor
from ansible import constants
from ansible.plugins import loader
from ansible.utils.path import cleanup_tmp_file

# Not vars: a run would take plugins that were loaded without it for loaded by itself, and read no group_vars.
OF_ANSIBLE = ("action", "callback", "connection", "inventory", "shell", "strategy")
OF_THE_COLLECTION = ("action", "filter", "lookup")


def load_plugins() -> None:
    """Loads the classes that most runs need, and their neighbours."""
    loader.init_plugin_loader()
    # Each run tries that again.
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    importlib.import_module("ansible_collections.ansible.builtin")
    for kind in OF_ANSIBLE:
        list(getattr(loader, f"{kind}_loader").all(class_only=True))
    for kind in OF_THE_COLLECTION:
        package = importlib.import_module(f"ansible_collections.inference.stack.plugins.{kind}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def quick_python() -> Path:
    """A Python that takes what all modules import from compiled files, not from the archive sent along."""
    script = Path(constants.DEFAULT_LOCAL_TMP, "python")
    script.write_text(
        f"#!{sys.executable}\n"
        "import runpy, sys\n"
        "import ansible.module_utils.basic\n"
        "del sys.argv[0]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    script.chmod(0o755)
    return script


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
    load_plugins()
    # A run that ends must not take the folder along that the next one needs.
    atexit.unregister(cleanup_tmp_file)
    # A run is over long before collecting garbage pays, and looking through shared pages would copy them.
    gc.disable()
    # Looking a thousand times a second whether a task is done takes a tenth of a run's computing time.
    constants.DEFAULT_INTERNAL_POLL_INTERVAL = 0.005
    sys.executable = str(quick_python())
    if serve():
        ansible.cli.playbook.main()
    else:
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP)
