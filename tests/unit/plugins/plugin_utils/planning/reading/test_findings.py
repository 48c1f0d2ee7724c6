"""What is wrong is told once, and by the name that its author knows."""

from __future__ import annotations

from ansible_collections.inference.stack.plugins.plugin_utils.planning.reading.findings import Findings


def test_a_path_is_told_by_the_name_that_its_author_gave_it() -> None:
    findings = Findings()
    findings.call({"list": "variable", "list[0].size": "list[0].bigness"})
    findings.problem("list[0].size", "is wrong")
    findings.problem("list[0].size.inner", "is wrong")
    findings.problem("list", "is wrong")
    findings.problem("listing", "is wrong")
    findings.warn("list: beware")
    findings.warn("lists: beware")
    assert [problem.path for problem in findings.problems] == [
        *("list[0].bigness", "list[0].bigness.inner", "variable", "listing")
    ]
    assert findings.warnings == ["variable: beware", "lists: beware"]


def test_advice_names_keys_as_their_author_writes_them() -> None:
    findings = Findings()
    findings.reword({"max_model_len": "vllmConfig.maxModelLen", "gpus": "requestGPU"})
    findings.problem("a", "is too long", "Lower max_model_len, or raise gpus; GPUs stay GPUs.")
    assert findings.problems[0].fix == "Lower vllmConfig.maxModelLen, or raise requestGPU; GPUs stay GPUs."


def test_the_same_finding_is_told_once() -> None:
    findings = Findings()
    for _ in range(2):
        findings.problem("a", "is wrong")
        findings.warn("beware")
    assert (len(findings.problems), findings.warnings) == (1, ["beware"])
