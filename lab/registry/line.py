"""Docker's registry behind one line that everybody shares, as a site shares the line of its house.

It needs Debian's docker-registry and the standard library: ``python3 line.py DISK SWITCHES --port 5000``.
Switches are read from the file ``SWITCHES`` again and again:

``bytes_per_second``  how fast the line brings what the registry sends, 0 for no limit
``cut_after``         bytes after which a connection breaks; each number is used once, in turn
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import tempfile
from pathlib import Path
from typing import Any

_BEHIND = 5001
_CHUNK = 16 * 1024
_CONFIGURATION = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {disk}}}
  maintenance: {{readonly: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class Line:
    """What all connections share."""

    def __init__(self, switches: Path) -> None:
        self._switches = switches
        self._free_at = 0.0
        self._cuts_used = 0

    def switches(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            content = json.loads(self._switches.read_text(encoding="utf-8"))
            if isinstance(content, dict):
                return content
        return {}

    async def carry(self, size: int) -> None:
        """Wait as long as the line needs for so many bytes, after everything that came before."""
        rate = int(self.switches().get("bytes_per_second") or 0)
        if rate > 0:
            now = asyncio.get_running_loop().time()
            self._free_at = max(self._free_at, now) + size / rate
            await asyncio.sleep(self._free_at - now)

    def breaks(self, carried: int) -> bool:
        """Whether a connection that brought so much breaks now."""
        cuts = self.switches().get("cut_after") or []
        if self._cuts_used >= len(cuts) or carried < int(cuts[self._cuts_used]):
            return False
        self._cuts_used += 1
        return True


class Relay:
    """Hands on what clients and the registry say to each other."""

    def __init__(self, line: Line, behind: int) -> None:
        self._line = line
        self._behind = behind

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._behind)
            asking = asyncio.create_task(self._ask(reader, back))
            try:
                await self._answer(there, writer)
            finally:
                asking.cancel()
                back.close()
        writer.close()

    async def _ask(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                back.write(chunk)
                await back.drain()
            back.write_eof()

    async def _answer(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carried = 0
        while chunk := await there.read(_CHUNK):
            await self._line.carry(len(chunk))
            writer.write(chunk)
            await writer.drain()
            carried += len(chunk)
            if self._line.breaks(carried):
                return


async def run(disk: Path, switches: Path, address: str, port: int) -> int:
    """Serve until the registry ends."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as configuration:
        configuration.write(_CONFIGURATION.format(disk=disk, port=_BEHIND))
        configuration.flush()
        registry = await asyncio.create_subprocess_exec("docker-registry", "serve", configuration.name)
        server = await asyncio.start_server(Relay(Line(switches), _BEHIND).serve, address, port)
        async with server:
            return await registry.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("disk", type=Path)
    parser.add_argument("switches", type=Path)
    parser.add_argument("--address", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=5000)
    options = parser.parse_args()
    return asyncio.run(run(options.disk, options.switches, options.address, options.port))


if __name__ == "__main__":
    raise SystemExit(main())
