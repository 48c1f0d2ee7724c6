"""What Ansible's own sanity tests, docs.ansible.com and Galaxy check, on the archive as users get it.

Usage: python tests/run_sanity.py CHECK…    with CHECK one of: modules imports style smells docs galaxy

`ansible-test sanity` makes an environment for each of its tests from the internet. Its tests themselves are
programs inside ansible-core, so this runs them with the packages of .venv, which has what they need. `docs`
and `galaxy` use .venv/galaxy, whose packages would hold the others back.
tests/sanity/ignore-*.txt means here what it means to ansible-test.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import ansible
import ansible_test
import yaml

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
GALAXY_BIN = BIN.parent / "galaxy" / "bin"
TESTS = Path(next(iter(ansible_test.__path__))) / "_util"
SANITY = TESTS / "controller" / "sanity"
# The other collections that ours names, for instance in its documentation.
PACKAGES = Path(sysconfig.get_path("purelib"))
# ansible-test validates these file by file. It leaves out filters and tests: a file of them may hold several.
VALIDATED = {"modules": "module", "lookup": "lookup"}


@dataclass(frozen=True)
class Collection:
    """The archive, and its files laid out where Ansible looks for them."""

    archive: Path
    root: Path  # the folder that holds ansible_collections
    namespace: str
    name: str
    version: str

    @property
    def folder(self) -> Path:
        return self.root / "ansible_collections" / self.namespace / self.name

    def files(self, prefixes: Iterable[str] = ("",), extensions: Iterable[str] = ("",)) -> list[str]:
        """Paths inside the collection. A prefix is a folder with a slash, or a file.

        What a check before this one has compiled there is no part of it.
        """
        found = (path.relative_to(self.folder).as_posix() for path in sorted(self.folder.rglob("*")))
        return [
            path
            for path in found
            if (self.folder / path).is_file()
            and "__pycache__" not in path
            and path.startswith(tuple(prefixes))
            and path.endswith(tuple(extensions))
        ]


@dataclass(frozen=True)
class Finding:
    """What a test found, in the words of ansible-test's ignore files."""

    test: str
    path: str
    place: str
    code: str
    message: str

    def __str__(self) -> str:
        told = f"{self.test}:{self.code}" if self.code else self.test
        return f"{self.path}:{self.place}: {told}: {self.message}"


def lay_out(folder: Path) -> Collection:
    """Builds the archive and unpacks it."""
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))
    (folder / "ansible.cfg").touch()
    build = ["ansible-galaxy", "collection", "build", "--output-path", str(folder)]
    subprocess.run(build, cwd=ROOT, env=environment(folder), check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tar.gz")
    collection = Collection(archive, folder, galaxy["namespace"], galaxy["name"], galaxy["version"])
    collection.folder.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        # Python 3.11.2, which Debian 12 has, knows no filter.
        tar.extractall(collection.folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return collection


def environment(root: Path, first: Path = BIN, **more: str) -> dict[str, str]:
    """Only the collection that is tested and its neighbours, with Ansible's own configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": f"{root}{os.pathsep}{PACKAGES}",
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        "PATH": os.pathsep.join([str(first), str(BIN), os.environ["PATH"]]),
        **more,
    }


def run(collection: Collection, command: list[str], paths: list[str], **more: str) -> str:
    """What a test says about files of the collection. It gets them on its standard input."""
    done = subprocess.run(
        command,
        cwd=collection.folder,
        env=environment(collection.root, **more),
        input="\n".join(paths),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stderr:
        raise RuntimeError(f"{' '.join(command[:3])} broke:\n{done.stderr}{done.stdout}")
    return done.stdout


_LINE = re.compile(
    r"^(?P<path>[^:]+):(?:(?P<line>\d+):(?P<column>\d+):)? ?(?:(?P<code>[A-Z]\d{3}) )?(?P<message>.*)$"
)


def read_lines(test: str, output: str) -> list[Finding]:
    """Findings written as `path:line:column: message` or `path: message`."""
    rows = [_LINE.match(line) for line in output.splitlines()]
    return [
        Finding(
            test, row["path"], f"{row['line'] or 0}:{row['column'] or 0}", row["code"] or "", row["message"]
        )
        for row in rows
        if row
    ]


def modules(collection: Collection) -> list[Finding]:
    """validate-modules: documentation and argument specs of modules and lookups."""
    findings = []
    for folder, plugin_type in VALIDATED.items():
        paths = collection.files([f"plugins/{folder}/"], [".py"])
        program = SANITY / "validate-modules" / "validate.py"
        command = [sys.executable, str(program), "--format", "json", "--arg-spec"]
        command += ["--collection", f"ansible_collections/{collection.namespace}/{collection.name}"]
        command += ["--collection-version", collection.version, "--plugin-type", plugin_type]
        told = json.loads(run(collection, [*command, *paths], []))
        findings += [
            Finding(
                "validate-modules",
                path,
                f"{row.get('line', 0)}:{row.get('column', 0)}",
                row["code"],
                row["msg"],
            )
            for path, rows in told.items()
            for row in rows["errors"]
        ]
    return findings


def imports(collection: Collection) -> list[Finding]:
    """import: modules load where nothing but ansible-core is installed, plugins on a controller."""
    program = TESTS / "target" / "sanity" / "import" / "importer.py"
    with tempfile.TemporaryDirectory() as bare:
        (Path(bare) / "ansible").symlink_to(Path(ansible.__file__).parent)
        variables = {
            "PYTHONPATH": bare,
            "ANSIBLE_COLLECTIONS_PATH": str(collection.root),
            "SANITY_TEMP_PATH": bare,
            "SANITY_COLLECTION_FULL_NAME": f"{collection.namespace}.{collection.name}",
            "SANITY_EXTERNAL_PYTHON": sys.executable,
            "SANITY_YAML_TO_JSON": str(SANITY / "integration-aliases" / "yaml_to_json.py"),
        }
        travelling = collection.files(["plugins/modules/", "plugins/module_utils/"], [".py"])
        others = [path for path in collection.files(["plugins/"], [".py"]) if path not in travelling]
        # -S leaves out the packages of this environment.
        output = run(
            collection,
            [sys.executable, "-S", str(program)],
            travelling,
            SANITY_IMPORTER_TYPE="module",
            **variables,
        )
        output += run(
            collection, [sys.executable, str(program)], others, SANITY_IMPORTER_TYPE="plugin", **variables
        )
    return read_lines("import", output)


def style(collection: Collection) -> list[Finding]:
    """pep8 and yamllint as ansible-test configures them; the latter reads the YAML in plugins, too."""
    ignored = (SANITY / "pep8" / "current-ignore.txt").read_text("utf-8").split()
    command = [str(GALAXY_BIN / "pycodestyle"), "--max-line-length", "160", "--config", os.devnull]
    output = run(collection, [*command, "--ignore", ",".join(ignored), *collection.files([""], [".py"])], [])
    yamls = collection.files([""], [".yml", ".yaml"])
    yamls += [path for path in collection.files(["plugins/"], [".py"]) if "module_utils" not in path]
    told = run(collection, [sys.executable, str(SANITY / "yamllint" / "yamllinter.py")], yamls)
    rows = json.loads(told)["messages"]
    return read_lines("pep8", output) + [
        Finding("yamllint", row["path"], f"{row['line']}:{row['column']}", row["code"], row["message"])
        for row in rows
    ]


def smells(collection: Collection) -> list[Finding]:
    """The small tests that ansible-core keeps in its folder code-smell; each says in JSON what it reads."""
    findings = []
    for program in sorted((SANITY / "code-smell").glob("*.py")):
        test = program.stem
        wants = json.loads(program.with_suffix(".json").read_text("utf-8"))
        if wants.get("intercept"):
            continue  # it reads the changelog of a checkout: `antsibull-changelog lint` does so beside this
        paths = collection.files(wants.get("prefixes", [""]), wants.get("extensions", [""]))
        names = wants.get("files")
        paths = [path for path in paths if names is None or Path(path).name in names]
        if wants.get("text"):
            paths = [path for path in paths if b"\0" not in (collection.folder / path).read_bytes()]
        if paths:
            findings += read_lines(test, run(collection, [sys.executable, str(program)], paths))
    return findings


def docs(collection: Collection) -> list[Finding]:
    """antsibull-docs: what docs.ansible.com would make of the documentation of plugins and roles."""
    command = [
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs=self",
        ".",
    ]
    done = subprocess.run(
        command,
        cwd=collection.folder,
        env=environment(collection.root, first=GALAXY_BIN),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return [Finding("docs", ".", "0:0", "", done.stdout)] if done.returncode else []


def galaxy(collection: Collection) -> list[Finding]:
    """galaxy-importer: whether Galaxy takes the archive.

    Its ansible-lint only warns, and `make lint` runs a stricter one; its ansible-test wants a container.
    """
    program = GALAXY_BIN / "python"
    env = environment(collection.root, first=GALAXY_BIN, GALAXY_IMPORTER_RUN_ANSIBLE_LINT="false")
    done = subprocess.run(
        [str(program), "-m", "galaxy_importer.main", str(collection.archive)],
        cwd=collection.root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stdout.splitlines() if line.startswith(("WARNING", "ERROR"))]
    if done.returncode and not complaints:
        complaints = [done.stdout]
    return [Finding("galaxy", collection.archive.name, "0:0", "", line) for line in complaints]


CHECKS: dict[str, Callable[[Collection], list[Finding]]] = {
    check.__name__: check for check in (modules, imports, style, smells, docs, galaxy)
}
# The tests behind each check, as ignore files name them.
TESTS_OF = {"modules": {"validate-modules"}, "imports": {"import"}, "style": {"pep8", "yamllint"}}


def read_ignored() -> set[tuple[str, str]]:
    """The entries of the ignore file of this ansible-core: path and test, with the code if it has one."""
    release = ".".join(ansible.__version__.split(".")[:2])
    path = ROOT / "tests" / "sanity" / f"ignore-{release}.txt"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    fields = (line.split() for line in lines if line.strip() and not line.startswith("#"))
    return {(path, test) for path, test, *_ in fields}


def judge(findings: list[Finding], ignored: set[tuple[str, str]], tests: set[str]) -> list[str]:
    """What stays of the findings, and the entries that nothing needs any more."""
    used: set[tuple[str, str]] = set()
    kept = []
    for finding in findings:
        entries = {(finding.path, finding.test), (finding.path, f"{finding.test}:{finding.code}")} & ignored
        used |= entries
        if not entries:
            kept.append(str(finding))
    unused = sorted(entry for entry in ignored - used if entry[1].split(":")[0] in tests)
    return kept + [f"tests/sanity: nothing needs the entry '{path} {test}'" for path, test in unused]


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in CHECKS]
    if unknown or not names:
        print(f"unknown check {', '.join(unknown) or '(none)'}; known: {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        collection = lay_out(Path(folder))
        findings = [finding for name in names for finding in CHECKS[name](collection)]
    tests = {test for name in names for test in TESTS_OF.get(name, {name})}
    told = judge(findings, read_ignored(), tests)
    print("\n".join(told) or f"{', '.join(names)}: nothing found")
    return 1 if told else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
