"""The verbs of the lab: up, down, prune, clean, status, demo, ssh, reboot, kubectl, logs."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import FrameType

from rich.console import Console

from lab import demo, state, up
from lab.components.component import ComponentError, prune_old
from lab.components.model_components import MODELS
from lab.errors import LabError
from lab.hosts import ssh
from lab.hosts.fleet import Fleet, remove_images
from lab.parts import Parts
from lab.progress import display, log_tail
from lab.settings import EXTRAS, HOSTS, Settings, existing_labs, load
from lab.steps import Runner, StepsFailed

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; problems become messages, never tracebacks."""
    options = _parse(list(sys.argv[1:] if arguments is None else arguments))
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        result = options.run(load(), options)
        return int(result)
    except KeyboardInterrupt:
        print("\nstopped; run the same command again, it goes on from here", file=sys.stderr)
        return INTERRUPTED
    except (LabError, ComponentError) as error:
        print(f"\nerror: {error}", file=sys.stderr)
        if isinstance(error, LabError) and error.remedy:
            print(f"  fix: {error.remedy}", file=sys.stderr)
        return 1


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parse(words: list[str]) -> argparse.Namespace:
    """Parse the lab's own words; what follows `kubectl` or `ssh HOST` belongs to that program."""
    own = {"kubectl": 1, "ssh": 2}.get(words[0] if words else "", len(words))
    options = _parser().parse_args(words[:own])
    options.command = words[own:]
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab",
        description="The rehearsal: hosts and artefacts for the playbooks, on this machine. "
        "LAB=<name> chooses one of several (default: demo).",
    )
    verbs = parser.add_subparsers(required=True, metavar="verb")

    def verb(name: str, run: object, text: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        return one

    verb("up", _up, "bring the lab up; resumes where an earlier run stopped")
    verb("demo", _demo, "up, then install the whole site on it and ask its models something")
    verb("down", _down, "remove this lab's hosts, volumes, network and state")
    verb("prune", _prune, "remove versions of components that this checkout no longer uses from the cache")
    verb("clean", _clean, "remove every lab and empty the cache")
    verb("status", _status, "say what runs")
    one = verb("ssh", _ssh, "log in to a host, or run a command there")
    one.add_argument("host", choices=HOSTS)
    one = verb("reboot", _reboot, "restart hosts at once and wait until they answer")
    one.add_argument("hosts", choices=HOSTS, nargs="+")
    verb("kubectl", _kubectl, "run kubectl on the server: lab kubectl get pods -A")
    one = verb("logs", _logs, "show a host's journal or a step's log; without a name, list them")
    one.add_argument("name", nargs="?")
    return parser


def _up(settings: Settings, _options: argparse.Namespace) -> int:
    Runner(up.plan(settings), display()).run()
    return 0


def _demo(settings: Settings, _options: argparse.Namespace) -> int:
    installing = demo.step(settings)
    # "inventory" is the last of the steps before it.
    steps = [*up.plan(settings), replace(installing, needs=("inventory",))]
    try:
        Runner(steps, display()).run()
    except StepsFailed as error:
        over = f"to start over: LAB={settings.name} make down"
        raise LabError(error.problem, f"{error.remedy}; {over}") from None
    demo.summarise(settings, Console())
    return 0


def _down(settings: Settings, _options: argparse.Namespace) -> int:
    there = settings.name in existing_labs(settings)
    Fleet(settings).remove()
    print(f"{settings.name} is {'removed' if there else 'not there'}; the cache stays at {settings.cache}")
    return 0


def _prune(settings: Settings, _options: argparse.Namespace) -> int:
    if labs := existing_labs(settings):
        # Their hosts may have an older version mounted.
        raise LabError(f"labs are up: {', '.join(labs)}", "take them down first: LAB=<name> make down")
    parts = {
        part.name: part for models in MODELS for part in Parts(settings.cache, EXTRAS, models, registry=True)
    }
    removed = [path for part in parts.values() for path in prune_old(part.component, settings.cache)]
    print("\n".join(f"removed {path.name}" for path in removed) or "nothing to remove")
    return 0


def _clean(settings: Settings, _options: argparse.Namespace) -> int:
    for name in existing_labs(settings):
        Fleet(replace(settings, name=name)).remove()
        print(f"{name} is removed")
    remove_images(settings)
    shutil.rmtree(settings.cache, ignore_errors=True)
    if settings.cache.exists():
        remedy = f"see what is mounted: grep {settings.cache} /proc/mounts"
        raise LabError(f"{settings.cache} could not be emptied", remedy)
    print(f"{settings.cache} is removed")
    return 0


def _status(settings: Settings, _options: argparse.Namespace) -> int:
    fleet = Fleet(settings)
    states = fleet.states()
    addresses = fleet.addresses((*settings.hosts, *settings.services))
    others = sorted(set(existing_labs(settings)) - {settings.name})
    print(f"lab {settings.name} (others: {', '.join(others) or 'none'})")
    for name, word in states.items():
        print(f"  {name:<8} {word:<10} {addresses.get(name, '')}")
    print(f"  state    {settings.state}\n  cache    {settings.cache}")
    return 0 if set(states.values()) == {"running"} else 3


def _ssh(settings: Settings, options: argparse.Namespace) -> int:
    # Joined as ssh itself does, so that pipes and quotes reach the host's shell.
    _execute(_ssh_words(settings, options.host, " ".join(options.command)))
    return 0


def _kubectl(settings: Settings, options: argparse.Namespace) -> int:
    _execute(_ssh_words(settings, settings.server, shlex.join(["k3s", "kubectl", *options.command])))
    return 0


def _reboot(settings: Settings, options: argparse.Namespace) -> int:
    for host in options.hosts:
        _address(settings, host)
    with ThreadPoolExecutor() as pool:
        list(pool.map(Fleet(settings).reboot, options.hosts))
    print(f"{', '.join(options.hosts)}: up again")
    return 0


def _logs(settings: Settings, options: argparse.Namespace) -> int:
    name = options.name
    if name in settings.hosts:
        _execute(_ssh_words(settings, name, "journalctl --boot --no-pager --lines 300"))
    if name in settings.services:
        fleet = Fleet(settings)
        print(fleet.podman.output("logs", "--tail", "300", settings.container(name)), end="")
        return 0
    folders = (settings.logs, settings.cache / "logs")
    found = {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.log"))}
    if name is None:
        containers = (*settings.hosts, *settings.services)
        print("\n".join([*(f"{host:<20} what it says itself" for host in containers),
                         *(f"{stem:<20} {path}" for stem, path in sorted(found.items()))]))  # fmt: skip
        return 0
    if name not in found:
        raise LabError(f"there is no log {name!r}", "python -m lab logs lists them")
    print("\n".join(log_tail(found[name], lines=300)))
    return 0


def _ssh_words(settings: Settings, host: str, command: str) -> list[str]:
    terminal = ("-t",) if sys.stdin.isatty() and sys.stdout.isatty() else ()
    return ssh.words(settings, _address(settings, host), *([command] if command else []), options=terminal)


def _address(settings: Settings, host: str) -> str:
    known = state.read_lab_file(settings)
    if known is None:
        raise LabError(f"lab {settings.name} is not up", f"LAB={settings.name} make demo")
    if host not in known["hosts"]:
        raise LabError(f"lab {settings.name} has no {host}", f"it has {', '.join(known['hosts'])}")
    return str(known["hosts"][host]["address"])


def _execute(words: Sequence[str]) -> None:
    """Become the program, so that signals and the exit status are its own."""
    sys.stdout.flush()
    os.execvp(words[0], list(words))
