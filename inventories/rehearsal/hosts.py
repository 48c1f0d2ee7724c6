#!/usr/bin/env python3
"""Executable inventory: a site whose hosts are those of the running lab.

Reads what `python -m lab up` wrote about the lab that the variable LAB names (default: demo) and prints
the inventory as JSON. What a site would decide for itself is ordinary YAML in group_vars beside this file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def lab_state() -> Path:
    state_home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state_home) / "inference-stack" / os.environ.get("LAB", "demo")


def with_images(lab: dict[str, Any]) -> dict[str, Any]:
    """The lab, its images as group_vars use them: references by name, and how each host gets them."""
    images = lab.pop("images")
    registry = lab.get("registry")
    archives = {
        host: {image["url"]: image["checksum"] for image in images if host in image["hosts"] and not registry}
        for host in lab["hosts"]
    }
    names = {image["reference"].partition("/")[0] for image in images}
    return lab | {
        "image_references": {image["name"]: image["reference"] for image in images},
        "image_archives": {
            host: [{"url": url, "checksum": checksum} for url, checksum in sorted(found.items())]
            for host, found in archives.items()
        },
        "registries": {"mirrors": {name: {"endpoint": [registry]} for name in names}} if registry else {},
    }


def inventory(state: Path) -> dict[str, Any]:
    lab = with_images(json.loads((state / "lab.json").read_text()))
    ssh = lab["ssh"]
    hostvars = {
        name: {
            "ansible_host": host["address"],
            "ansible_user": ssh["user"],
            "ansible_ssh_private_key_file": ssh["key"],
            "ansible_ssh_common_args": (
                f"-o UserKnownHostsFile={ssh['known_hosts']} -o StrictHostKeyChecking=yes"
            ),
        }
        for name, host in lab["hosts"].items()
    }
    names = list(lab["hosts"])
    return {
        "_meta": {"hostvars": hostvars},
        "all": {"children": ["k3s_cluster"], "vars": {"lab": lab, "lab_state": str(state)}},
        "k3s_cluster": {"children": ["k3s_servers", "k3s_agents"]},
        # A host that is alone is everything.
        "k3s_servers": {"hosts": names[:1]},
        "k3s_agents": {"hosts": names[1:]},
        "gpu_hosts": {"hosts": names[-1:]},
    }


def main() -> int:
    state = lab_state()
    if "--host" in sys.argv:
        print("{}")  # everything is in _meta
        return 0
    if not (state / "lab.json").is_file():
        print(f"No lab named {state.name!r} is up. Run: make demo", file=sys.stderr)
        return 1
    print(json.dumps(inventory(state), indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
