"""The filter kubeconfig_login."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import kubeconfig_login

from tests.unit.plugins.filter.filter_calls import call


class TestLogin:
    CONFIG: ClassVar[dict[str, Any]] = {
        "apiVersion": "v1",
        "current-context": "default",
        "contexts": [{"name": "default", "context": {"cluster": "c", "user": "u", "namespace": "ml"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://k"}}],
        "users": [{"name": "u", "user": {"token": "t"}}, {"name": "other", "user": {"token": "x"}}],
    }

    def test_only_what_logs_in_stays(self) -> None:
        login = call(kubeconfig_login, self.CONFIG)
        assert login["clusters"][0]["cluster"] == {"server": "https://k"}
        assert [user["user"] for user in login["users"]] == [{"token": "t"}]
        assert "default" not in str(login)

    def test_a_path_stays_a_path_and_nothing_stays_nothing(self) -> None:
        assert call(kubeconfig_login, "~/.kube/config") == "~/.kube/config"
        assert call(kubeconfig_login, {}) == {}

    def test_a_missing_context_is_named(self) -> None:
        with pytest.raises(AnsibleFilterError, match="no context named gone"):
            call(kubeconfig_login, {**self.CONFIG, "current-context": "gone"})
