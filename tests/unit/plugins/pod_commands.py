"""A pod that runs commands, as the API server shows it over a WebSocket."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from tests.unit.plugins.scripted_server import Exchange

STDOUT, STDERR, STATUS = 1, 2, 3
BINARY, CLOSE, PING = 0x2, 0x8, 0x9


def frame(payload: bytes, opcode: int = BINARY, final: bool = True) -> bytes:
    """A frame as servers send it: not masked."""
    head = bytes((opcode | (0x80 if final else 0),))
    if len(payload) < 126:
        return head + bytes((len(payload),)) + payload
    if len(payload) < 1 << 16:
        return head + b"\x7e" + struct.pack("!H", len(payload)) + payload
    return head + b"\x7f" + struct.pack("!Q", len(payload)) + payload


def said(channel: int, text: str) -> bytes:
    return frame(bytes((channel,)) + text.encode())


def ended(code: int = 0) -> bytes:
    causes = [{"reason": "ExitCode", "message": str(code)}]
    failure = {"status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes}}
    return said(STATUS, json.dumps({"status": "Success"} if code == 0 else failure)) + frame(b"", CLOSE)


def accept(exchange: Exchange) -> None:
    """Switch protocols; frames may follow."""
    exchange.send_response(101)
    for name, value in {"Upgrade": "websocket", "Connection": "Upgrade"}.items():
        exchange.send_header(name, value)
    exchange.end_headers()
    exchange.hang_up()


def command_of(exchange: Exchange) -> list[str]:
    return parse_qs(urlsplit(exchange.path).query)["command"]


def pod_that(run: Callable[[list[str]], bytes]) -> Callable[[Exchange], None]:
    """A route that sends the frames with which a command is answered."""

    def answer(exchange: Exchange) -> None:
        accept(exchange)
        exchange.write(run(command_of(exchange)))

    return answer
