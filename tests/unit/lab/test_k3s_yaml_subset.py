"""The reader of configuration files agrees with PyYAML wherever it does not refuse."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.k3s.supervisor.yaml_subset import YamlError, load

_TEXT = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\x85\u2028\u2029\r"),
    max_size=60,
)
_WORDS = st.lists(st.text(alphabet="abc:#-'\"\\ ,{}[]%@!&*?|>~\n0.", max_size=9), max_size=20).map(" ".join)
_KEYS = st.text("abc-./_:#", min_size=1, max_size=20)
_LEAF = st.none() | st.booleans() | st.integers() | _TEXT | _WORDS
_VALUES = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=10,
)
_FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_FEW
@given(_VALUES, st.sampled_from([2, 4]))
def test_reads_what_ansible_writes(value: Any, indent: int) -> None:
    """to_nice_yaml is a call of yaml.dump in block style, with lines folded at 80 columns."""
    text = yaml.dump({"key": value}, indent=indent, allow_unicode=True, default_flow_style=False)
    if "? " not in text:
        assert load(text) == {"key": value}


@_FEW
@given(_VALUES)
def test_reads_json(value: Any) -> None:
    assert load(json.dumps(value)) == value
    assert load(json.dumps(value, indent=2)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "---\na: 1\nb: 'two'  # comment\n",
        "a:\n- x\n- y: 1\n  z: [1, two, {k: v}]\nb: null\n",
        "a:\n  - - 1\n    - 2\n  -\n    b: c\n",
        "kubelet-arg: [max-pods=200, 'eviction-hard=memory.available<5%']\n",
        "text: |\n  one\n    two\n\n  three\nnext: >-\n  a\n  b\n\n  c\n",
        "url: http://10.0.0.1:5000/v2\ntime: 12:30\nstar: '*'\n",
        '"*":\n  endpoint:\n    - "https://mirror:5000"\n',
        "long: one two\n  three\n  four\nother: x\n",
        "yes: no\nother: ~\nempty:\n",
    ],
)
def test_agrees_with_pyyaml(text: str) -> None:
    # PyYAML reads 12:30 as a number of base 60, which YAML 1.2 and Go do not.
    expected = yaml.safe_load(text.replace("12:30", "'12:30'"))
    assert load(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\na: 2\n", "line 2: the key 'a' is there twice"),
        ("a: *anchor\n", "not supported"),
        ("a: !vault |\n  x\n", "not supported"),
        ("a: &x 1\n", "not supported"),
        ("? a\n: b\n", "keys after '?'"),
        ("a: 'x\n", "a quote is not closed"),
        ("a: [1, 2\n", "does not end"),
        ("a: 1\n---\nb: 2\n", "unexpected content"),
        ("a:\n\tb: 1\n", "a tab"),
        ("a: 1\n   b: 2\n", "line 2"),
        ("a: b: c\n  d: e\n", "line 2"),
        ("- a\nb: 1\n", "line 2"),
    ],
)
def test_refuses_with_a_place(text: str, reason: str) -> None:
    with pytest.raises(YamlError, match="line ") as caught:
        load(text)
    assert reason in str(caught.value)


def test_folds_quoted_lines() -> None:
    text = textwrap.dedent(
        """
        a: "one
          two\\
          \\ three

          four"
        """
    )
    assert load(text) == yaml.safe_load(text)
