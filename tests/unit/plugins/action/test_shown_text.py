"""The action shown_text, called as Ansible calls it."""

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.inference.stack.plugins.action import shown_text


def test_the_text_is_displayed_and_not_in_the_result() -> None:
    task = SimpleNamespace(args={"text": "a\n  b\n"}, check_mode=True, async_val=0, action="shown_text")
    shown: list[str] = []
    action = shown_text.ActionModule.__new__(shown_text.ActionModule)
    action._task = task
    action.validate_argument_spec = lambda argument_spec: (None, task.args)  # type: ignore[method-assign]
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action._display = SimpleNamespace(display=shown.append)
    assert action.run(task_vars={}) == {"changed": False}
    assert shown == ["a\n  b"]
