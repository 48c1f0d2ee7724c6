"""Whether k3s has come up, or will not."""

from __future__ import annotations

import pytest
from ansible_collections.inference.stack.plugins.module_utils.hosts.k3s.service import (
    HEALTHY,
    Since,
    progress,
)


def unit(state: str = "active", restarts: int = 0, invocation: str = "new") -> dict[str, str]:
    sub_state = "running" if state == "active" else "auto-restart"
    return {
        "ActiveState": state,
        "SubState": sub_state,
        "Result": "success",
        "InvocationID": invocation,
        "NRestarts": str(restarts),
    }


@pytest.mark.parametrize(
    ("state", "kubelet", "since", "is_up"),
    [
        ("active", HEALTHY, Since(), True),
        ("active", HEALTHY, Since("old"), True),
        ("active", HEALTHY, Since("new"), False),
        ("active", "Connection refused", Since(), False),
        ("activating", HEALTHY, Since(), False),
    ],
    ids=["runs", "started anew", "the old process", "no kubelet yet", "starts"],
)
def test_up_is_active_healthy_and_new(state: str, kubelet: str, since: Since, is_up: bool) -> None:
    assert progress(unit(state), kubelet, since)["is_up"] is is_up


def test_a_service_that_keeps_restarting_gives_up() -> None:
    given_up = [progress(unit("activating", count), "not asked", Since())["gave_up"] for count in range(7)]
    assert given_up == [False] * 5 + [True] * 2


def test_restarts_before_this_start_do_not_count() -> None:
    """After a crash loop `systemctl restart` keeps systemd's count."""
    since = Since("old", restarts=40)
    just_started = progress(unit("active", 40), "Connection refused", since)
    assert (just_started["is_up"], just_started["gave_up"]) == (False, False)
    assert not progress(unit("activating", 44), "not asked", since)["gave_up"]
    assert progress(unit("activating", 45), "not asked", since)["gave_up"]


def test_a_count_that_began_anew_counts_from_nought() -> None:
    since = Since("old", restarts=40)
    assert not progress(unit("activating", 4), "not asked", since)["gave_up"]
    assert progress(unit("activating", 5), "not asked", since)["gave_up"]


def test_a_service_that_is_up_never_gave_up() -> None:
    assert not progress(unit("active", 9), HEALTHY, Since())["gave_up"]


def test_systemds_words_are_told() -> None:
    told = progress(unit("activating", 3), "Connection refused", Since())["told"]
    assert told == (
        "Kubelet=Connection refused ActiveState=activating SubState=auto-restart Result=success NRestarts=3"
    )


def test_a_unit_that_is_not_there_is_not_up() -> None:
    absent = dict.fromkeys(unit(), "")
    found = progress(absent, "not asked", Since())
    assert (found["is_up"], found["gave_up"]) == (False, False)
