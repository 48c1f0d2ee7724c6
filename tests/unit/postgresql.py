"""A PostgreSQL of a test's own: Debian's server in a temporary folder, as a user who is not root."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

PASSWORD = "s3cret-Pa55/word@home"
USER = "platform"


def programs() -> Path:
    """The folder of initdb; Debian keeps one for each release, off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    assert found or on_path, "PostgreSQL's server is missing: make setup-dev"
    return (found[-1] if found else Path(str(on_path))).parent


class PostgreSQL:
    """A server that is reached with a password over TCP."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # PostgreSQL refuses to run as root. Debian's package brings a user along.
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = int(taken.getsockname()[1])
        self.password = PASSWORD

    def start(self) -> None:
        if self._user:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        secret = self._folder / "password"
        secret.write_text(self.password, "utf-8")
        secret.chmod(0o644)
        data = str(self._folder / "data")
        self._run(
            "initdb",
            "-D",
            data,
            "-U",
            USER,
            "--pwfile",
            str(secret),
            "-A",
            "scram-sha-256",
            "-N",
            "-E",
            "UTF8",
        )
        options = f"-p {self.port} -h 127.0.0.1 -k {self._folder} -c fsync=off"
        self._run(
            "pg_ctl", "-D", data, "-w", "-t", "60", "-l", str(self._folder / "log"), "-o", options, "start"
        )

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")

    def dsn(self, password: str | None = None, database: str = "postgres", user: str = USER) -> str:
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn(database=database), autocommit=True)

    def log(self) -> str:
        return (self._folder / "log").read_text("utf-8")

    def _run(self, program: str, *words: str) -> None:
        owner: dict[str, Any] = {}
        if self._user:
            owner = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        done = subprocess.run(
            [str(programs() / program), *words],
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            # A server that inherits a pipe would keep it open.
            stdout=(self._folder / f"{program}.out").open("w"),
            stderr=subprocess.STDOUT,
            check=False,
            timeout=120,
            **owner,
        )
        assert done.returncode == 0, (self._folder / f"{program}.out").read_text("utf-8")


@contextmanager
def running() -> Iterator[PostgreSQL]:
    folder = Path(tempfile.mkdtemp(prefix="inference-postgresql-"))
    server = PostgreSQL(folder)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
