"""The part of the Hugging Face Hub's HTTP interface that fetching a model needs.

``FOLDER/ORGANISATION/NAME/…`` are the files. It knows ranges, entity tags, commits, gated repositories and
broken or slow lines. It needs the standard library alone: ``python3 server.py FOLDER --port 8100``. Switches
are read from ``FOLDER/switches.json`` at each request:

``bytes_per_second``  how fast a file is sent, 0 for no limit
``cut_after``         bytes after which a longer transfer breaks; each number is used once, in turn
``gated``             names of repositories that want a token
``tokens``            tokens that may read them
``corrupt``           names of files that arrive with another first byte
``said_sizes``        sizes of files that the index tells, where those are not theirs

``GET /served`` tells how many bytes of each file were sent.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_LARGE = 10 * 1024
"""From here on a file's tag is SHA-256, as in large file storage; a smaller one's is Git's SHA-1."""

_CHUNK = 64 * 1024
_INFO = re.compile(r"^/api/models/([^/]+/[^/]+)(?:/revision/(.+))?$")
_TREE = re.compile(r"^/api/models/([^/]+/[^/]+)/tree/([^/]+)(?:/.*)?$")
_FILE = re.compile(r"^/([^/]+/[^/]+)/resolve/([^/]+)/(.+)$")
_RANGE = re.compile(r"^bytes=(\d+)-(\d*)$")


class Hub:
    """The repositories of a folder, the switches, and what was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.served: Counter[str] = Counter()
        self._tags: dict[tuple[str, int, int], str] = {}
        self._cuts_used = 0
        self._lock = threading.Lock()

    def switches(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            content = json.loads((self.folder / "switches.json").read_text(encoding="utf-8"))
            if isinstance(content, dict):
                return content
        return {}

    def files(self, name: str) -> dict[str, Path]:
        root = self.folder / name
        return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}

    def tag(self, path: Path) -> str:
        state = path.stat()
        key = (str(path.resolve()), state.st_size, state.st_mtime_ns)
        if key not in self._tags:
            content = path.read_bytes()
            large = len(content) >= _LARGE
            start = b"" if large else b"blob %d\0" % len(content)
            self._tags[key] = (hashlib.sha256 if large else hashlib.sha1)(start + content).hexdigest()
        return self._tags[key]

    def commit(self, name: str) -> str:
        """A repository's only commit: it follows from the files, or stands in ``NAME.commit`` beside them."""
        with contextlib.suppress(OSError):
            return (self.folder / f"{name}.commit").read_text(encoding="ascii").strip()
        listed = "".join(f"{file} {self.tag(path)}\n" for file, path in self.files(name).items())
        return hashlib.sha1(listed.encode()).hexdigest()

    def next_cut(self, length: int) -> int | None:
        """After how many bytes the transfer that begins now breaks; one that is shorter uses no break up."""
        with self._lock:
            cuts = list(self.switches().get("cut_after") or [])
            if self._cuts_used >= len(cuts) or length <= int(cuts[self._cuts_used]):
                return None
            self._cuts_used += 1
            return int(cuts[self._cuts_used - 1])

    def count(self, name: str, sent: int) -> None:
        with self._lock:
            self.served[name] += sent


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == "/served":
            self._json(dict(self.hub.served))
        elif path == "/health":
            self._json({"status": "ok"})
        elif match := _TREE.match(path):
            self._tree(*match.groups())
        elif match := _INFO.match(path):
            self._info(*match.groups())
        elif match := _FILE.match(path):
            self._file(*match.groups())
        else:
            self._refuse(404, "", "Not found")

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the log short: what was sent is told at /served."""

    def _knows(self, name: str, revision: str | None) -> bool:
        if not (self.hub.folder / name).is_dir():
            self._refuse(401 if not self._token() else 404, "RepoNotFound", "Repository not found")
        elif revision not in (None, "main", self.hub.commit(name)):
            self._refuse(404, "RevisionNotFound", "Revision not found")
        else:
            return True
        return False

    def _token(self) -> str:
        return str(self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _info(self, name: str, revision: str | None) -> None:
        if self._knows(name, revision):
            siblings = [{"rfilename": row["path"], **row} for row in self._rows(name)]
            self._json({"id": name, "modelId": name, "sha": self.hub.commit(name), "siblings": siblings})

    def _tree(self, name: str, revision: str) -> None:
        if self._knows(name, revision):
            self._json([{"type": "file", "oid": row["blobId"], **row} for row in self._rows(name)])

    def _rows(self, name: str) -> list[dict[str, Any]]:
        rows = []
        for file, path in self.hub.files(name).items():
            said = self.hub.switches().get("said_sizes") or {}
            size, tag = int(said.get(file, path.stat().st_size)), self.hub.tag(path)
            row: dict[str, Any] = {"path": file, "size": size, "blobId": tag[:40]}
            if size >= _LARGE:
                row["lfs"] = {"size": size, "sha256": tag, "oid": tag, "pointerSize": 134}
            rows.append(row)
        return rows

    def _file(self, name: str, revision: str, file: str) -> None:
        if not self._knows(name, revision):
            return
        switches = self.hub.switches()
        path = self.hub.files(name).get(file)
        wanted = _RANGE.match(self.headers.get("Range") or "")
        begin = int(wanted[1]) if wanted else 0
        if name in (switches.get("gated") or []) and self._token() not in (switches.get("tokens") or []):
            told = f"Access to model {name} is restricted."
            self._refuse(403 if self._token() else 401, "GatedRepo", told)
        elif path is None:
            self._refuse(404, "EntryNotFound", "Entry not found")
        elif wanted and begin >= path.stat().st_size:
            self._refuse(416, "", "Range not satisfiable")
        else:
            self._answer(name, file, path, begin, switches)

    def _answer(self, name: str, file: str, path: Path, begin: int, switches: dict[str, Any]) -> None:
        size = path.stat().st_size
        wanted = "Range" in self.headers
        self.send_response(206 if wanted else 200)
        self.send_header("ETag", f'"{self.hub.tag(path)}"')
        self.send_header("X-Repo-Commit", self.hub.commit(name))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size - begin))
        if wanted:
            self.send_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
        self.end_headers()
        if self.command == "GET":
            self._send(f"{name}/{file}", path, begin, switches)

    def _send(self, name: str, path: Path, begin: int, switches: dict[str, Any]) -> None:
        rate = int(switches.get("bytes_per_second") or 0)
        cut = self.hub.next_cut(path.stat().st_size - begin)
        started, sent = time.monotonic(), 0
        with path.open("rb") as stream:
            stream.seek(begin)
            while chunk := stream.read(min(_CHUNK, max(rate // 10, 1)) if rate else _CHUNK):
                if cut is not None and sent + len(chunk) > cut:
                    chunk = chunk[: max(cut - sent, 0)]
                if begin + sent == 0 and path.name in (switches.get("corrupt") or []):
                    chunk = bytes([chunk[0] ^ 1]) + chunk[1:]
                try:
                    self.wfile.write(chunk)
                except OSError:
                    break
                sent += len(chunk)
                self.hub.count(name, len(chunk))
                if cut is not None and sent >= cut:
                    self.close_connection = True
                    self.wfile.flush()
                    self.connection.close()
                    break
                if rate:
                    time.sleep(max(started + sent / rate - time.monotonic(), 0))

    def _json(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str, told: str) -> None:
        body = json.dumps({"error": told}).encode()
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", told)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def make_server(folder: Path, address: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """A server that is not started yet; ``port`` 0 takes a free one."""
    handler = type("BoundHandler", (Handler,), {"hub": Hub(folder)})
    server = ThreadingHTTPServer((address, port), handler)
    server.daemon_threads = True
    return server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--address", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=8100)
    options = parser.parse_args()
    make_server(options.folder, options.address, options.port).serve_forever()


if __name__ == "__main__":
    main()
