"""The action absent_host, called as Ansible calls it."""

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.inference.stack.plugins.action import absent_host


def test_the_host_is_unreachable_in_words_of_the_task() -> None:
    task = SimpleNamespace(args={"msg": "gpu is off"}, check_mode=True, async_val=0, action="absent_host")
    action = absent_host.ActionModule.__new__(absent_host.ActionModule)
    action._task = task
    action.validate_argument_spec = lambda argument_spec: (None, task.args)  # type: ignore[method-assign]
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    action._supports_check_mode = True
    action._supports_async = False
    assert action.run(task_vars={}) == {"unreachable": True, "changed": False, "msg": "gpu is off"}
