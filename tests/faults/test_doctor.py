"""Faults planted on a lab that is up and converged: doctor.yml names each, and nothing once it is undone.

LAB names the lab (default: demo). It takes a third of an hour on two cores and leaves the lab as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lab import state
from tests.faults.lab_under_test import PATIENCE_S, Lab
from tests.faults.planted import FAULTS
from tests.rehearsal import wait_for


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    found = Lab(tmp_path_factory.mktemp("doctor") / "doctor.json")
    assert state.read_lab_file(found.settings), f"lab {found.settings.name} is not up: make demo"
    found.wait_until_well()
    yield found
    found.wait_until_well()


@pytest.mark.parametrize("name", FAULTS)
def test_doctor_names_the_layer(lab: Lab, name: str) -> None:
    fault = FAULTS[name]
    try:
        fault.plant(lab)
        wait_for(f"the fault {name}", lambda: fault.shows(lab), timeout=PATIENCE_S)
        document = lab.doctor(fault.variables)
    finally:
        fault.undo(lab)
    told = document["fault"]
    assert told["layer"] == fault.layer, told
    assert [word for word in fault.words if word not in f"{told['evidence']} {told['next_step']}"] == [], told
    assert document["verdict"] == fault.verdict, document
    assert "sk-not-the-key" not in json.dumps(document)
    lab.wait_until_well()
