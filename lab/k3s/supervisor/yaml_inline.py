"""The part of YAML that stands within lines: scalars, keys, and collections in brackets."""

from __future__ import annotations

import re
from typing import Any, NoReturn


class YamlError(ValueError):
    """The text is not YAML, or not the part of it that is read here."""


_QUOTED = r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\''
_PLAIN_KEY = r"(?![\s\[\]{},#&*!|>'\"%@`]|[-?:](?:\s|$))(?:[^:#]|:(?=\S)|(?<=\S)#)+?"
_KEY = re.compile(rf"(?a)^({_QUOTED}|{_PLAIN_KEY})\s*:(?:\s+|$)")
_INT = re.compile(r"^[-+]?(0|[1-9][0-9]*)$")
_FLOAT = re.compile(r"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None}
_WORDS |= dict.fromkeys(("true", "yes", "on"), True) | dict.fromkeys(("false", "no", "off"), False)
_ESCAPES = {"0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPES |= {"v": "\v", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}
_HEX = {"x": 2, "u": 4, "U": 8}


def resolve(text: str, number: int) -> Any:
    """Give a plain scalar its type, as YAML 1.1 does (for which Ansible quotes its strings)."""
    if text[:1] in "&*!%@`|>" and text:
        raise YamlError(f"line {number}: {text[0]!r} starts something that is not supported here; quote it")
    if re.match(r"(?a)^[?:-](\s|$)", text):
        raise YamlError(f"line {number}: {text!r} is not a value; quote it")
    if text in (text.lower(), text.title(), text.upper()) and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def key_at(text: str, number: int) -> tuple[Any, str] | None:
    """Split ``key: rest``; None where the text is not an entry of a mapping."""
    found = _KEY.match(text)
    if found is None:
        if re.match(r"(?a)\?(\s|$)", text):
            raise YamlError(f"line {number}: keys after '?' are not supported")
        return None
    word = found[1]
    key = InlineReader(word, [], number).value() if word[0] in "\"'" else resolve(word, number)
    return key, text[found.end() :]


class InlineReader:
    """Reads one value that starts in a line and may use the lines after it."""

    def __init__(self, first: str, following: list[str], number: int) -> None:
        self.text = first
        self.following = following
        self.number = number
        self.lines_used = 0
        self.at = 0

    def plain(self, indent: int) -> str:
        """Read a plain scalar to its end: a comment, or a line that is not indented enough."""
        parts = [self._uncommented(self.text)]
        breaks = 0
        while self.lines_used < len(self.following):
            raw = self.following[self.lines_used]
            text = raw.strip(" \t")
            if text and (len(raw) - len(raw.lstrip(" ")) < indent or text.startswith("#") or raw == "..."):
                break
            self.lines_used += 1
            if not text:
                breaks += 1
                continue
            if _KEY.match(text):
                self._fail("a key inside of a text of several lines; quote the text")
            parts.append("\n" * breaks if breaks else " ")
            parts.append(self._uncommented(text))
            breaks = 0
        return "".join(parts)

    def value(self) -> Any:
        """Read a quoted scalar, a flow collection, or a plain scalar inside of one."""
        self._skip_space()
        character = self.text[self.at]
        if character == "[":
            return self._flow_sequence()
        if character == "{":
            return self._flow_mapping()
        if character in "\"'":
            return self._quoted(character)
        start = self.at
        while self.at < len(self.text) and not re.match(
            r"(?a),|[\]}]|:(?=[\s,\]}])|:$|\s#", self.text[self.at :]
        ):
            self.at += 1
        return resolve(self.text[start : self.at].strip(" \t"), self.number)

    def finish(self) -> None:
        """Insist that nothing follows the value."""
        rest = self.text[self.at :].strip(" \t")
        if rest and not rest.startswith("#"):
            self._fail(f"unexpected text after the value: {rest}")

    def _flow_sequence(self) -> list[Any]:
        items: list[Any] = []
        self.at += 1
        while not self._closes("]"):
            items.append(self.value())
            self._comma("]")
        return items

    def _flow_mapping(self) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        self.at += 1
        while not self._closes("}"):
            key = self.value()
            self._skip_space()
            if self.text[self.at] != ":":
                self._fail(f"a ':' is missing after {key!r}")
            if isinstance(key, (list, dict)) or key in result:
                self._fail(f"{key!r} cannot be a key here")
            self.at += 1
            result[key] = self.value()
            self._comma("}")
        return result

    def _closes(self, bracket: str) -> bool:
        self._skip_space()
        if self.text[self.at] == bracket:
            self.at += 1
            return True
        return False

    def _comma(self, bracket: str) -> None:
        self._skip_space()
        if self.text[self.at] == ",":
            self.at += 1
        elif self.text[self.at] != bracket:
            self._fail(f"',' or {bracket!r} is missing")

    def _skip_space(self) -> None:
        while True:
            while self.at < len(self.text) and self.text[self.at] in " \t":
                self.at += 1
            if self.at < len(self.text) and self.text[self.at] != "#":
                return
            self._next_line("the value does not end")

    def _quoted(self, quote: str) -> str:
        self.at += 1
        result = ""
        while True:
            if self.at >= len(self.text):
                result = self._fold(result)
                continue
            character = self.text[self.at]
            self.at += 1
            if character == quote:
                if quote == "'" and self.text[self.at : self.at + 1] == "'":
                    self.at += 1
                    result += "'"
                    continue
                # JSON writes characters beyond 16 bits as two halves.
                return result.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if character == "\\" and quote == '"':
                result += self._escape()
            else:
                result += character

    def _fold(self, result: str) -> str:
        """A line's end inside quotes is a space; empty lines stand for line breaks."""
        breaks = -1
        while self.at >= len(self.text):
            self._next_line("a quote is not closed")
            self.text = self.text.strip(" \t") if self.text.strip(" \t") else ""
            breaks += 1
        return result.rstrip(" \t") + ("\n" * breaks or " ")

    def _escape(self) -> str:
        if self.at >= len(self.text):
            self._next_line("a quote is not closed")
            self.text = self.text.lstrip(" \t")
            return ""
        character = self.text[self.at]
        self.at += 1
        if digits := _HEX.get(character):
            code = self.text[self.at : self.at + digits]
            self.at += digits
            if not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", code):
                self._fail(f"\\{character} wants {digits} hexadecimal digits")
            return chr(int(code, 16))
        return _ESCAPES.get(character, character)

    def _next_line(self, otherwise: str) -> None:
        if self.lines_used >= len(self.following):
            self._fail(otherwise)
        self.text = self.following[self.lines_used]
        self.lines_used += 1
        self.at = 0

    @staticmethod
    def _uncommented(text: str) -> str:
        return re.split(r"(?a)(?:^|\s)#", text, maxsplit=1)[0].strip(" \t")

    def _fail(self, message: str) -> NoReturn:
        raise YamlError(f"line {self.number + self.lines_used}: {message}")
