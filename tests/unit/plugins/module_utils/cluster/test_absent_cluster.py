"""A cluster that is away, or that breaks off, is an answer with nothing in it."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.module_utils.cluster.absent_cluster import answer_of
from ansible_collections.inference.stack.plugins.module_utils.cluster.api import Api
from ansible_collections.inference.stack.plugins.module_utils.errors import Unreachable

SERVER = "http://127.0.0.1:9"
KUBECONFIG = {
    "current-context": "c",
    "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
    "clusters": [{"name": "k", "cluster": {"server": SERVER}}],
    "users": [{"name": "u", "user": {"token": "geheim-4711"}}],
}
NOTHING: dict[str, Any] = {"rows": [], "version": ""}


def ask(**more: Any) -> dict[str, Any]:
    return {"kubeconfig": KUBECONFIG, "context": None, "timeout": 1.0, **more}


def test_what_was_read_is_told_with_the_server() -> None:
    found = answer_of(ask(), NOTHING, lambda _api: {"rows": [1], "version": "v1"})
    assert found == {"answers": True, "reason": "", "server": SERVER, "rows": [1], "version": "v1"}


def test_a_cluster_that_breaks_off_tells_nothing_and_why() -> None:
    def break_off(api: Api) -> dict[str, Any]:
        raise Unreachable("the line is cut")

    found = answer_of(ask(), NOTHING, break_off)
    assert found == {"answers": False, "reason": "the line is cut", "server": SERVER, **NOTHING}


def test_a_kubeconfig_that_cannot_be_read_names_no_server() -> None:
    found = answer_of(ask(kubeconfig="/nowhere/kubeconfig"), NOTHING, lambda _api: {"rows": [1]})
    assert (found["answers"], found["server"], found["rows"]) == (False, "", [])
    assert "/nowhere/kubeconfig" in found["reason"]
