# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a pod, as ``kubectl exec`` does, over a WebSocket of the API server.

A service proxy would need a network policy that lets the API server in; a command needs none.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote

from ..errors import ProbeFailed, Unreachable
from .api import Api

_PROTOCOL = "v4.channel.k8s.io"
_STDOUT, _STDERR, _STATUS = 1, 2, 3
_CLOSE, _PING, _PONG = 0x8, 0x9, 0xA
# The end of stderr that whoever watches gets to see; a frame of a progress display is shorter.
_WATCHED = 4096
_FINAL, _OPCODE, _MASKED, _LENGTH = 0x80, 0x0F, 0x80, 0x7F


class Finished(NamedTuple):
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str


def run_in_pod(
    api: Api,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    silence_s: float = 300,
    watch: Callable[[str], None] | None = None,
) -> Finished:
    """Run a command to its end. It may take any time, but must not be silent for longer than the timeout.

    ``watch`` is given the end of what it wrote to stderr, whenever it writes there.
    """
    path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec"
    query = [("container", container), ("stdout", "true"), ("stderr", "true")]
    target = api.target(path, [*query, *(("command", word) for word in command)])
    connection = api.connect()
    try:
        connection.sock.settimeout(silence_s)
        headers = {
            "Host": api.address,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Protocol": _PROTOCOL,
            **api.headers(),
        }
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        connection.sock.sendall("\r\n".join(lines).encode())
        with connection.sock.makefile("rb") as reader:
            _expect_upgrade(reader, pod)
            return _collect(_messages(reader, connection.sock.sendall), pod, watch)
    except OSError as error:
        raise Unreachable(f"The connection to pod {pod} broke while {command[0]} ran: {error}") from error
    finally:
        connection.close()


def _expect_upgrade(reader: BinaryIO, pod: str) -> None:
    status = reader.readline().decode("latin-1").strip()
    headers = http.client.parse_headers(reader)
    if status.split(" ")[1:2] == ["101"]:
        return
    body = reader.read(int(headers.get("Content-Length") or 0))
    try:
        reason = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        reason = status or "it closed the connection"
    raise ProbeFailed(f"The API server did not run the command in pod {pod}: {reason}")


def _messages(reader: BinaryIO, send: Callable[[bytes], None]) -> Iterator[bytes]:
    """Whole messages, however many frames they came in, until the server closes."""
    message = bytearray()
    while True:
        first, second = _read(reader, 2)
        length = second & _LENGTH
        if length == 126:
            (length,) = struct.unpack("!H", _read(reader, 2))
        elif length == 127:
            (length,) = struct.unpack("!Q", _read(reader, 8))
        payload, opcode = _read(reader, length), first & _OPCODE
        if opcode == _CLOSE:
            return
        if opcode == _PING:
            send(_control_frame(_PONG, payload))
        elif opcode != _PONG:
            message += payload
            if first & _FINAL:
                yield bytes(message)
                message.clear()


def _control_frame(opcode: int, payload: bytes) -> bytes:
    """What a client sends is masked, by the protocol's rule."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    return bytes((_FINAL | opcode, _MASKED | len(payload))) + mask + masked


def _read(reader: BinaryIO, count: int) -> bytes:
    data = reader.read(count)
    if len(data) < count:
        raise ConnectionError("the server closed it")
    return data


def _collect(messages: Iterator[bytes], pod: str, watch: Callable[[str], None] | None) -> Finished:
    """Each message belongs to a channel, which its first byte names; the status comes last."""
    output = {_STDOUT: bytearray(), _STDERR: bytearray()}
    for message in messages:
        channel, content = message[:1], message[1:]
        if channel == bytes((_STATUS,)):
            code = _exit_code(json.loads(content), pod)
            stdout, stderr = (output[name].decode("utf-8", "replace") for name in (_STDOUT, _STDERR))
            return Finished(code, stdout, stderr)
        if channel and channel[0] in output:
            output[channel[0]] += content
            if watch and channel[0] == _STDERR:
                watch(output[_STDERR][-_WATCHED:].decode("utf-8", "replace"))
    raise ConnectionError("the server closed it")


def _exit_code(status: Mapping[str, Any], pod: str) -> int:
    if status.get("status") == "Success":
        return 0
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise ProbeFailed(f"The command did not run in pod {pod}: {status.get('message')}")
