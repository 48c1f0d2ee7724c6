"""Reads the YAML that people and Ansible write into configuration files, and refuses the rest.

Hosts have no YAML library. Mappings, lists, quoted and plain scalars over several lines, literal and
folded blocks, and JSON are read as YAML reads them. Anchors, tags, complex keys and further documents
are refused with a line number: a half-understood file is worse than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from .yaml_inline import InlineReader, YamlError, key_at, resolve

__all__ = ["YamlError", "load"]

_BLOCK = re.compile(r"(?a)^([|>])([+-]?)\s*(?:#.*)?$")


def load(text: str) -> Any:
    """Return the value of a document; an empty one is None."""
    return _BlockReader(text).document()


@dataclass
class _Line:
    indent: int
    text: str
    number: int


class _BlockReader:
    def __init__(self, text: str) -> None:
        self.raw = [line.rstrip("\r") for line in text.split("\n")]
        self.position = 0
        # An item's rest ("- key: value") is read again as a line of its own, further to the right.
        self.pushed: _Line | None = None

    def document(self) -> Any:
        line = self._peek()
        if line and line.indent == 0 and re.match(r"(?a)^---(\s|$)", line.text):
            rest = line.text[3:].lstrip(" \t")
            if rest and not rest.startswith("#"):
                self.pushed = _Line(4, rest, line.number)
            else:
                self._next()
        value = self._node(0) if self._peek() else None
        line = self._peek()
        if line and line.text.rstrip(" \t") == "...":
            self._next()
            line = self._peek()
        if line:
            self._fail(line.number, "unexpected content (only one document, evenly indented)")
        return value

    def _peek(self) -> _Line | None:
        if self.pushed:
            return self.pushed
        while self.position < len(self.raw):
            raw = self.raw[self.position]
            text = raw.lstrip(" ")
            if text.startswith("\t"):
                self._fail(self.position + 1, "a tab indents this line; use spaces")
            if text and not text.startswith("#"):
                return _Line(len(raw) - len(text), text, self.position + 1)
            self.position += 1
        return None

    def _next(self) -> None:
        self.pushed = None
        self.position += 1

    def _node(self, indent: int) -> Any:
        """Read the value that starts at the current line, indented by at least ``indent``."""
        line = self._peek()
        if line is None or line.indent < indent:
            return None
        if line.text == "-" or line.text.startswith("- "):
            return self._sequence(line.indent)
        if key_at(line.text, line.number):
            return self._mapping(line.indent)
        return self._inline(line.text, line.number, indent)

    def _sequence(self, indent: int) -> list[Any]:
        items: list[Any] = []
        while (line := self._peek()) and line.indent == indent and re.match(r"(?a)-(\s|$)", line.text):
            rest = line.text[1:].lstrip(" ")
            if not rest or rest.startswith("#"):
                self._next()
                items.append(self._node(indent + 1))
                continue
            if block := _BLOCK.match(rest):
                self._next()
                items.append(self._block(block, indent))
                continue
            self.pushed = _Line(indent + len(line.text) - len(rest), rest, line.number)
            items.append(self._node(indent + 1))
        self._check_dedent(indent)
        return items

    def _mapping(self, indent: int) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        while (line := self._peek()) and line.indent == indent:
            found = key_at(line.text, line.number)
            if found is None:
                break
            key, rest = found
            if key in result:
                self._fail(line.number, f"the key {key!r} is there twice")
            result[key] = self._value(rest, line, indent)
        self._check_dedent(indent)
        return result

    def _value(self, rest: str, line: _Line, indent: int) -> Any:
        if block := _BLOCK.match(rest):
            self._next()
            return self._block(block, indent)
        if rest and not rest.startswith("#"):
            return self._inline(rest, line.number, indent + 1)
        self._next()
        below = self._peek()
        # A list may stand right below its key, not indented: Ansible writes it so.
        if below and below.indent == indent and re.match(r"(?a)-(\s|$)", below.text):
            return self._sequence(indent)
        return self._node(indent + 1)

    def _inline(self, rest: str, number: int, indent: int) -> Any:
        """Read a scalar or a flow collection, which may go on over the next lines."""
        following = self.raw[self.position + 1 :]
        reader = InlineReader(rest, following, number)
        if rest[0] in "[{\"'":
            value = reader.value()
            reader.finish()
        else:
            value = resolve(reader.plain(indent), number)
        self.pushed = None
        self.position += 1 + reader.lines_used
        return value

    def _block(self, match: re.Match[str], indent: int) -> str:
        style, chomp = match.groups()
        lines: list[str] = []
        while self.position < len(self.raw):
            raw = self.raw[self.position]
            if raw.strip(" \t") and len(raw) - len(raw.lstrip(" ")) <= indent:
                break
            lines.append(raw)
            self.position += 1
        margin = min((len(raw) - len(raw.lstrip(" ")) for raw in lines if raw.strip(" \t")), default=0)
        body = "\n".join(raw[margin:] for raw in lines)
        text = body.rstrip("\n")
        if style == ">":
            text = re.sub(r"(?<![\n ])\n(?![\n ])", " ", text)
            text = re.sub(r"\n(\n+)(?! )", r"\1", text)
        if chomp == "+":
            return text + "\n" * (len(body) - len(body.rstrip("\n")) + 1)
        return text + ("\n" if text and not chomp else "")

    def _check_dedent(self, indent: int) -> None:
        line = self._peek()
        if line and line.indent > indent:
            self._fail(line.number, "this line is indented more than the ones that it belongs to")

    def _fail(self, number: int, message: str) -> NoReturn:
        raise YamlError(f"line {number}: {message}")
