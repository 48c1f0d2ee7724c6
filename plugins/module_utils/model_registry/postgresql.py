# SPDX-License-Identifier: Apache-2.0
"""The registry as a table of PostgreSQL. One transaction: all of it happens, or nothing.

Which rows are ours stands in a table of our own beside it (the ledger): it changes in the same transaction.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import DeadlineExceeded, InvalidInput, ProbeFailed, StackError, Unreachable
from .dsn import VARIABLE, check_dsn, without
from .rows import NAME, Changes, Row, as_row, compare

try:
    import psycopg
    from psycopg import conninfo, sql
except ImportError:
    psycopg = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Table:
    """Where the rows are. ``columns`` has a column for each field; ``constants`` go into new rows alone."""

    name: str
    columns: Mapping[str, str]
    ledger: str
    constants: Mapping[str, str]

    @property
    def fields(self) -> list[str]:
        return [field for field, column in self.columns.items() if column]


def require_psycopg() -> None:
    if psycopg is None:
        raise StackError(
            f"{sys.executable} has no psycopg, with which a registry in PostgreSQL is reached.",
            f"Run: {sys.executable} -m pip install 'psycopg[binary]'",
        )


def synchronize(
    dsn: str, table: Table, wanted: Sequence[Row], owner: str, adopt: bool, timeout: int, check: bool
) -> tuple[Changes, list[Row]]:
    """Bring the table to what is wanted, unless ``check``; what was done, and the rows before it."""
    require_psycopg()
    check_dsn(dsn)
    with _connection(dsn, timeout, check) as cursor:
        registry = _Registry(cursor, table)
        changes, present = registry.compare(wanted, owner, adopt)
        if (changes.any or changes.forget) and not check:
            # What was seen may have changed meanwhile: look again, while nobody else can write.
            registry.lock()
            changes, present = registry.compare(wanted, owner, adopt)
            registry.write(changes, owner)
        return changes, [row for rows in present.values() for row in rows]


@contextmanager
def _connection(dsn: str, timeout: int, read_only: bool) -> Iterator[Any]:
    try:
        given: dict[str, Any] = conninfo.conninfo_to_dict(dsn)
    except psycopg.Error:
        raise InvalidInput(f"{VARIABLE} is not a connection string of PostgreSQL.") from None
    secrets = [str(given.get(key) or "") for key in ("password", "sslpassword")]
    given = {"connect_timeout": timeout, "application_name": "inference.stack", **given}
    try:
        connection = psycopg.connect(**given)
    except psycopg.Error as error:
        raise Unreachable(
            f"The registry's database does not let us in: {without(str(error), secrets)}.",
            f"Check {VARIABLE}, and whether this machine reaches the database.",
        ) from None
    try:
        connection.read_only = read_only
        with connection, connection.cursor() as cursor:
            # At most what is left of a day's work: somebody may hold the table open in a console.
            for name in ("lock_timeout", "statement_timeout"):
                cursor.execute(f"SET LOCAL {name} = {int(timeout) * 1000}")
            yield cursor
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
        raise DeadlineExceeded(
            f"Somebody has held the registry's table for {timeout} s. Nothing was changed.",
            "Look for an open transaction in pg_stat_activity, or raise model_registry_timeout.",
        ) from None
    except psycopg.errors.InsufficientPrivilege as error:
        raise InvalidInput(
            f"The user of {VARIABLE} may not do this: {without(str(error), secrets)}. Nothing was changed.",
            "It needs SELECT, INSERT, UPDATE and DELETE on the registry's table and on the ledger, "
            "and CREATE on the schema until the ledger is there.",
        ) from None
    except psycopg.Error as error:
        raise ProbeFailed(
            f"PostgreSQL refused the change: {without(str(error), secrets)}. Nothing was changed.",
            "A column that a row needs can be filled with model_registry_constants.",
        ) from None
    finally:
        connection.close()


class _Registry:
    def __init__(self, cursor: Any, table: Table) -> None:
        self._cursor = cursor
        self._table = table
        self._name = sql.Identifier(*table.name.split("."))
        self._full_name, schema = self._find()
        own = table.ledger.split(".")
        self._ledger = sql.Identifier(*(own if len(own) > 1 else [schema, *own]))
        self._check_columns()

    def compare(self, wanted: Sequence[Row], owner: str, adopt: bool) -> tuple[Changes, dict[str, list[Row]]]:
        owners = self._owners()
        ours = [name for name, holder in owners.items() if holder == owner]
        present = self._read({row[NAME] for row in wanted} | set(ours))
        return compare(wanted, present, owners, owner, adopt), present

    def lock(self) -> None:
        """Nobody writes to the table until the end of the transaction; whoever reads goes on."""
        self._do("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", self._name)
        if not self._exists(self._ledger):
            self._do(
                "CREATE TABLE {} (registry text NOT NULL, name text NOT NULL, owner text NOT NULL,"
                " PRIMARY KEY (registry, name))",
                self._ledger,
            )

    def write(self, changes: Changes, owner: str) -> None:
        for row in changes.remove:
            self._do("DELETE FROM {} WHERE {} = {}", self._name, self._column(NAME), sql.Literal(row[NAME]))
        for name in [*(row[NAME] for row in changes.remove), *changes.forget]:
            self._do(
                "DELETE FROM {} WHERE registry = {} AND name = {}",
                *(self._ledger, sql.Literal(self._full_name), sql.Literal(name)),
            )
        for _, row in changes.change:
            values = sql.SQL(", ").join(
                sql.SQL("{} = {}").format(self._column(field), sql.Literal(value))
                for field, value in row.items()
            )
            self._do(
                "UPDATE {} SET {} WHERE {} = {}",
                self._name,
                values,
                self._column(NAME),
                sql.Literal(row[NAME]),
            )
        for row in changes.add:
            new = {self._table.columns[field]: value for field, value in row.items()}
            new = {**self._table.constants, **new}
            self._do(
                "INSERT INTO {} ({}) VALUES ({})",
                self._name,
                sql.SQL(", ").join(map(sql.Identifier, new)),
                sql.SQL(", ").join(map(sql.Literal, new.values())),
            )
        for name in [*(row[NAME] for row in changes.add), *changes.adopt]:
            self._do(
                "INSERT INTO {} (registry, name, owner) VALUES ({}, {}, {}) ON CONFLICT DO NOTHING",
                *(self._ledger, sql.Literal(self._full_name), sql.Literal(name), sql.Literal(owner)),
            )
        self._check_written([*(after for _, after in changes.change), *changes.add])

    def _check_written(self, rows: Sequence[Row]) -> None:
        """A column that rounds or a trigger would make every run change the same row again."""
        found = self._read({row[NAME] for row in rows})
        for row in rows:
            kept = found.get(row[NAME], [])
            for field, value in row.items():
                if [entry.get(field) for entry in kept] != [value]:
                    shown = ", ".join(entry.get(field, "nothing") for entry in kept) or "nothing"
                    raise InvalidInput(
                        f"The column {self._table.columns[field]} keeps {shown} where {value} was "
                        f"written for {row[NAME]}. Nothing was changed.",
                        "Widen the column, or look at the table's triggers.",
                    )

    def _find(self) -> tuple[str, str]:
        """The table's whole name and its schema."""
        found = self._do(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.oid = to_regclass({})",
            sql.Literal(self._name.as_string(self._cursor)),
        ).fetchone()
        if not found:
            (database,) = self._do("SELECT current_database()").fetchone()
            raise InvalidInput(
                f"The database {database} has no table {self._table.name} that this user sees.",
                "Set model_registry_table to the registry's table, if need be with its schema in front.",
            )
        return f"{found[0]}.{found[1]}", str(found[0])

    def _check_columns(self) -> None:
        rows = self._do(
            "SELECT attname FROM pg_attribute"
            " WHERE attrelid = to_regclass({}) AND attnum > 0 AND NOT attisdropped",
            sql.Literal(self._name.as_string(self._cursor)),
        ).fetchall()
        there = {row[0] for row in rows}
        for field in self._table.fields:
            if self._table.columns[field] not in there:
                raise InvalidInput(
                    f"The table {self._table.name} has no column {self._table.columns[field]}.",
                    f"Set model_registry_columns.{field} to one of {', '.join(sorted(there))}"
                    + ("." if field == NAME else ", or to '' to leave it out."),
                )
        if missing := sorted(set(self._table.constants) - there):
            raise InvalidInput(
                f"The table {self._table.name} has no column {missing[0]}.",
                "Take it out of model_registry_constants.",
            )

    def _owners(self) -> dict[str, str]:
        if not self._exists(self._ledger):
            return {}
        rows = self._do(
            "SELECT name, owner FROM {} WHERE registry = {}", self._ledger, sql.Literal(self._full_name)
        ).fetchall()
        return {row[0]: row[1] for row in rows}

    def _read(self, names: set[str]) -> dict[str, list[Row]]:
        fields = self._table.fields
        columns = sql.SQL(", ").join(sql.SQL("{}::text").format(self._column(field)) for field in fields)
        rows = self._do(
            "SELECT {} FROM {} WHERE {}::text = ANY({})",
            *(columns, self._name, self._column(NAME), sql.Literal(sorted(names))),
        ).fetchall()
        found: dict[str, list[Row]] = {}
        for row in rows:
            one = as_row(dict(zip(fields, row)), fields)
            found.setdefault(one[NAME], []).append(one)
        return found

    def _exists(self, name: Any) -> bool:
        shown = sql.Literal(name.as_string(self._cursor))
        return bool(self._do("SELECT to_regclass({}) IS NOT NULL", shown).fetchone()[0])

    def _column(self, field: str) -> Any:
        return sql.Identifier(self._table.columns[field])

    def _do(self, statement: str, *parts: Any) -> Any:
        return self._cursor.execute(sql.SQL(statement).format(*parts))
