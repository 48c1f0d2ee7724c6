"""From a kubeconfig to a connection."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.cluster.kubeconfig import (
    harmless_values,
    read_access,
)
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput


def config(user: dict[str, Any] | None = None, **cluster: Any) -> dict[str, Any]:
    return {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://k:6443/", **cluster}}],
        "users": [{"name": "u", "user": user or {}}],
    }


def test_certificates_come_as_data_or_as_files(tmp_path: Path) -> None:
    data = base64.b64encode(b"PEM").decode()
    access = read_access(config({"client-certificate-data": data, "client-key-data": data}))
    assert (access.server, access.certificate, access.key) == ("https://k:6443", b"PEM", b"PEM")
    (tmp_path / "ca.crt").write_bytes(b"CA")
    path = tmp_path / "config"
    path.write_text(json.dumps(config(None, **{"certificate-authority": "ca.crt"})), encoding="utf-8")
    assert read_access(str(path)).authority == b"CA"


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({"token": "t"}, "Bearer t"),
        ({"username": "a", "password": "b"}, "Basic " + base64.b64encode(b"a:b").decode()),
        (
            {
                "exec": {
                    "command": "sh",
                    "args": ["-c", 'echo \'{"status": {"token": "\'$NAME\'"}}\''],
                    "env": [{"name": "NAME", "value": "plugin"}],
                }
            },
            "Bearer plugin",
        ),
    ],
)
def test_users_log_in(user: dict[str, Any], header: str) -> None:
    assert read_access(config(user)).headers == {"Authorization": header}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({}, "no current-context"),
        ({"current-context": "gone"}, "no context named gone"),
        ({**config(), "clusters": []}, "no cluster named c"),
        (config({"auth-provider": {"name": "gcp"}}), "auth-provider"),
        (config({"exec": {"command": "/no/such/plugin"}}), "credential plugin"),
        (config({"client-key": "/no/such/key"}), "cannot be read"),
        ("/no/such/kubeconfig", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(broken: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_access(broken)


def test_messages_may_show_everything_but_what_belongs_to_users() -> None:
    shown = harmless_values(config({"token": "secret", "username": "c"}))
    assert {"here", "u", "https://k:6443/"} <= shown
    assert not {"secret", "c"} & shown
