"""Options that the modules share are checked once, for all of them."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.errors import InvalidInput
from ansible_collections.inference.stack.plugins.module_utils.probing.server_options import (
    connector,
    read_tiers,
    require_above_zero,
    require_not_negative,
)


@pytest.mark.parametrize("value", [0, -1, -0.5])
def test_what_has_to_be_above_zero_is(value: float) -> None:
    with pytest.raises(InvalidInput, match=r"^timeout must be above 0"):
        require_above_zero({"interval": 1, "timeout": value}, "interval", "timeout")


def test_zero_is_not_negative() -> None:
    require_not_negative({"interval": 0}, "interval")
    with pytest.raises(InvalidInput, match=r"^interval must not be negative"):
        require_not_negative({"interval": -0.1}, "interval")


def test_tiers_are_read_as_text() -> None:
    assert read_tiers({"tier_map": {"a": 1}}) == {"a": "1"}


def test_an_authority_that_is_missing_is_named_before_anything_is_asked() -> None:
    server = {"base_url": "https://127.0.0.1:9", "api_key": "", "request_timeout": 1, "validate_certs": True}
    with pytest.raises(InvalidInput, match="/no/such/authority"):
        connector({**server, "ca_path": "/no/such/authority"})
