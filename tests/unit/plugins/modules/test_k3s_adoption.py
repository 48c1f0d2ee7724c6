"""The module k3s_adoption: documented, silent about values, and harmless in check mode."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.inference.stack.plugins.modules import k3s_adoption

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRunner

UNIT = """\
[Service]
Environment=GOGC=50
ExecStart=/usr/local/bin/k3s \\
    server \\
\t'--datastore-endpoint' \\
\t'postgres://k3s:s3cret@db/k3s' \\

"""


@pytest.fixture
def request_of(tmp_path: Path) -> dict[str, object]:
    (tmp_path / "units").mkdir()
    (tmp_path / "units/k3s.service").write_text(UNIT)
    return {
        "role": "server",
        "config_file": str(tmp_path / "k3s/config.yaml"),
        "unit_folders": [str(tmp_path / "units")],
    }


def test_what_has_to_stay_is_written_once(
    tmp_path: Path, run_module: ModuleRunner, request_of: dict[str, object]
) -> None:
    settings = tmp_path / "k3s/config.yaml.d/00-adopted.yaml"
    drop_in = tmp_path / "units/k3s.service.d/10-adopted.conf"
    before = run_module(k3s_adoption.main, request_of, check=True)
    assert before.result["changed"] and not settings.exists()
    run = run_module(k3s_adoption.main, request_of)
    assert run.exit_code == 0, run.result
    assert (run.result["changed"], run.result["files"]) == (True, [str(settings), str(drop_in)])
    assert "s3cret" not in str(run.result)
    assert yaml.safe_load(settings.read_text()) == {"datastore-endpoint": "postgres://k3s:s3cret@db/k3s"}
    assert drop_in.read_text().endswith("[Service]\nEnvironment=GOGC=50\n")
    assert {path.stat().st_mode & 0o777 for path in (settings, drop_in)} == {0o600}
    again = run_module(k3s_adoption.main, request_of)
    assert (again.result["changed"], again.result["files"]) == (False, [])
    assert set(yaml.safe_load(k3s_adoption.RETURN)) == {"files", "hint"}


def test_what_cannot_be_read_is_refused(
    tmp_path: Path, run_module: ModuleRunner, request_of: dict[str, object]
) -> None:
    (tmp_path / "units/k3s.service").write_text(UNIT.replace("server", "server $MORE"))
    run = run_module(k3s_adoption.main, request_of)
    assert run.failed and "uses variables" in run.result["msg"]


def test_documentation_and_code_name_the_same_options() -> None:
    assert_same_options(documented_options(k3s_adoption), k3s_adoption.ARGUMENTS)
