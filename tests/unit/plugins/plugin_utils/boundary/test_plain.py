"""Nothing of a template engine's marks survives."""

from __future__ import annotations

from typing import Any

from ansible_collections.inference.stack.plugins.plugin_utils.boundary.plain import plain


class Text(str):
    def __str__(self) -> str:
        return self


class Number(int):
    pass


class Row(dict[str, Any]):
    pass


class Items(list[Any]):
    pass


def test_every_type_becomes_exact() -> None:
    tagged = Row({Text("a"): Items([Text("b"), Number(3), 0.5, True, None, (1,)])})
    found = plain(tagged)
    assert found == {"a": ["b", 3, 0.5, True, None, [1]]}
    assert type(found) is dict
    assert [type(key) for key in found] == [str]
    assert [type(item) for item in found["a"]] == [str, int, float, bool, type(None), list]
