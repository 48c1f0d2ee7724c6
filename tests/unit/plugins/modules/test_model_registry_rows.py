"""The module model_registry_rows, against a real PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.inference.stack.plugins.module_utils.model_registry import postgresql
from ansible_collections.inference.stack.plugins.modules import model_registry_rows

from tests.unit.plugins.modules.documented import assert_same_options, documented_options
from tests.unit.plugins.modules.module_runner import ModuleRun, ModuleRunner
from tests.unit.postgresql import PASSWORD, PostgreSQL, running

TABLE = """
DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA IF EXISTS other CASCADE;
CREATE TABLE model_mappings (
  id serial PRIMARY KEY, name varchar(80) UNIQUE, display_name text, backend_url text,
  input_cost numeric(12, 6), output_cost numeric(12, 6), created timestamptz DEFAULT now()
)
"""
LLAMA = {
    "name": "llama3",
    "display_name": "Llama 3 8B Instruct",
    "backend_url": "http://llama-3-8b-inference.ias-production.svc.cluster.local:8000",
    "input_cost": 0.0005,
    "output_cost": 0.0015,
}
MISTRAL = {**LLAMA, "name": "mistral-7b", "backend_url": "http://mistral-7b-inference.ias-production:8000"}
# The other party: rows that a person or another program made.
FOREIGN = ("gpt-4o", "GPT-4o", "https://api.openai.com/v1", 0.0025, 0.01)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with running() as started:
        yield started


class Registry:
    def __init__(self, server: PostgreSQL, run_module: ModuleRunner) -> None:
        self.server = server
        self._run_module = run_module
        self.do(TABLE)

    def do(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.server.connect() as connection:
            cursor = connection.execute(statement, values or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def keep(self, *models: dict[str, Any], check: bool = False, **more: Any) -> ModuleRun:
        given = {"dsn": self.server.dsn(), "owner": "ml@server", "models": list(models), **more}
        run = self._run_module(model_registry_rows.main, given, check=check)
        assert PASSWORD not in str(run.result)
        return run

    def rows(self) -> list[tuple[Any, ...]]:
        columns = "name, display_name, backend_url, input_cost::float, output_cost::float"
        return self.do(f"SELECT {columns} FROM model_mappings ORDER BY name")

    def add_foreign(self) -> None:
        columns = "name, display_name, backend_url, input_cost, output_cost"
        self.do(f"INSERT INTO model_mappings ({columns}) VALUES (%s, %s, %s, %s, %s)", *FOREIGN)


@pytest.fixture
def registry(server: PostgreSQL, run_module: ModuleRunner) -> Registry:
    return Registry(server, run_module)


def as_tuple(model: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(model.values())


def test_documentation_is_the_code() -> None:
    assert_same_options(documented_options(model_registry_rows), model_registry_rows.ARGUMENTS)


def test_rows_appear_change_and_go_and_others_stay(registry: Registry) -> None:
    registry.add_foreign()
    first = registry.keep(LLAMA, MISTRAL)
    assert (first.result["changed"], first.result["added"]) == (True, ["llama3", "mistral-7b"])
    assert registry.rows() == [FOREIGN, as_tuple(LLAMA), as_tuple(MISTRAL)]

    dearer = {**LLAMA, "input_cost": 0.001}
    changed = registry.keep(dearer, MISTRAL)
    assert (changed.result["updated"], changed.result["added"], changed.result["removed"]) == (
        ["llama3"],
        [],
        [],
    )
    assert "input_cost=0.0005" in changed.result["diff"]["before"]
    assert "input_cost=0.001" in changed.result["diff"]["after"]
    assert "mistral" not in changed.result["diff"]["after"]

    gone = registry.keep(dearer)
    assert (gone.result["changed"], gone.result["removed"]) == (True, ["mistral-7b"])
    assert registry.rows() == [FOREIGN, as_tuple(dearer)]

    assert registry.keep().result["removed"] == ["llama3"]
    assert registry.rows() == [FOREIGN]
    assert registry.do("SELECT count(*) FROM inference_stack_models") == [(0,)]


def test_a_renamed_model_is_one_row_less_and_one_more(registry: Registry) -> None:
    registry.keep(LLAMA)
    run = registry.keep({**LLAMA, "name": "llama-3"})
    assert (run.result["added"], run.result["removed"]) == (["llama-3"], ["llama3"])
    assert [row[0] for row in registry.rows()] == ["llama-3"]


def test_a_second_run_changes_nothing_and_waits_for_nobody(registry: Registry) -> None:
    registry.keep(LLAMA, MISTRAL)
    before = registry.do("SELECT xmin, * FROM model_mappings ORDER BY name")
    with registry.server.connect() as other:
        other.autocommit = False
        other.execute("UPDATE model_mappings SET display_name = display_name")
        started = time.monotonic()
        run = registry.keep(LLAMA, MISTRAL)
        assert time.monotonic() - started < 5
        other.rollback()
    assert (run.result["changed"], run.result["diff"]) == (False, {"before": "", "after": ""})
    assert registry.do("SELECT xmin, * FROM model_mappings ORDER BY name") == before


@pytest.mark.parametrize("there", [False, True], ids=["first", "later"])
def test_check_mode_says_what_happens_and_changes_nothing(registry: Registry, there: bool) -> None:
    if there:
        registry.keep({**LLAMA, "input_cost": 9}, {**MISTRAL, "name": "old"})
    before = registry.rows(), registry.do("SELECT to_regclass('inference_stack_models')::text")
    told = registry.keep(LLAMA, MISTRAL, check=True)
    assert (registry.rows(), registry.do("SELECT to_regclass('inference_stack_models')::text")) == before
    done = registry.keep(LLAMA, MISTRAL)
    parts = ("changed", "added", "updated", "removed", "adopted", "foreign", "diff")
    assert {part: told.result[part] for part in parts} == {part: done.result[part] for part in parts}
    assert told.result["changed"]
    assert not registry.keep(LLAMA, MISTRAL, check=True).result["changed"]


def test_a_row_of_somebody_else_is_refused_unless_it_is_taken_over(registry: Registry) -> None:
    registry.add_foreign()
    ours = {**LLAMA, "name": "gpt-4o"}
    for check in (True, False):
        run = registry.keep(ours, MISTRAL, check=check)
        assert run.failed
        assert "gpt-4o is somebody else's row" in run.result["msg"]
        assert "model_registry_adopt: true" in run.result["msg"]
    assert registry.rows() == [FOREIGN], "All or nothing."
    run = registry.keep(ours, adopt=True)
    assert (run.result["updated"], run.result["adopted"]) == (["gpt-4o"], ["gpt-4o"])
    assert registry.keep().result["removed"] == ["gpt-4o"]


def test_a_row_of_somebody_else_that_says_the_same_stays_theirs(registry: Registry) -> None:
    registry.add_foreign()
    same = dict(zip(LLAMA, FOREIGN, strict=True))
    run = registry.keep(same)
    assert (run.result["changed"], run.result["foreign"]) == (False, ["gpt-4o"])
    registry.keep()
    assert registry.rows() == [FOREIGN]


def test_two_sites_share_a_table(registry: Registry) -> None:
    registry.keep(LLAMA)
    registry.keep(MISTRAL, owner="ml@other")
    assert [row[0] for row in registry.rows()] == ["llama3", "mistral-7b"]
    run = registry.keep(LLAMA, MISTRAL, adopt=True)
    assert "mistral-7b belongs to ml@other" in run.result["msg"]
    registry.keep(owner="ml@other")
    assert [row[0] for row in registry.rows()] == ["llama3"]


def test_a_row_that_somebody_deleted_comes_back(registry: Registry) -> None:
    registry.keep(LLAMA)
    registry.do("DELETE FROM model_mappings")
    assert registry.keep(LLAMA).result["added"] == ["llama3"]
    registry.do("DELETE FROM model_mappings")
    assert not registry.keep().result["changed"]
    assert registry.do("SELECT count(*) FROM inference_stack_models") == [(0,)]


def test_rows_that_others_write_at_the_same_time_are_kept_apart(registry: Registry) -> None:
    """Somebody inserts a wanted name after the module looked, and commits while it waits for the table."""
    registry.do("ALTER TABLE model_mappings DROP CONSTRAINT model_mappings_name_key")
    with registry.server.connect() as other:
        other.autocommit = False
        columns = "name, display_name, backend_url, input_cost, output_cost"
        other.execute(f"INSERT INTO model_mappings ({columns}) VALUES (%s, %s, %s, %s, %s)", FOREIGN)

        def commit_while_it_waits() -> None:
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            deadline = time.monotonic() + 20
            while registry.do(waits) == [(0,)] and time.monotonic() < deadline:
                time.sleep(0.05)
            other.commit()

        meanwhile = threading.Thread(target=commit_while_it_waits)
        meanwhile.start()
        run = registry.keep({**LLAMA, "name": "gpt-4o"}, MISTRAL)
        meanwhile.join()
    assert "gpt-4o is somebody else's row" in run.result["msg"]
    assert registry.rows() == [FOREIGN]


def test_two_runs_at_once_write_every_row_once(registry: Registry) -> None:
    models = [{**LLAMA, "name": f"m{number}"} for number in range(20)]
    table = model_registry_rows.table_of(
        {"columns": {}, "constants": {}, "table": "model_mappings", "ledger": "l"}
    )
    rows = model_registry_rows.wanted_rows(models, table.fields)
    failures: list[Exception] = []

    def keep() -> None:
        try:
            postgresql.synchronize(registry.server.dsn(), table, rows, "ml@server", False, 30, False)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=keep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(registry.rows()) == 20


def test_a_table_that_somebody_holds_is_not_waited_for_for_ever(registry: Registry) -> None:
    with registry.server.connect() as other:
        other.autocommit = False
        other.execute("LOCK TABLE model_mappings IN ROW EXCLUSIVE MODE")
        run = registry.keep(LLAMA, timeout=1)
        other.rollback()
    assert "held the registry's table for 1 s. Nothing was changed" in run.result["msg"]


@pytest.mark.parametrize(
    ("setup", "more", "told"),
    [
        ("DROP TABLE model_mappings", {}, ["no table model_mappings", "model_registry_table"]),
        ("SELECT 1", {"table": "absent.models"}, ["no table absent.models"]),
        (
            "ALTER TABLE model_mappings RENAME input_cost TO price_in",
            {},
            ["no column input_cost", "model_registry_columns.input_cost", "price_in"],
        ),
        ("SELECT 1", {"constants": {"tenant": 1}}, ["no column tenant", "model_registry_constants"]),
        ("SELECT 1", {"columns": {"nmae": "x"}}, ["columns names nmae", "display_name"]),
        ("SELECT 1", {"columns": {"name": ""}}, ["leaves out name"]),
        (
            "ALTER TABLE model_mappings ALTER input_cost TYPE numeric(6, 2)",
            {},
            ["input_cost keeps 0 where 0.0005 was written", "Widen the column", "Nothing was changed"],
        ),
        (
            "ALTER TABLE model_mappings ADD tenant int NOT NULL",
            {},
            ["null value in column", "tenant", "model_registry_constants"],
        ),
        ("SELECT 1", {"owner": ""}, ["owner is empty"]),
    ],
)
def test_what_does_not_fit_is_told_with_the_variable(
    registry: Registry, setup: str, more: dict[str, Any], told: list[str]
) -> None:
    registry.do(setup)
    run = registry.keep(LLAMA, **more)
    assert run.failed
    assert [word for word in told if word not in run.result["msg"]] == [], run.result["msg"]
    if "DROP" not in setup:
        assert registry.do("SELECT count(*) FROM model_mappings") == [(0,)]
    assert registry.do("SELECT to_regclass('inference_stack_models')") == [(None,)]


def test_a_user_without_rights_is_told_what_is_needed(registry: Registry) -> None:
    registry.do("DROP ROLE IF EXISTS reader")
    registry.do("CREATE ROLE reader LOGIN PASSWORD 'readers-word'")
    registry.do("GRANT USAGE ON SCHEMA public TO reader")
    registry.do("GRANT SELECT ON model_mappings TO reader")
    dsn = registry.server.dsn("readers-word", user="reader")
    assert registry.keep(LLAMA, dsn=dsn, check=True).result["added"] == ["llama3"]
    run = registry.keep(LLAMA, dsn=dsn)
    assert "SELECT, INSERT, UPDATE and DELETE" in run.result["msg"]
    registry.do("GRANT INSERT, UPDATE, DELETE ON model_mappings TO reader")
    registry.do("GRANT USAGE ON SEQUENCE model_mappings_id_seq TO reader")
    run = registry.keep(LLAMA, dsn=dsn)
    assert "CREATE on the schema" in run.result["msg"]
    registry.do(
        "CREATE TABLE inference_stack_models"
        " (registry text, name text, owner text, PRIMARY KEY (registry, name))"
    )
    registry.do("GRANT SELECT, INSERT, UPDATE, DELETE ON inference_stack_models TO reader")
    assert registry.keep(LLAMA, dsn=dsn).result["added"] == ["llama3"]


def test_other_names_types_and_columns(registry: Registry) -> None:
    registry.do("CREATE SCHEMA other")
    registry.do(
        'CREATE TABLE other."Model Table"'
        ' ("Key" text, url text, upstream text, price real, active bool NOT NULL)'
    )
    more: dict[str, Any] = {
        "table": "other.Model Table",
        "columns": {
            "name": "Key",
            "backend_url": "url",
            "served_name": "upstream",
            "input_cost": "price",
            "display_name": "",
            "output_cost": "",
        },
        "constants": {"active": True},
    }
    odd = {**LLAMA, "name": 'it\'s "odd"; DROP TABLE x --', "served_name": "meta/Llama-3"}
    assert registry.keep(odd, **more).result["added"] == [odd["name"]]
    assert not registry.keep(odd, **more).result["changed"]
    registry.do('UPDATE other."Model Table" SET active = false')
    assert registry.keep({**odd, "served_name": "meta/Llama-3.1"}, **more).result["updated"] == [odd["name"]]
    (row,) = registry.do('SELECT "Key", url, upstream, price, active FROM other."Model Table"')
    assert row == (odd["name"], LLAMA["backend_url"], "meta/Llama-3.1", pytest.approx(0.0005), False)
    assert registry.do("SELECT registry, owner FROM other.inference_stack_models") == [
        ("other.Model Table", "ml@server")
    ]


def test_names_that_are_empty_or_there_twice_are_refused(registry: Registry) -> None:
    assert "llama3 twice" in registry.keep(LLAMA, LLAMA).result["msg"]
    assert "empty name" in registry.keep({**LLAMA, "name": " "}).result["msg"]


def test_a_wrong_password_is_told_without_it(registry: Registry) -> None:
    run = registry.keep(LLAMA, dsn=registry.server.dsn("Wr0ng-word"))
    assert run.failed
    assert "password authentication failed" in run.result["msg"]
    assert "model_registry_dsn" in run.result["msg"]
    assert "Wr0ng-word" not in str(run.result)


def test_a_database_that_does_not_answer_is_told(registry: Registry) -> None:
    run = registry.keep(LLAMA, dsn="postgresql://u:Wr0ng-word@127.0.0.1:9/x")
    assert "does not let us in" in run.result["msg"]
    assert "Wr0ng-word" not in str(run.result)


# Each holds a password that libpq would read as something else, and quote in its message.
AMBIGUOUS = [
    *(f"postgresql://u:planted{odd}word@127.0.0.1/x" for odd in "@/#?: %"),
    "mysql://u:planted@127.0.0.1/x",
    "host=127.0.0.1 password=planted word",
    "host=127.0.0.1 password='planted'word'",
    "host=127.0.0.1 password=planted word=x",
    "planted word",
]


@pytest.mark.parametrize("dsn", AMBIGUOUS)
def test_no_message_repeats_a_part_of_a_password(registry: Registry, dsn: str) -> None:
    run = registry.keep(LLAMA, dsn=dsn)
    assert run.failed
    told = str(run.result).replace("password", "")
    assert "planted" not in told and "word" not in told
    assert "model_registry_dsn" in run.result["msg"]


def test_an_empty_dsn_is_told(registry: Registry) -> None:
    assert "model_registry_dsn is empty" in registry.keep(LLAMA, dsn="").result["msg"]


def test_words_are_a_way_to_write_it_too(registry: Registry) -> None:
    dsn = f"host=127.0.0.1 port={registry.server.port} dbname=postgres user=platform password='{PASSWORD}'"
    assert registry.keep(LLAMA, dsn=dsn).result["added"] == ["llama3"]


def test_without_psycopg_the_package_is_named(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "psycopg", None)
    run = registry.keep(LLAMA)
    assert "-m pip install 'psycopg[binary]'" in run.result["msg"]


def test_the_server_s_log_has_no_password(registry: Registry) -> None:
    registry.keep(LLAMA, dsn=registry.server.dsn("Wr0ng-word"))
    assert "Wr0ng-word" not in registry.server.log() and PASSWORD not in registry.server.log()
