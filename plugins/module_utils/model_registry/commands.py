# SPDX-License-Identifier: Apache-2.0
"""The registry as a platform's own command. A record of what was written says what it holds of ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import DeadlineExceeded, InvalidInput, ProbeFailed
from .dsn import without
from .rows import FIELDS, NAME, Changes, Row, as_row, compare

FORMAT = 1
_PLACE = re.compile(r"\{(\w*)\}")
# Shorter values of the environment (1, true, a user's name) may stand in an argument by chance.
_SECRET_LENGTH = 8
OWNER = "this record"


@dataclass(frozen=True)
class Commands:
    """Lists of words, with fields of a row in braces. Without ``change`` a row is removed and added again."""

    add: Sequence[str]
    remove: Sequence[str]
    change: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: int = 30

    def check(self) -> None:
        for variable, words in (("add", self.add), ("remove", self.remove), ("change", self.change)):
            name = f"model_registry_{variable}_command"
            if not words and variable != "change":
                raise InvalidInput(
                    f"{name} is empty.", f"Write a list of words: [ias-admin, model, {variable}, …]."
                )
            unknown = sorted({key for word in words for key in _PLACE.findall(word)} - set(FIELDS))
            if unknown:
                raise InvalidInput(
                    f"{name} names {{{unknown[0]}}}, which no row has.", f"Known: {', '.join(FIELDS)}."
                )
            secrets = [value for value in self.environment.values() if len(value) >= _SECRET_LENGTH]
            if any(value in word for value in secrets for word in words):
                raise InvalidInput(
                    f"{name} holds a value of model_registry_environment, which "
                    "everybody on this machine could read in the list of processes.",
                    "Let the command read it from its environment.",
                )

    def run(self, words: Sequence[str], row: Row) -> None:
        argv = [_PLACE.sub(lambda place: row.get(place.group(1), ""), word) for word in words]
        shown = f"{' '.join(argv[:3])} … for {row[NAME]}"
        try:
            done = subprocess.run(
                argv,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=self.timeout,
            )
        except subprocess.TimeoutExpired:
            raise DeadlineExceeded(
                f"{shown} took longer than {self.timeout} s.", "Raise model_registry_timeout."
            ) from None
        except OSError as error:
            raise InvalidInput(
                f"{argv[0]} cannot be started: {error.strerror}.",
                "Install it on this machine, or write its path.",
            ) from None
        if done.returncode != 0:
            said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            told = without(said[-1], list(self.environment.values())) if said else "it says nothing"
            raise ProbeFailed(f"{shown} failed with exit status {done.returncode}: {told}.")


class Record:
    """A file that says which rows were written. It is replaced as a whole, after each command."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Row]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
            return {str(row[NAME]): as_row(row) for row in found["rows"]}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError):
            raise InvalidInput(
                f"{self._path} is no record of a registry.",
                "Get it back from your version control, or remove it and what it named in the registry.",
            ) from None

    def write(self, rows: Mapping[str, Row]) -> None:
        text = json.dumps({"format": FORMAT, "rows": [rows[name] for name in sorted(rows)]}, indent=2) + "\n"
        handle, name = tempfile.mkstemp(dir=str(self._path.parent), prefix=f".{self._path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(file.fileno(), 0o644)
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def synchronize(
    commands: Commands, wanted: Sequence[Row], record: Record, check: bool
) -> tuple[Changes, list[Row]]:
    """Have the registry say what is wanted, unless ``check``; what was done, and the rows before it."""
    commands.check()
    known = record.read()
    before = [known[name] for name in sorted(known)]
    changes = compare(
        wanted, {name: [row] for name, row in known.items()}, dict.fromkeys(known, OWNER), OWNER
    )
    if not check:
        for step in _steps(commands, changes):
            step(known)
            record.write(known)
    return changes, before


def _steps(commands: Commands, changes: Changes) -> list[Callable[[dict[str, Row]], None]]:
    def remove(row: Row) -> Callable[[dict[str, Row]], None]:
        def step(known: dict[str, Row]) -> None:
            commands.run(commands.remove, row)
            known.pop(row[NAME])

        return step

    def write(words: Sequence[str], row: Row) -> Callable[[dict[str, Row]], None]:
        def step(known: dict[str, Row]) -> None:
            commands.run(words, row)
            known[row[NAME]] = row

        return step

    steps = [remove(row) for row in changes.remove]
    for before, after in changes.change:
        if commands.change:
            steps.append(write(commands.change, after))
        else:
            steps += [remove(before), write(commands.add, after)]
    return steps + [write(commands.add, row) for row in changes.add]
