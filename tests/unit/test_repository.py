"""Promises about the checkout as a whole."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = ROOT / "playbooks"
VERB = re.compile(r"`playbooks/(\w+\.yml)`")
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


def test_playbooks_hold_verbs_alone_and_each_is_in_the_table_of_the_guide() -> None:
    guide = (ROOT / "docs/operate.md").read_text("utf-8")
    table = {name for row in re.findall(r"^\|.*\|$", guide, re.MULTILINE) for name in VERB.findall(row)}
    assert table == {path.name for path in PLAYBOOKS.glob("*.yml")}


def test_help_lists_the_labs_own_commands_below_the_rehearsal_and_a_sites_below_a_site() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    _, *groups = re.split(r"^##@ ", makefile, flags=re.MULTILINE)
    for group in groups:
        title = group.partition("\n")[0]
        assert ("python -m lab " in group) == title.startswith("The rehearsal"), title
        assert ("python -m tools.operate " in group) == title.startswith("A site"), title


def test_every_step_is_imported_by_a_playbook() -> None:
    used: set[Path] = set()
    for verb in PLAYBOOKS.glob("*.yml"):
        used |= imports(verb)
    assert used == set((PLAYBOOKS / "steps").rglob("*.yml"))


def imports(path: Path) -> set[Path]:
    """What a playbook imports, and what that imports."""
    found: set[Path] = set()
    for name in imported_names(yaml.safe_load(path.read_text("utf-8"))):
        step = (path.parent / name).resolve()
        found |= {step} | imports(step)
    return found


def imported_names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("ansible.builtin.import_playbook", "ansible.builtin.import_tasks"):
                yield value
            else:
                yield from imported_names(value)
    elif isinstance(node, list):
        for entry in node:
            yield from imported_names(entry)


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


def test_the_places_that_architecture_names_exist() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    tops = {path.name for path in ROOT.iterdir()}
    named = set(re.findall(r"`([\w.-]+/[\w./*-]*)`", text))
    named = {path for path in named if path.split("/")[0] in tops}
    assert len(named) > 30
    assert sorted(path for path in named if not list(ROOT.glob(path))) == []


def test_ci_runs_what_the_readme_says() -> None:
    assert (ROOT / ".ci" / "run").read_text("utf-8").endswith("exec make test\n")
    assert "run: .ci/run\n" in (ROOT / ".github" / "workflows" / "test.yml").read_text("utf-8")
    assert "\nmake test " in (ROOT / "README.md").read_text("utf-8")
