"""Secrets that tests can tell from everything else, in every variable that takes one, and who tells them."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

NAMES = (
    "master_key",
    "consumer_key",
    "cloud_key",
    "provider_key",
    "hf_token",
    "registry_password",
    "proxy_password",
    "chat_secret",
    "chat_password",
    "sudo_password",
    "vault",
)


def planted() -> dict[str, str]:
    """A new secret for each of the names."""
    return {name: f"sk-planted-{name}-{secrets.token_hex(16)}" for name in NAMES}


def variables(keys: Mapping[str, str], registries: Mapping[str, Any], consumer: str) -> dict[str, Any]:
    """An inventory's variables with them. ``consumer`` is a key that the site has, to ask it with."""
    login = {"auth": {"username": "site", "password": keys["registry_password"]}}
    cloud = {"model": "gpt-4o-mini", "api_key": keys["provider_key"]}
    return {
        "vault_planted": keys["vault"],
        "ansible_become_password": keys["sudo_password"],
        "litellm_master_key": keys["master_key"],
        "litellm_keys": [
            {"name": "consumer", "key": consumer},
            {"name": "planted", "key": keys["consumer_key"], "rpm": 5},
        ],
        "litellm_environment_secret": {"OPENAI_API_KEY": keys["cloud_key"], "OTHER": keys["vault"]},
        "inference_gateway_key": consumer,
        "inference_tiers": {"gpu": {"backend": "vllm"}, "cloud": cloud},
        "vllm_hf_token": keys["hf_token"],
        "k3s_registries": {**registries, "configs": {"registry.example.com": login}},
        "k3s_proxy": {
            "http": f"http://site:{keys['proxy_password']}@192.0.2.1:3128",
            "no_proxy": "10.0.0.0/8",
        },
        "open_webui_secret_key": keys["chat_secret"],
        "open_webui_admin_email": "ada@example.com",
        "open_webui_admin_password": keys["chat_password"],
    }


def found_in(text: str, keys: Mapping[str, str]) -> list[str]:
    """The names of the secrets that a text holds."""
    return sorted(name for name, value in keys.items() if value in text)


def found_below(
    folders: Iterable[Path], keys: Mapping[str, str], but: Iterable[Path]
) -> dict[str, list[str]]:
    """The files that hold one, but those that keep them."""
    kept = {path.resolve() for path in but}
    found = {}
    # Others may run beside this, so that files go in between.
    for folder, _, names in (row for start in folders for row in os.walk(start)):
        for path in (Path(folder, name) for name in names):
            with contextlib.suppress(OSError):
                if path.is_file() and path.resolve() not in kept:
                    found[str(path)] = found_in(path.read_bytes().decode("latin-1"), keys)
    return {path: names for path, names in found.items() if names}


def command_lines() -> str:
    """Those of all processes of this machine."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("latin-1"))
    return "\n".join(lines)


@contextlib.contextmanager
def watched(keys: Mapping[str, str]) -> Iterator[set[str]]:
    """The secrets that a command line of this machine held at any moment."""
    seen: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.update(found_in(command_lines(), keys))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
