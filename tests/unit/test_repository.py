"""Promises about the checkout as a whole."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What only the rehearsal may know about itself.
REHEARSAL_WORDS = re.compile(r"rehears|\blab\b|stand-?in|\bfake\b", re.IGNORECASE)


def text_files(*folders: str) -> list[Path]:
    files = (path for folder in folders for path in sorted((ROOT / folder).rglob("*")))
    return [path for path in files if path.is_file() and path.suffix != ".pyc"]


def test_nothing_that_sites_use_knows_of_the_rehearsal() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in text_files("roles", "plugins", "playbooks")
        if "vendor" not in path.parts  # other people's words
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if REHEARSAL_WORDS.search(line)
    ]
    assert found == []


def test_the_archive_holds_what_the_allow_list_names(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("ansible-galaxy")
    subprocess.run(
        [program, "collection", "build", "--output-path", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (archive,) = tmp_path.glob("inference-stack-*.tar.gz")
    with tarfile.open(archive) as tar:
        names = [member.name for member in tar.getmembers() if member.isfile()]
    top = {name.split("/", maxsplit=1)[0] for name in names}
    assert top == {
        *("CHANGELOG.rst", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "requirements.yml"),
        *("catalog", "changelogs", "docs", "inventories", "meta", "playbooks", "plugins", "roles"),
    }
    assert {name.split("/")[1] for name in names if name.startswith("inventories/")} == {"example"}
    for needed in ("roles/k3s/tasks/main.yml", "plugins/modules/llm_health.py", "catalog/models.yml"):
        assert needed in names
    # The report is drawn with files that are no Python.
    # README and documents show these.
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for shown in re.findall(r"!\[[^]]+\]\(([^)]+)\)", document.read_text("utf-8")):
            assert str((document.parent / shown).relative_to(ROOT)) in names
    drawn_with = text_files("plugins/plugin_utils/reporting/site_report")
    assert {str(path.relative_to(ROOT)) for path in drawn_with} <= set(names)


def test_every_make_command_that_documents_name_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md")]
    documents += [path for path in text_files(".github") if path.suffix in {".md", ".yml"}]
    missing = {
        f"{path.relative_to(ROOT)}: make {target}"
        for path in documents
        for target in re.findall(r"(?:`|^|\$ )make ([a-z][a-z-]*)", path.read_text("utf-8"), re.MULTILINE)
        if target not in targets
    }
    assert sorted(missing) == []


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md")]
    broken = {
        f"{path.relative_to(ROOT)}: {link}"
        for path in documents
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        if not (path.parent / link).exists()
    }
    assert sorted(broken) == []


def test_ci_runs_what_the_readme_says() -> None:
    assert (ROOT / ".ci" / "run").read_text("utf-8").endswith("exec make test\n")
    assert "run: .ci/run\n" in (ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8")
    assert "\nmake test " in (ROOT / "README.md").read_text("utf-8")
