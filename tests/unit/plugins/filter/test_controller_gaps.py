"""The filter controller_gaps."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.inference.stack.plugins.filter import controller_gaps
from ansible_collections.inference.stack.plugins.plugin_utils.boundary import controller

from tests.unit.plugins.filter.filter_calls import call


def test_packages_of_some_sites_are_looked_for_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(controller_gaps, "python", packages=["psycopg"]) == []
    monkeypatch.setattr(controller, "package_version", lambda _: None)
    (told,) = call(controller_gaps, "python", packages=["psycopg"])
    assert told == "python has not the package psycopg. Run: python -m pip install 'psycopg[binary]>=3.1.0'"
    with pytest.raises(AnsibleFilterError, match="packages names flask"):
        call(controller_gaps, "python", packages=["flask"])


def test_a_complete_controller_has_none() -> None:
    assert call(controller_gaps, "/usr/bin/python3") == []
